/** Lists of pairs as text: one line names an image and its label, or in VOC's lists the stem of both. */

import * as E from "fp-ts/lib/Either.js";

export interface ListLine {
  /** The names on the line, without the quotes that they stand in, as the line is most likely meant. */
  readonly names: readonly string[];
  /** Every way to read two names from the line, the likeliest first. */
  readonly pairs: readonly NamePair[];
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

export type NamePair = readonly [image: string, label: string];

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
    if (trimmed === "") return [];
    const [names = [], ...others] = readings(trimmed);
    const pairs = [names, ...others].flatMap(([image, label, ...rest]): readonly NamePair[] =>
      image === undefined || label === undefined || rest.length > 0 ? [] : [[image, label]],
    );
    return [{ names, pairs, text: trimmed, number: index + 1 }];
  });

/**
 * A tab separates names, and quotes hold one together. Without either, blanks separate, or commas, or one of the
 * blanks: which files there are must tell.
 */
const readings = (line: string): readonly (readonly string[])[] => {
  if (line.includes("\t")) return [unquoted(line.split("\t"))];
  if (/^["']|["']$/.test(line)) return [unquoted(line.match(/"[^"]*"|'[^']*'|[^\s,"']+/g) ?? [])];
  const cuts = [...line.matchAll(/\s+/g)].map(({ index, 0: blank }) => [
    line.slice(0, index),
    line.slice(index + blank.length),
  ]);
  return [line.split(/,?\s+,?/), line.split(/\s*,\s*/), ...cuts];
};

const unquoted = (names: readonly string[]): readonly string[] =>
  names.map((name) => name.trim().replace(/^(["'])(.*)\1$/, "$2")).filter((name) => name !== "");
