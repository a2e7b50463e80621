/** Codec of a map with known keys, each declared once. */

import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts";
import { nearest } from "../diagnostic/nearest.js";
import { type AnyCodec, blame, Codec, fail, plainly, shapeOf } from "./codec.js";
import * as says from "./errors.js";
import type { AnyKey, Known, Need, Otherwise } from "./key.js";
import type { Decision, Part, Scope } from "./scope.js";

/** The keys of a map, in the order of a well-written spec. */
export type Keys = Readonly<Record<string, Known<unknown>>>;

type Flat<T> = { readonly [K in keyof T]: T[K] };

export type OfNeed<F extends Keys, N extends Need> = {
  [K in keyof F]: F[K]["otherwise"] extends Otherwise<unknown, N> ? K : never;
}[keyof F];

export type WrittenBy<K extends AnyKey> = t.TypeOf<K["codec"]>;
export type DecidedBy<K extends Known<unknown>> = ReturnType<K["decide"]>["value"];

/** What an author writes: what has a default may be left out. */
type Written<F extends Keys> = Flat<
  { [K in OfNeed<F, "needed">]: WrittenBy<F[K]> } & {
    [K in OfNeed<F, "optional">]?: WrittenBy<F[K]>;
  }
>;

type DecidedKeys<F extends Keys> = { readonly [K in keyof F]: DecidedBy<F[K]> };

/** A method, so that a table of them can be read without knowing of each what it takes. */
type Of<D> = { of(decided: D): unknown }["of"];

/** For keys that stand for other fields once they are decided: each field as a function of the key's value. */
type Fields<F extends Keys> = {
  readonly [K in keyof F]?: Readonly<Record<string, Of<DecidedBy<F[K]>>>>;
};

type Intersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void
  ? I
  : never;

type FieldsOf<R> = { readonly [K in keyof R]: R[K] extends (d: never) => infer D ? D : never };

type Decided<F extends Keys, R> = Flat<
  Omit<DecidedKeys<F>, keyof R> & Intersection<{ [K in keyof R]: FieldsOf<R[K]> }[keyof R]>
>;

export const isMap = (u: unknown): u is Readonly<Record<string, unknown>> => shapeOf(u) === "map";

export const own = <A>(map: Readonly<Record<string, A>>, name: string): A | undefined =>
  Object.hasOwn(map, name) ? map[name] : undefined;

interface More<F extends Keys, R> {
  /** Answers to keys that authors try in vain. */
  readonly hints?: Readonly<Record<string, string>>;
  readonly fields?: R & Fields<F>;
  /** Keys of which a map has one kind alone: a child that writes another kind replaces its parent's map. */
  readonly kinds?: readonly (readonly string[])[];
}

/**
 * A map with known keys: unknown and missing keys are faults, and all values are looked at. `owner` is what the map
 * is called in messages: "the pyramid".
 */
export const section = <F extends Keys, R = Record<never, never>>(
  owner: string,
  keys: F,
  { hints = {}, fields, kinds }: More<F, R> = {},
): Codec<Written<F>, Decided<F, R>> => {
  const needed = Object.entries<AnyKey>(keys)
    .filter(([, { otherwise }]) => otherwise.need === "needed")
    .map(([name]) => name);
  const codecs = Object.fromEntries(
    Object.entries<AnyKey>(keys).map(([k, { codec }]) => [k, codec]),
  );
  const standFor: Readonly<Record<string, Readonly<Record<string, Of<unknown>>> | undefined>> =
    fields ?? {};
  const decide = (written: Written<F>, scope: Scope): Decision<Decided<F, R>> => {
    const values = isMap(written) ? written : {};
    const parts = Object.entries<Known<unknown>>(keys).map(
      ([name, each]) => [name, scope.decide(name, each, own(values, name))] as const,
    );
    const all = parts.flatMap(([name, part]) => standing(name, part, own(standFor, name), scope));
    // Keys and fields are those that the type lists, one by one.
    const value = assembled(all) as Decided<F, R>;
    const rows = parts.flatMap((part) => part[1].rows);
    // Of a map in which nothing is set, `show` would print the key alone, which means nothing.
    const isEmpty = rows.length > 0 && rows.every((row) => row.value === null);
    return { value, rows: isEmpty ? [scope.row({}), ...rows] : rows };
  };
  const schema = {
    type: "object",
    properties: propertiesOf(keys),
    additionalProperties: false,
    ...(needed.length > 0 && { required: needed }),
  };
  const validate = withKnownKeys<Written<F>>(owner, codecs, needed, hints);
  return new Codec(mapOf(owner), ["map"], schema, validate, decide, {
    keys: Object.entries(keys),
    ...(kinds && { merging: { kinds } }),
  });
};

const mapOf = (owner: string): string => `a map with the keys of ${owner}`;

type Codecs = Readonly<Record<string, AnyCodec>>;

type Closed<R extends Codecs, O extends Codecs> = Flat<
  { [K in keyof R]: t.TypeOf<R[K]> } & { [K in keyof O]?: t.TypeOf<O[K]> }
>;

