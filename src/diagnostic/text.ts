/** Texts as people see them: lines and columns of a source, and the width of a text in a terminal. */

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

/** Scripts and signs that fill two columns (Unicode, UAX 11: wide and fullwidth), and emoji. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\u3000-\u303E\uFF01-\uFF60\uFFE0-\uFFE6\p{Emoji_Presentation}]|\uFE0F/u;
const HALF = /^[\uFF61-\uFFDC]/u;
const NARROW = /^[\x20-\x7E]*$/;
/** Marks that join what stands before them, and characters without a form. */
const NOTHING = /^[\p{M}\p{Cf}]+$/u;

const signs = new Intl.Segmenter("en", { granularity: "grapheme" });

const columns = (sign: string): number => {
  if (NOTHING.test(sign)) return 0;
  return WIDE.test(sign) && !HALF.test(sign) ? 2 : 1;
};

export const width = (text: string): number =>
  NARROW.test(text)
    ? text.length
    : [...signs.segment(text)].reduce((sum, { segment }) => sum + columns(segment), 0);

const TAB = "    ";

/**
 * A text from elsewhere in one line: control characters, signs that turn the text around, halves of signs and
 * noncharacters become a replacement sign, so that it can neither command a terminal nor begin a line of its own.
 */
export const visible = (text: string): string =>
  text
    .replaceAll("\t", TAB)
    .replace(/[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069\uFDD0-\uFDEF]/gu, "\uFFFD");
