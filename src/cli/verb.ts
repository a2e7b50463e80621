/** A verb: words enter, the exit code leaves; cmd-ts reads the words. */

import { parse, runSafely } from "cmd-ts";
import { misread } from "./errors.js";
import { type ExitCode, exit } from "./exit.js";
import { print, type Terminal, tell } from "./terminal.js";

export type Verb = (terminal: Terminal, argv: readonly string[]) => Promise<ExitCode>;

/** A cmd-ts command whose handler answers with an exit code. */
type Command = Parameters<typeof runSafely>[0] & Parameters<typeof parse>[0] & Described;

interface Described {
  readonly name: string;
  helpTopics(): readonly { readonly usage: string }[];
}

export const verb =
  (commandFor: (terminal: Terminal, argv: readonly string[]) => Command): Verb =>
  async (terminal, argv) => {
    const command = commandFor(terminal, argv);
    await refuseMistakes(command, argv);
    const done = await runSafely(command, [...argv]);
    if (done._tag === "ok") return done.value;
    const { into, message } = done.error.config;
    if (into === "stdout") {
      print(terminal, message);
      return exit.ok;
    }
    tell(terminal, message);
    return exit.usage;
  };

/** @throws Misused with everything that is wrong with the words. */
const refuseMistakes = async (command: Command, argv: readonly string[]): Promise<void> => {
  // The words of help are cmd-ts's own affair.
  if (argv.some((word) => word === "--help" || word === "-h")) return;
  const parsed = await parse(command, [...argv]);
  if (parsed._tag === "ok") return;
  const known = command.helpTopics().flatMap(({ usage }) => usage.match(/--[a-z-]+/g) ?? []);
  const mistakes = parsed.error.errors.flatMap(({ nodes, message }) =>
    nodes.length === 0 ? [{ message, word: "" }] : nodes.map(({ raw }) => ({ message, word: raw })),
  );
  throw misread(command.name, mistakes, known);
};
