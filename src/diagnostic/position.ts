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

/** Of a line that counts from 1 and a column that counts from 0, within the text. */
export const offset = (text: string, { line, column }: Position): number => {
  const lines = text.split("\n");
  const before = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  return Math.min(text.length, before + Math.min(column, lines[line - 1]?.length ?? 0));
};

/** The line's text, without its end. Lines count from 1. */
export const lineText = (text: string, line: number): string =>
  (text.split("\n")[line - 1] ?? "").replace(/\r$/, "");
