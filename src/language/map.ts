/** Codecs of maps that are not a list of known keys: a named choice, an abbreviation, a map with free keys. */

import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts";
import { invariant } from "../diagnostic/invariant.js";
import { blame, Codec, fail, leaf, plainly, redecided } from "./codec.js";
import * as says from "./errors.js";
import type { AnyKey, Known } from "./key.js";
import type { Decision, Scope } from "./scope.js";
import {
  assembled,
  type DecidedBy,
  isMap,
  type Keys,
  type OfNeed,
  own,
  schemaOf,
  type WrittenBy,
} from "./section.js";
import { oneOf } from "./value.js";

type Tagged<P extends Keys> =
  | { [K in keyof P]: { readonly [J in K]: WrittenBy<P[K]> } }[keyof P]
  | OfNeed<P, "optional">;

type TaggedDecided<P extends Keys> = {
  [K in keyof P]: { readonly [J in K]: DecidedBy<P[K]> };
}[keyof P];

/**
 * A choice that may carry a value: `{blur: 0.5}`; or `blur`, where that value has a default. `hints` answer names
 * that authors try in vain.
 */
export const tagged = <P extends Keys>(
  owner: string,
  choices: P,
  hints: Readonly<Record<string, string>> = {},
): Codec<Tagged<P>, TaggedDecided<P>> => {
  const tags = Object.keys(choices);
  const bare = tags.filter((tag) => choices[tag]?.otherwise.need === "optional");
  const expects = says.a(owner);
  const validate: t.Validate<unknown, Tagged<P>> = (u, c) => {
    if (typeof u === "string") return alone(u, c);
    if (!isMap(u)) return fail(u, c, says.wrongType(expects, u));
    const [tag, ...more] = Object.keys(u);
    if (tag === undefined || more.length > 0)
      return fail(u, c, says.notOneTag(owner, tags, Object.keys(u).length));
    const codec = own<AnyKey>(choices, tag)?.codec;
    const inside = t.appendContext(c, tag, codec ?? t.unknown, u[tag]);
    if (codec === undefined)
      return fail(u, inside, { ...says.unknownTag(tag, owner, tags, own(hints, tag)), on: "key" });
    const decoded = codec.validate(u[tag], inside);
    return E.isLeft(decoded) ? decoded : t.success(u as Tagged<P>);
  };
  const alone = (tag: string, c: t.Context): t.Validation<Tagged<P>> => {
    if (bare.includes(tag)) return t.success(tag as Tagged<P>);
    const codec = own<AnyKey>(choices, tag)?.codec;
    if (codec) return fail(tag, c, says.tagNeedsValue(tag, owner, codec.expects));
    return fail(tag, c, says.unknownTag(tag, owner, tags, own(hints, tag)));
  };
  const decide = (written: Tagged<P>, scope: Scope): Decision<TaggedDecided<P>> => {
    const one: Readonly<Record<string, unknown>> = isMap(written)
      ? written
      : { [String(written)]: undefined };
    const [[tag, value] = ["", undefined]] = Object.entries(one);
    const chosen = own<Known<unknown>>(choices, tag);
    invariant(chosen !== undefined, "a decoded choice has a name of the language");
    const part = scope.decide(tag, chosen, value);
    // One choice with its decided value, as the type lists them.
    return { value: assembled([[tag, part]]) as TaggedDecided<P>, rows: part.rows };
  };
  return new Codec(
    expects,
    bare.length > 0 ? ["text", "map"] : ["map"],
    choicesSchema(choices, bare),
    validate,
    decide,
    { keys: Object.entries(choices), merging: "choice" },
  );
};

const single = (name: string, each: AnyKey) => ({
  type: "object",
  properties: { [name]: schemaOf(each) },
  required: [name],
  additionalProperties: false,
});

const choicesSchema = (choices: Readonly<Record<string, AnyKey>>, bare: readonly string[]) => ({
  anyOf: [
    ...(bare.length > 0 ? [{ enum: bare }] : []),
    ...Object.entries(choices).map(([name, each]) => single(name, each)),
  ],
});

/** `[0.5, 2]` for `{range: [0.5, 2]}`: the value of one key stands for the whole map. */
export const abbreviated = <S, A, D>(
  short: Codec<S, unknown>,
  whole: Codec<A, D>,
  expand: (short: S) => NoInfer<A>,
): Codec<S | A, D> => {
  const either = oneOf(short, whole);
  return redecided(either, (written: S | A, scope) =>
    whole.decide(short.is(written) ? expand(written) : written, scope),
  );
};

