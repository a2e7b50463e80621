/** The one way out: data goes to `out`, progress and mistakes to `err`, and no text commands the terminal. */

import { createInterface } from "node:readline/promises";
import type { Writable } from "node:stream";
import type { Diagnostic } from "../diagnostic/diagnostic.js";
import { render } from "../diagnostic/render.js";
import type { Sources } from "../diagnostic/text.js";
import { json, printable } from "../report/format.js";
import { notPrinted } from "./errors.js";
import { exit } from "./exit.js";

/** A stream that may be a terminal. */
export type Stream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface Terminal {
  readonly out: Stream;
  readonly err: Stream;
  /** Asks the person at the terminal; absent where nobody is. */
  readonly ask?: (question: string) => Promise<string>;
}

/**
 * This process's own. A reader that has enough (`pspc plan … | head`) ends the program quietly, and a disk that is full
 * with a sentence, unless work is under way that listens for this itself. What cannot be told on stderr is lost.
 */
export const processTerminal = (): Terminal => {
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (process.stdout.listenerCount("error") > 1) return;
    if (error.code === "EPIPE") process.exit(0);
    const { message, reason, help } = notPrinted(error);
    process.stderr.write(`error: ${message}\n = reason: ${reason}\n = help: ${help}\n`);
    process.exit(exit.wrong);
  });
  const { stdin, stdout: out, stderr: err } = process;
  return stdin.isTTY && err.isTTY ? { out, err, ask } : { out, err };
};

const ask = async (question: string): Promise<string> => {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
};

/** https://no-color.org, and its counterpart for pipes. */
export const hasColour = (stream: Stream): boolean =>
  !process.env.NO_COLOR && (Boolean(process.env.FORCE_COLOR) || stream.isTTY === true);

const write = (stream: Stream, text: string): void => {
  const room = stream.isTTY === true ? stream.columns : undefined;
  stream.write(`${printable(text.trimEnd(), hasColour(stream), room)}\n`);
};

export const print = ({ out }: Terminal, text: string): void => write(out, text);

export const tell = ({ err }: Terminal, text: string): void => write(err, text);

/** Two spaces deep, so that people can read it too. */
export const printJson = (terminal: Terminal, value: unknown): void =>
  print(terminal, json(value, 2));

/** One value a line. */
export const printJsonLine = (terminal: Terminal, value: unknown): void =>
  print(terminal, json(value));

/** Mistakes in a spec, as the diagnostic printer draws them: it takes care of foreign text itself. */
export const tellDiagnostics = (
  { err }: Terminal,
  diagnostics: readonly Diagnostic[],
  sources: Sources,
): void => {
  err.write(`${render(diagnostics, sources, { colour: hasColour(err) }).trimEnd()}\n`);
};
