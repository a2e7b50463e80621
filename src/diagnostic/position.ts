/** A text and an offset enter; line and column leave. */

/** Source texts by the name that the user typed. */
export type Sources = ReadonlyMap<string, string>;

/** Both count from 1; a column is a UTF-16 unit, as editors count. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export const position = (text: string, offset: number): Position => {
  const before = text.slice(0, Math.max(0, Math.min(offset, text.length)));
  const line = before.split("\n").length;
  return { line, column: before.length - (before.lastIndexOf("\n") + 1) + 1 };
};

/** The line's text, without its end. Lines count from 1. */
export const lineText = (text: string, line: number): string =>
  (text.split("\n")[line - 1] ?? "").replace(/\r$/, "");