type Keyed<P extends Keys> = {
  [K in keyof P]: { readonly [J in K]: WrittenBy<P[K]> };
}[keyof P];

/**
 * A map that has one of a few known keys, or else is a free map: `{first: 1}`, or `{1: sky, 2: road}`. The first
 * known key decides how the whole is read; without one, `otherwise` reads it.
 */
export const keyed = <P extends Keys, A>(
  owner: string,
  otherwise: Codec<A>,
  payloads: P,
): Codec<Keyed<P> | A> => {
  const known = Object.entries<AnyKey>(payloads);
  const schema = {
    anyOf: [...known.map(([name, each]) => single(name, each)), otherwise.schema],
  };
  const validate: t.Validate<unknown, Keyed<P> | A> = (u, c) => {
    const chosen = isMap(u) ? known.find(([name]) => Object.hasOwn(u, name)) : undefined;
    if (chosen === undefined || !isMap(u)) return otherwise.validate(u, c);
    const [name, { codec }] = chosen;
    const others = Object.keys(u).filter((other) => other !== name);
    if (others.length > 0) return fail(u, c, says.notAlone(owner, name, others));
    const decoded = codec.validate(u[name], t.appendContext(c, name, codec, u[name]));
    return E.isLeft(decoded) ? decoded : t.success(u as Keyed<P>);
  };
  return new Codec<Keyed<P> | A>(otherwise.expects, ["map"], schema, validate, leaf, {
    keys: known,
    merging: "whole",
  });
};

/**
 * A map of one of two kinds, told apart by a key that only the first has: `{share: 0.2}`, or `{images: a, labels: b}`.
 */
export const marked = <A, D, B, E>(
  mark: string,
  first: Codec<A, D>,
  second: Codec<B, E>,
): Codec<A | B, D | E> => {
  const isFirst = (u: unknown): boolean => isMap(u) && Object.hasOwn(u, mark);
  const validate: t.Validate<unknown, A | B> = (u, c) =>
    isFirst(u) ? first.validate(u, c) : second.validate(u, c);
  const decide = (written: A | B, scope: Scope): Decision<D | E> =>
    // The mark has told which of the two it is.
    isFirst(written) ? first.decide(written as A, scope) : second.decide(written as B, scope);
  const kinds = [first, second].map(({ keys }) => keys.map(([name]) => name));
  return new Codec<A | B, D | E>(
    `${second.expects}, or ${first.expects}`,
    ["map"],
    { anyOf: [first.schema, second.schema] },
    validate,
    decide,
    { keys: [...second.keys, ...first.keys], merging: { kinds } },
  );
};

/** A map with free keys: every key and every value is looked at. */
export const record = <A>(
  expects: string,
  key: { readonly pattern: RegExp; readonly expects: string },
  item: Codec<A>,
): Codec<Readonly<Record<string, A>>> => {
  const schema = {
    type: "object",
    patternProperties: { [key.pattern.source]: item.schema },
    additionalProperties: false,
  };
  return plainly<Readonly<Record<string, A>>>(expects, ["map"], schema, (u, c) => {
    if (!isMap(u)) return fail(u, c, says.wrongType(expects, u));
    const errors = Object.keys(u).flatMap((name) => {
      const context = t.appendContext(c, name, item, u[name]);
      const decoded = item.validate(u[name], context);
      const wrongKey = key.pattern.test(name)
        ? []
        : [blame(u[name], context, says.wrongKeyForm(name, key.expects))];
      return [...wrongKey, ...(E.isLeft(decoded) ? decoded.left : [])];
    });
    return errors.length > 0 ? t.failures(errors) : t.success(u as Readonly<Record<string, A>>);
  });
};

/** Any value: what stands under a variant is checked where it is put. */
export const anything: Codec<unknown> = plainly(
  "any value",
  ["nothing", "flag", "number", "text", "list", "map"],
  {},
  t.success,
);

/** What a spec says about itself: no part of an experiment, and not printed. */
export const aside = <A>(codec: Codec<A, unknown>): Codec<A, undefined> =>
  redecided(codec, () => ({ value: undefined, rows: [] }));
