/** Codecs of single values: text, numbers, flags, choices. */

import * as t from "io-ts";
import { Codec, fail, type JsonSchema } from "./codec.js";
import * as says from "./errors.js";

export const text = (expects: string, pattern?: RegExp): Codec<string> => {
  const schema = { type: "string", minLength: 1, ...(pattern && { pattern: pattern.source }) };
  return new Codec(expects, ["text"], schema, (u, c) => {
    if (typeof u !== "string") return fail(u, c, says.wrongType(expects, u));
    if (u === "") return fail(u, c, says.emptyText(expects));
    if (pattern && !pattern.test(u)) return fail(u, c, says.malformedText(u, expects));
    return t.success(u);
  });
};

interface Range {
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly below?: number;
}

/** Words of a range: "from 1 to 4", "of at least 1", "above 0". */
const inWords = ({ min, max, above, below }: Range): string => {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  const lower =
    min !== undefined ? `of at least ${min}` : above !== undefined ? `above ${above}` : "";
  const upper = max !== undefined ? `at most ${max}` : below !== undefined ? `below ${below}` : "";
  const both = [lower, upper].filter((w) => w !== "").join(" and ");
  return both === "" ? "" : ` ${both}`;
};

const holds = (n: number, { min, max, above, below }: Range): boolean =>
  n >= (min ?? -Infinity) &&
  n <= (max ?? Infinity) &&
  n > (above ?? -Infinity) &&
  n < (below ?? Infinity);

const rangeSchema = ({ min, max, above, below }: Range): JsonSchema => ({
  ...(min !== undefined && { minimum: min }),
  ...(max !== undefined && { maximum: max }),
  ...(above !== undefined && { exclusiveMinimum: above }),
  ...(below !== undefined && { exclusiveMaximum: below }),
});

/** `because` says why the range is what it is. */
const numeric =
  (type: "number" | "integer", words: string, isKind: (n: number) => boolean) =>
  (range: Range, because: readonly string[]): Codec<number> => {
    const expects = `${words}${inWords(range)}`;
    return new Codec(expects, ["number"], { type, ...rangeSchema(range) }, (u, c) => {
      if (typeof u !== "number" || !isKind(u)) return fail(u, c, says.wrongType(expects, u));
      return holds(u, range) ? t.success(u) : fail(u, c, says.outOfRange(u, expects, because));
    });
  };

const anyReal = numeric("number", "a number", Number.isFinite);
const anyInteger = numeric("integer", "a whole number", Number.isSafeInteger);

export const real = (range: Range = {}, ...because: readonly string[]): Codec<number> =>
  anyReal(range, because);

export const integer = (range: Range = {}, ...because: readonly string[]): Codec<number> =>
  anyInteger(range, because);

export const flag: Codec<boolean> = new Codec(
  "`true` or `false`",
  ["flag"],
  { type: "boolean" },
  (u, c) =>
    typeof u === "boolean" ? t.success(u) : fail(u, c, says.wrongType("`true` or `false`", u)),
);

/** One of a few words or numbers. */
export const choice = <const V extends string | number>(...values: readonly V[]): Codec<V> => {
  const expects = says.either(values);
  const shapes = [
    ...new Set(values.map((v) => (typeof v === "number" ? "number" : "text"))),
  ] as const;
  return new Codec<V>(expects, shapes, { enum: values }, (u, c) => {
    const chosen = values.find((v) => v === u);
    if (chosen !== undefined) return t.success(chosen);
    const near = typeof u === "string" || typeof u === "number";
    return fail(u, c, near ? says.notAChoice(u, values) : says.wrongType(expects, u));
  });
};
