/** A verb: words enter, the exit code leaves; cmd-ts reads the words. */

import { runSafely } from "cmd-ts";
import { type ExitCode, exit } from "./exit.js";
import { print, type Terminal, tell } from "./terminal.js";

export type Verb = (terminal: Terminal, argv: readonly string[]) => Promise<ExitCode>;

/** A cmd-ts command whose handler answers with an exit code. */
type Command = Parameters<typeof runSafely>[0];

export const verb =
  (commandFor: (terminal: Terminal, argv: readonly string[]) => Command): Verb =>
  async (terminal, argv) => {
    const done = await runSafely(commandFor(terminal, argv), [...argv]);
    if (done._tag === "ok") return done.value;
    const { into, message } = done.error.config;
    if (into === "stdout") {
      print(terminal, message);
      return exit.ok;
    }
    tell(terminal, message);
    return exit.usage;
  };
