/** Finds the verb, runs it, and prints whatever went wrong; the answer is the exit code. */

import { Failed } from "../diagnostic/failure.js";
import { visible } from "../diagnostic/text.js";
import { refusedBySystem } from "../file/system.js";
import { bold, red } from "../report/format.js";
import { GangBroken } from "../runtime/errors.js";
import { internalError, unknownVerb } from "./errors.js";
import { type ExitCode, exit, Interrupted, Misused, Rejected, TrainingFailed } from "./exit.js";
import {
  print,
  printJson,
  processTerminal,
  type Terminal,
  tell,
  tellDiagnostics,
} from "./terminal.js";
import { verbs } from "./verbs.js";
import { version } from "./version.js";

/**
 * Runs one verb.
 * @returns 0 ok, 1 the spec or the data is wrong, 2 what `--exit-code` compared differs, 3 usage, 4 training failed, 130 interrupted.
 */
export const main = async (
  argv: readonly string[],
  terminal: Terminal = processTerminal(),
): Promise<ExitCode> => {
  try {
    return await dispatch(argv, terminal);
  } catch (error) {
    return printError(error, argv, terminal);
  }
};

const dispatch = async (
  [word, ...rest]: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> => {
  if (word === undefined) {
    tell(terminal, help());
    return exit.usage;
  }
  if (["--help", "-h", "help"].includes(word)) {
    const [about] = rest;
    if (word === "help" && about !== undefined) return dispatch([about, "--help"], terminal);
    print(terminal, help());
    return exit.ok;
  }
  if (["--version", "-v", "version"].includes(word)) {
    print(terminal, version());
    return exit.ok;
  }
  const entry = Object.hasOwn(verbs, word) ? verbs[word] : undefined;
  if (entry === undefined) throw unknownVerb(word, Object.keys(verbs));
  const run = await entry.load();
  return run(terminal, rest);
};

const printError = async (
  error: unknown,
  argv: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> => {
  if (error instanceof Interrupted) {
    tell(terminal, "stopped: nothing was made, and what was read need not be read again");
    return exit.interrupted;
  }
  if (error instanceof Rejected) return printRejected(error, terminal);
  const lines = (message: string, ...more: readonly (string | undefined)[]): string =>
    [
      `${red("error")}${bold(`: ${visible(message)}`)}`,
      ...more.filter((line) => line !== undefined),
    ].join("\n");
  if (error instanceof Misused) {
    for (const { message, help: remedy } of [error, ...error.more])
      tell(terminal, lines(message, remedy && ` = help: ${remedy}`));
    return exit.usage;
  }
  const told = error instanceof Failed || error instanceof TrainingFailed;
  const failure = told ? error.failure : refusedBySystem(error);
  if (failure !== null) {
    const { message, reason, help: remedy } = failure;
    tell(
      terminal,
      lines(message, reason && hang(" = reason: ", reason), remedy && hang(" = help: ", remedy)),
    );
    if (error instanceof GangBroken) return exit.again;
    return error instanceof TrainingFailed ? exit.failed : exit.wrong;
  }
  tell(terminal, internalError(error, argv));
  return exit.failed;
};

/** A list under its first line. */
const hang = (word: string, text: string): string =>
  word + text.replaceAll("\n", `\n${" ".repeat(word.length)}`);

/** Diagnostics as the reader wants them: for a person to `err`, for a program to `out`. */
const printRejected = async (
  { check: { diagnostics, sources }, json }: Rejected,
  terminal: Terminal,
): Promise<ExitCode> => {
  if (json) {
    const { toJson } = await import("../diagnostic/json.js");
    printJson(terminal, toJson(diagnostics, sources));
  } else {
    tellDiagnostics(terminal, diagnostics, sources);
  }
  return exit.wrong;
};

const help = (): string =>
  [
    "pspc: a compiler for PSPNet. A short spec in; one TensorFlow graph with the whole training step out.",
    "",
    "  pspc VERB SPEC[#variant] [path.to.key=value …]",
    "",
    ...Object.entries(verbs).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`),
    "",
    "`pspc VERB --help` lists the arguments of a verb.",
    "Exit codes: 0 ok, 1 the spec or the data is wrong, 2 what `--exit-code` compared differs,",
    "  3 usage, 4 training failed, 75 a gang is to be started again, 130 interrupted.",
  ].join("\n");
