/** What a verb is, and how its words are read (by cmd-ts): all mistakes in them at once. */

import { parse, runSafely } from "cmd-ts";
import { misread, valueMissing } from "./errors.js";
import { type ExitCode, exit } from "./exit.js";
import { print, type Terminal, tell } from "./terminal.js";

export type Verb = (terminal: Terminal, argv: readonly string[]) => Promise<ExitCode>;

/** By name. */
export type Verbs = Readonly<
  Record<
    string,
    {
      /** What it does, in a line. */
      readonly summary: string;
      readonly load: () => Promise<Verb>;
    }
  >
>;

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
  // cmd-ts answers --help itself.
  if (argv.some((word) => word === "--help" || word === "-h")) return;
  const usages = command.helpTopics().map(({ usage }) => usage);
  // cmd-ts takes an option without its value for one that is absent.
  const empty = withoutValue(
    argv,
    new Set(usages.flatMap((usage) => usage.match(/--[a-z-]+(?= <)/g) ?? [])),
  );
  if (empty.length > 0) throw valueMissing(command.name, empty);
  const parsed = await parse(command, [...argv]);
  if (parsed._tag === "ok") return;
  const known = usages.flatMap((usage) => usage.match(/--[a-z-]+/g) ?? []);
  const mistakes = parsed.error.errors.flatMap(({ nodes, message }) =>
    nodes.length === 0 ? [{ message, word: "" }] : nodes.map(({ raw }) => ({ message, word: raw })),
  );
  throw misread(command.name, mistakes, known);
};

/** The options among the words that stand without their value: at the end, before another, or with an empty one. */
const withoutValue = (argv: readonly string[], options: ReadonlySet<string>): readonly string[] =>
  argv.flatMap((word, i) => {
    const [name = "", ...value] = word.split("=");
    const next = value.length > 0 ? value.join("=") : argv[i + 1];
    return options.has(name) && (!next || (value.length === 0 && next.startsWith("--")))
      ? [name]
      : [];
  });
