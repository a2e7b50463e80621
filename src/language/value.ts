/** Codecs of values: text, numbers, flags, choices, lists, and values of several forms. */

import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts";
import { invariant } from "../diagnostic/invariant.js";
import {
  type AnyCodec,
  Codec,
  type DecidedBy,
  fail,
  type JsonSchema,
  leaf,
  mapped,
  meaning,
  plainly,
  redecided,
  shapeOf,
} from "./codec.js";
import * as says from "./errors.js";
import type { Sides } from "./geometry.js";
import type { Decision, Scope } from "./scope.js";

export const text = (expects: string, pattern?: RegExp): Codec<string> => {
  const schema = { type: "string", minLength: 1, ...(pattern && { pattern: pattern.source }) };
  return plainly(expects, ["text"], schema, (u, c) => {
    if (typeof u !== "string") return fail(u, c, says.wrongType(expects, u));
    if (u === "") return fail(u, c, says.emptyText(expects));
    if (pattern && !pattern.test(u)) return fail(u, c, says.malformedText(u, expects));
    return t.success(u);
  });
};

/** Text that may be empty. */
export const anyText = (expects: string): Codec<string> =>
  plainly(expects, ["text"], { type: "string" }, (u, c) =>
    typeof u === "string" ? t.success(u) : fail(u, c, says.wrongType(expects, u)),
  );

/** A file or a folder, relative to the spec's file; decided, it is absolute. */
export const located = (expects: string): Codec<string> =>
  redecided(text(expects), (written, scope) => {
    const value = scope.absolute(written);
    return { value, rows: [scope.row(value)] };
  });

interface Range {
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly below?: number;
}

/** Words of a range: "from 1 to 4", "of at least 1", "above 0". */
const rangeInWords = ({ min, max, above, below }: Range): string => {
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
    const expects = `${words}${rangeInWords(range)}`;
    return plainly(expects, ["number"], { type, ...rangeSchema(range) }, (u, c) => {
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

export const flag: Codec<boolean> = plainly(
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
  return plainly<V>(expects, shapes, { enum: values }, (u, c) => {
    const chosen = values.find((v) => v === u);
    if (chosen !== undefined) return t.success(chosen);
    const near = typeof u === "string" || typeof u === "number";
    return fail(u, c, near ? says.notAChoice(u, values) : says.wrongType(expects, u));
  });
};

/** The word for nothing: decided, it is `null`. */
export const none: Codec<"none", null> = mapped(choice("none"), () => null);

interface Length {
  readonly min?: number;
  readonly max?: number;
}

/** `plural` names the items: "bins". All items are looked at, whatever is wrong with the others. */
export const list = <A>(plural: string, item: Codec<A>, length: Length = {}): Codec<readonly A[]> =>
  listed(plural, item, length, leaf);

/** A list whose items have keys with defaults, so that `show` prints one after another. */
export const sequence = <A, D>(
  plural: string,
  item: Codec<A, D>,
  length: Length = {},
): Codec<readonly A[], readonly D[]> =>
  listed(plural, item, length, (written, scope) => {
    if (written.length === 0) return { value: [], rows: [scope.row(written)] };
    const decided = written.map((each, i) => item.decide(each, scope.below(i)));
    return { value: decided.map((d) => d.value), rows: decided.flatMap((d) => d.rows) };
  });

const listed = <A, D, L>(
  plural: string,
  item: Codec<A, D>,
  { min = 0, max = Infinity }: Length,
  decide: (written: readonly A[], scope: Scope) => Decision<L>,
): Codec<readonly A[], L> => {
  const expects = min === max ? `a list of ${min} ${plural}` : `a list of ${plural}`;
  const schema = {
    type: "array",
    items: item.schema,
    ...(min > 0 && { minItems: min }),
    ...(max < Infinity && { maxItems: max }),
  };
  const bound = min === max ? `${min}` : max < Infinity ? `${min} to ${max}` : `at least ${min}`;
  const validate: t.Validate<unknown, readonly A[]> = (u, c) => {
    if (!Array.isArray(u)) return fail(u, c, says.wrongType(expects, u));
    if (u.length < min || u.length > max)
      return fail(u, c, says.wrongLength(`${bound} ${plural}`, u.length));
    const values: readonly unknown[] = u;
    return all(values.map((v, i) => item.validate(v, t.appendContext(c, String(i), item, v))));
  };
  return new Codec(expects, ["list"], schema, validate, decide, { keys: item.keys });
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
  return plainly(any.expects, any.shapes, any.schema, validate);
};

/**
 * A value of several forms, told apart by their shape: `473` or `[360, 480]`. The alternatives of the value's shape
 * are tried in order; the last one's faults are reported, so that the most telling alternative stands last.
 */
export const oneOf = <const C extends readonly AnyCodec[]>(
  ...alternatives: C
): Codec<t.TypeOf<C[number]>, DecidedBy<C[number]>> => {
  const expects = alternatives.map((a) => a.expects).join(", or ");
  const shapes = [...new Set(alternatives.flatMap((a) => a.shapes))];
  const schema = { anyOf: alternatives.map((a) => a.schema) };
  const candidates = (u: unknown): readonly AnyCodec[] =>
    alternatives.filter((a) => a.shapes.includes(shapeOf(u)));
  const validate: t.Validate<unknown, t.TypeOf<C[number]>> = (u, c) => {
    const decoded = candidates(u).map((a) => a.validate(u, c));
    return (
      decoded.find((d) => d._tag === "Right") ??
      decoded.at(-1) ??
      fail(u, c, says.wrongType(expects, u))
    );
  };
  const decide = (written: t.TypeOf<C[number]>, scope: Scope): Decision<DecidedBy<C[number]>> => {
    const [first, ...more] = candidates(written);
    const own = more.length === 0 ? first : [first, ...more].find((a) => a?.is(written));
    invariant(own !== undefined, "a decoded value has no form");
    // It is one of the alternatives' decisions; which one, only the value knows.
    return own.decide(written, scope) as Decision<DecidedBy<C[number]>>;
  };
  return new Codec<t.TypeOf<C[number]>, DecidedBy<C[number]>>(
    expects,
    shapes,
    schema,
    validate,
    decide,
    {
      keys: alternatives.flatMap((a) => a.keys),
      merging: alternatives.find((a) => a.merging !== "keys")?.merging ?? "keys",
    },
  );
};

/** Of pictures, in pixels; one number is a square. */
export const size = meaning(
  oneOf(
    integer({ min: 1, max: 16384 }),
    tuple(2, "whole numbers (height, width)", integer({ min: 1, max: 16384 })),
  ),
  (written): Sides => (typeof written === "number" ? [written, written] : written),
);
