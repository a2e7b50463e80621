/** Codecs of values: text, numbers, flags, choices, lists, and values of several forms. */

import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts";
import { type AnyCodec, Codec, fail, type JsonSchema, shapeOf } from "./codec.js";
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

interface Length {
  readonly min?: number;
  readonly max?: number;
}

/** `plural` names the items: "bins". All items are looked at, whatever is wrong with the others. */
export const list = <A>(
  plural: string,
  item: Codec<A>,
  { min = 0, max = Infinity }: Length = {},
): Codec<readonly A[]> => {
  const expects = min === max ? `a list of ${min} ${plural}` : `a list of ${plural}`;
  const schema = {
    type: "array",
    items: item.schema,
    ...(min > 0 && { minItems: min }),
    ...(max < Infinity && { maxItems: max }),
  };
  const bound = min === max ? `${min}` : max < Infinity ? `${min} to ${max}` : `at least ${min}`;
  return new Codec<readonly A[]>(expects, ["list"], schema, (u, c) => {
    if (!Array.isArray(u)) return fail(u, c, says.wrongType(expects, u));
    if (u.length < min || u.length > max)
      return fail(u, c, says.wrongLength(`${bound} ${plural}`, u.length));
    const values: readonly unknown[] = u;
    return all(values.map((v, i) => item.validate(v, t.appendContext(c, String(i), item, v))));
  });
};

const all = <A>(decoded: readonly t.Validation<A>[]): t.Validation<readonly A[]> => {
  const errors = decoded.flatMap((d) => (E.isLeft(d) ? d.left : []));
  return errors.length > 0
    ? t.failures(errors)
    : t.success(decoded.flatMap((d) => (E.isRight(d) ? [d.right] : [])));
};

type Tuple<A> = {
  readonly 2: readonly [A, A];
  readonly 3: readonly [A, A, A];
  readonly 4: readonly [A, A, A, A];
};

/** Exactly `length` items of one kind. */
export const tuple = <A, N extends keyof Tuple<A>>(
  length: N,
  plural: string,
  item: Codec<A>,
): Codec<Tuple<A>[N]> => {
  const any = list(plural, item, { min: length, max: length });
  // The length has been checked; TypeScript cannot see it in an array's type.
  const validate = any.validate as t.Validate<unknown, Tuple<A>[N]>;
  return new Codec(any.expects, any.shapes, any.schema, validate);
};

/**
 * The alternatives of the value's shape are tried in order; the last one's faults are told, so that the most
 * telling alternative stands last.
 */
export const oneOf = <const C extends readonly AnyCodec[]>(
  ...alternatives: C
): Codec<t.TypeOf<C[number]>> => {
  const expects = alternatives.map((a) => a.expects).join(", or ");
  const shapes = [...new Set(alternatives.flatMap((a) => a.shapes))];
  const schema = { anyOf: alternatives.map((a) => a.schema) };
  return new Codec<t.TypeOf<C[number]>>(expects, shapes, schema, (u, c) => {
    const candidates = alternatives.filter((a) => a.shapes.includes(shapeOf(u)));
    const decoded = candidates.map((a) => a.validate(u, c));
    const last = decoded[decoded.length - 1];
    return (
      decoded.find((d) => d._tag === "Right") ?? last ?? fail(u, c, says.wrongType(expects, u))
    );
  });
};
