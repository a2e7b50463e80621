/** Lists of pairs as text: one line names an image and its label, or in VOC's lists the stem of both. */

import * as E from "fp-ts/lib/Either.js";

export interface ListLine {
  /** The names on the line, without the quotes that they stand in. */
  readonly names: readonly string[];
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/** The text of a list in UTF-8 or UTF-16, or why it is none. */
export const decodeText = (bytes: Buffer): E.Either<string, string> => {
  const mark = bytes.length > 1 ? bytes.readUInt16BE(0) : 0;
  const encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8";
  return E.tryCatch(
    () => {
      const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
      if (text.includes("\0")) throw new Error("binary");
      return text;
    },
    () => "it is not text in UTF-8 or UTF-16",
  );
};

/** The lines that say something. */
export const linesOf = (text: string): readonly ListLine[] =>
  text.split(/\r\n|\n|\r/).flatMap((line, index) => {
    const trimmed = line.trim();
    return trimmed === "" ? [] : [{ names: namesOn(trimmed), text: trimmed, number: index + 1 }];
  });

/**
 * Names are separated by tabs, else by blanks or commas; one with blanks stands in quotes. A comma counts where no
 * blank separates, so that `a,b.jpg c.png` are two names.
 */
const namesOn = (line: string): readonly string[] => {
  if (line.includes("\t")) return clean(line.split("\t"));
  if (/^["']|["']$/.test(line)) return clean(line.match(/"[^"]*"|'[^']*'|[^\s,"']+/g) ?? []);
  if (!line.includes(",")) return clean(line.split(/\s+/));
  const separated = clean(line.split(/\s*,\s+|\s+,\s*|\s+/));
  return separated.length === 2 ? separated : clean(line.split(","));
};

const clean = (names: readonly string[]): readonly string[] =>
  names.map((name) => name.trim().replace(/^(["'])(.*)\1$/, "$2")).filter((name) => name !== "");

/** Where a line without quotes may be cut in two, the first cut first; `my images/0.jpg lb/0.png` has two. */
export const cuts = (text: string): readonly (readonly [image: string, label: string])[] =>
  [...text.matchAll(/\s+/g)].map(({ index, 0: blank }) => [
    text.slice(0, index),
    text.slice(index + blank.length),
  ]);
