/** What the program may say and to whom: data goes to `out`, progress and mistakes to `err`. */

import type { Writable } from "node:stream";

/** A stream that may be a terminal. */
export type Stream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface Terminal {
  readonly out: Stream;
  readonly err: Stream;
}

/** This process's own. A reader that has enough (`pspc plan … | head`) ends the program quietly. */
export const processTerminal = (): Terminal => {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return { out: process.stdout, err: process.stderr };
};

/** https://no-color.org, and its counterpart for pipes. */
export const hasColour = (stream: Stream): boolean =>
  !process.env.NO_COLOR && (Boolean(process.env.FORCE_COLOR) || stream.isTTY === true);

export const print = ({ out }: Terminal, text: string): void => {
  out.write(`${text.trimEnd()}\n`);
};

/** Two spaces deep, so that people can read it too. */
export const printJson = (terminal: Terminal, value: unknown): void =>
  print(terminal, JSON.stringify(value, null, 2));

export const tell = ({ err }: Terminal, text: string): void => {
  err.write(`${text.trimEnd()}\n`);
};