/** A map with known keys of other files than specs: nothing is decided about them. */
export const closed = <R extends Codecs, O extends Codecs>(
  owner: string,
  required: R,
  optional: O,
): Codec<Closed<R, O>> => {
  const codecs: Codecs = { ...required, ...optional };
  const schema = {
    type: "object",
    properties: Object.fromEntries(Object.entries(codecs).map(([k, c]) => [k, c.schema])),
    additionalProperties: false,
    required: Object.keys(required),
  };
  const validate = withKnownKeys<Closed<R, O>>(owner, codecs, Object.keys(required), {});
  return plainly(mapOf(owner), ["map"], schema, validate);
};

/** `A` is the map of the codecs' values, of which those that are needed are there. */
const withKnownKeys = <A>(
  owner: string,
  codecs: Codecs,
  needed: readonly string[],
  hints: Readonly<Record<string, string>>,
): t.Validate<unknown, A> => {
  const known = Object.keys(codecs);
  // Variants share what they do not change: a map that was right stays right.
  const accepted = new WeakSet<object>();
  const keyErrors = (
    u: Readonly<Record<string, unknown>>,
    name: string,
    c: t.Context,
  ): t.Errors => {
    const codec = own(codecs, name);
    const context = t.appendContext(c, name, codec ?? t.unknown, u[name]);
    if (codec === undefined) {
      const hint = own(everywhere, name) ?? own(hints, name);
      const meant = hint === undefined ? nearest(name, known) : undefined;
      return [blame(u[name], context, says.unknownKey(name, owner, known, hint, meant))];
    }
    const decoded = codec.validate(u[name], context);
    return E.isLeft(decoded) ? decoded.left : [];
  };
  const missing = (u: unknown, name: string, c: t.Context): t.ValidationError =>
    blame(u, c, says.missingKey(name, owner, own(codecs, name)?.expects ?? ""));
  return (u, c) => {
    if (!isMap(u)) return fail(u, c, says.wrongType(mapOf(owner), u));
    // Every value decodes to itself, so that the map itself is the value.
    if (accepted.has(u)) return t.success(u as A);
    const errors = [
      ...Object.keys(u).flatMap((name) => keyErrors(u, name, c)),
      ...needed.filter((name) => !Object.hasOwn(u, name)).map((name) => missing(u, name, c)),
    ];
    if (errors.length > 0) return t.failures(errors);
    accepted.add(u);
    return t.success(u as A);
  };
};

/** Keys that belong to other languages. */
const everywhere: Readonly<Record<string, string>> = {
  "<<": "maps are merged by `extends`; a value is repeated by an alias `*name`",
};

type Field = readonly [name: string, part: Part<unknown>];

const standing = (
  name: string,
  part: Part<unknown>,
  fields: Readonly<Record<string, Of<unknown>>> | undefined,
  scope: Scope,
): readonly Field[] =>
  fields === undefined
    ? [[name, part]]
    : Object.entries(fields).map(([field, of]) => [field, scope.part(() => of(part.get()))]);

/** A map of values; what could not be decoded notes when it is read. */
export const assembled = (parts: readonly Field[]): object => {
  const map = {};
  for (const [name, { get, poisoned }] of parts) {
    Object.defineProperty(
      map,
      name,
      poisoned
        ? { get, enumerable: true }
        : { value: get(), enumerable: true, writable: true, configurable: true },
    );
  }
  return map;
};

/** Of each key the schema of its values, with a sentence for editors. */
const propertiesOf = (keys: Readonly<Record<string, AnyKey>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(keys).map(([name, each]) => [name, schemaOf(each)]));

export const schemaOf = (each: AnyKey): Readonly<Record<string, unknown>> => {
  const { codec, words, otherwise } = each;
  const { constant } = otherwise;
  const description = [words, defaultInWords(otherwise)].filter((w) => w !== "").join(" ");
  return { ...codec.schema, description, ...(constant !== undefined && { default: constant }) };
};

/** "Default: 16 (paper, section 4.1)." */
const defaultInWords = ({ words, source }: Otherwise<unknown>): string => {
  const plain = words.replaceAll("`", "");
  const from = source === undefined ? "" : ` (${source.replaceAll("`", "")})`;
  return words === "" ? "" : `Default: ${plain}${from}.`;
};

interface Unless {
  readonly key: string;
  readonly is: readonly string[];
}

/** A map some of whose keys are needed, unless another key has a value that knows them. `names` say what each is. */
export const requiredUnless = <A, D>(
  codec: Codec<A, D>,
  owner: string,
  { key, is }: Unless,
  names: Readonly<Record<string, string>>,
): Codec<A, D> => {
  const needed = Object.entries(names);
  const schema = {
    ...codec.schema,
    if: { required: [key], properties: { [key]: { enum: is } } },
    else: { required: Object.keys(names) },
  };
  const validate: t.Validate<unknown, A> = (u, c) => {
    const decoded = codec.validate(u, c);
    if (!isMap(u) || is.some((value) => value === u[key])) return decoded;
    const missing = needed
      .filter(([name]) => !Object.hasOwn(u, name))
      .map(([name, what]) => blame(u, c, says.missingUnless(name, owner, what, key, is)));
    if (missing.length === 0) return decoded;
    return t.failures([...(decoded._tag === "Left" ? decoded.left : []), ...missing]);
  };
  const decide = (written: A, scope: Scope): Decision<D> => codec.decide(written, scope);
  return new Codec(codec.expects, codec.shapes, schema, validate, decide, codec);
};
