/** Codecs of maps: with known keys, with free keys, or with one key that names a choice. */

import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts";
import { type AnyCodec, blame, Codec, fail, shapeOf } from "./codec.js";
import * as says from "./errors.js";

export type Fields = Readonly<Record<string, AnyCodec>>;

type Flat<T> = { readonly [K in keyof T]: T[K] };

export type Closed<R extends Fields, O extends Fields> = Flat<
  { [K in keyof R]: t.TypeOf<R[K]> } & { [K in keyof O]?: t.TypeOf<O[K]> }
>;

export const isMap = (u: unknown): u is Readonly<Record<string, unknown>> => shapeOf(u) === "map";

/** `owner` is what the map is called in messages: "the pyramid". `hints` answer keys that authors try in vain. */
export const closed = <R extends Fields, O extends Fields>(
  owner: string,
  required: R,
  optional: O,
  hints: Readonly<Record<string, string>> = {},
): Codec<Closed<R, O>> => {
  const fields: Fields = { ...required, ...optional };
  const known = Object.keys(fields);
  const properties = Object.fromEntries(known.map((k) => [k, fields[k]!.schema]));
  const needed = Object.keys(required);
  const schema = {
    type: "object",
    properties,
    additionalProperties: false,
    ...(needed.length > 0 && { required: needed }),
  };
  const expects = `a map with the keys of ${owner}`;
  // Variants share what they do not change: a map that was right stays right.
  const accepted = new WeakSet<object>();
  const validate: t.Validate<unknown, Closed<R, O>> = (u, c) => {
    if (!isMap(u)) return fail(u, c, says.wrongType(expects, u));
    if (accepted.has(u)) return t.success(u as Closed<R, O>);
    const errors = [
      ...Object.keys(u).flatMap((key) => keyErrors(u, key, c)),
      ...needed.filter((key) => !Object.hasOwn(u, key)).map((key) => missing(u, key, c)),
    ];
    if (errors.length > 0) return t.failures(errors);
    accepted.add(u);
    // Every field was decoded without a change, so that the map itself is the value.
    return t.success(u as Closed<R, O>);
  };
  const keyErrors = (u: Readonly<Record<string, unknown>>, key: string, c: t.Context): t.Errors => {
    const hasField = Object.hasOwn(fields, key);
    const field = hasField ? fields[key]! : unknownField;
    const context = t.appendContext(c, key, field, u[key]);
    const hint = Object.hasOwn(everywhere, key) ? everywhere[key] : hintFor(key);
    if (!hasField) return [blame(u[key], context, says.unknownKey(key, owner, known, hint))];
    const decoded = field.validate(u[key], context);
    return E.isLeft(decoded) ? decoded.left : [];
  };
  const hintFor = (key: string): string | undefined =>
    Object.hasOwn(hints, key) ? hints[key] : undefined;
  const missing = (u: unknown, key: string, c: t.Context): t.ValidationError =>
    blame(u, c, says.missingKey(key, owner, fields[key]!.expects));
  return new Codec(expects, ["map"], schema, validate);
};

/** The same codec with its keys in the order of a well-written spec, for the schema and the reference. */
export const inOrder = <A>(codec: Codec<A>, ...keys: readonly string[]): Codec<A> => {
  const properties = codec.schema.properties as Readonly<Record<string, unknown>>;
  const sorted = Object.fromEntries(
    [...new Set([...keys, ...Object.keys(properties)])].map((key) => [key, properties[key]]),
  );
  return new Codec(
    codec.expects,
    codec.shapes,
    { ...codec.schema, properties: sorted },
    codec.validate,
  );
};

/** Keys that belong to other languages. */
const everywhere: Readonly<Record<string, string>> = {
  "<<": "maps are merged by `extends`; a value is repeated by an alias `*name`",
};

const unknownField: AnyCodec = new Codec("nothing", [], {}, t.success);

interface Unless {
  readonly key: string;
  readonly is: readonly string[];
}

/** `keys` say what each is: "the training split". What the map's own codec finds is told as well. */
export const requiredUnless = <A>(
  codec: Codec<A>,
  owner: string,
  { key, is }: Unless,
  keys: Readonly<Record<string, string>>,
): Codec<A> => {
  const needed = Object.keys(keys);
  const schema = {
    ...codec.schema,
    if: { required: [key], properties: { [key]: { enum: is } } },
    else: { required: needed },
  };
  const validate: t.Validate<unknown, A> = (u, c) => {
    const decoded = codec.validate(u, c);
    if (!isMap(u) || is.some((value) => value === u[key])) return decoded;
    const missing = needed
      .filter((name) => !Object.hasOwn(u, name))
      .map((name) => blame(u, c, says.missingUnless(name, owner, keys[name]!, key, is)));
    if (missing.length === 0) return decoded;
    return t.failures([...(decoded._tag === "Left" ? decoded.left : []), ...missing]);
  };
  return new Codec(codec.expects, codec.shapes, schema, validate);
};

type Payloads = Readonly<Record<string, AnyCodec>>;

type Tagged<P extends Payloads, B extends keyof P> =
  | { [K in keyof P]: { readonly [J in K]: t.TypeOf<P[K]> } }[keyof P]
  | B;

/** `bare` lists the tags that may stand alone; `hints` answer tags that authors try in vain. */
export const tagged = <P extends Payloads, B extends keyof P & string = never>(
  owner: string,
  payloads: P,
  bare: readonly B[] = [],
  hints: Readonly<Record<string, string>> = {},
): Codec<Tagged<P, B>> => {
  const tags = Object.keys(payloads);
  const expects = `${/^[aeiou]/.test(owner) ? "an" : "a"} ${owner}`;
  const known = (tag: string): AnyCodec | undefined =>
    Object.hasOwn(payloads, tag) ? payloads[tag] : undefined;
  const hintFor = (tag: string): string | undefined =>
    Object.hasOwn(hints, tag) ? hints[tag] : undefined;
  const validate: t.Validate<unknown, Tagged<P, B>> = (u, c) => {
    if (typeof u === "string") return alone(u, c);
    if (!isMap(u)) return fail(u, c, says.wrongType(expects, u));
    const [tag, ...more] = Object.keys(u);
    if (tag === undefined || more.length > 0)
      return fail(u, c, says.notOneTag(owner, tags, Object.keys(u).length));
    const codec = known(tag);
    const inside = t.appendContext(c, tag, codec ?? t.unknown, u[tag]);
    if (codec === undefined) {
      return fail(u, inside, { ...says.unknownTag(tag, owner, tags, hintFor(tag)), on: "key" });
    }
    const decoded = codec.validate(u[tag], inside);
    return decoded._tag === "Left" ? decoded : t.success(u as Tagged<P, B>);
  };
  const alone = (tag: string, c: t.Context): t.Validation<Tagged<P, B>> => {
    const isBare = bare.find((b) => b === tag);
    if (isBare !== undefined) return t.success(isBare);
    const codec = known(tag);
    if (codec) return fail(tag, c, says.tagNeedsValue(tag, owner, codec.expects));
    return fail(tag, c, says.unknownTag(tag, owner, tags, hintFor(tag)));
  };
  return new Codec(
    expects,
    bare.length > 0 ? ["text", "map"] : ["map"],
    schemaOf(payloads, bare),
    validate,
  );
};

const schemaOf = (payloads: Payloads, bare: readonly string[]) => ({
  anyOf: [
    ...(bare.length > 0 ? [{ enum: bare }] : []),
    ...Object.entries(payloads).map(([tag, codec]) => ({
      type: "object",
      properties: { [tag]: codec.schema },
      required: [tag],
      additionalProperties: false,
    })),
  ],
});

type Keyed<P extends Readonly<Record<string, AnyCodec>>> = {
  [K in keyof P]: { readonly [J in K]: t.TypeOf<P[K]> };
}[keyof P];

/** The first known key decides how the whole map is read; without one, `otherwise` reads it. */
export const keyed = <P extends Readonly<Record<string, AnyCodec>>, A>(
  owner: string,
  otherwise: Codec<A>,
  payloads: P,
): Codec<Keyed<P> | A> => {
  const single = (key: string) => ({
    type: "object",
    properties: { [key]: payloads[key]!.schema },
    required: [key],
    additionalProperties: false,
  });
  const known = Object.keys(payloads);
  const schema = { anyOf: [...known.map(single), otherwise.schema] };
  const validate: t.Validate<unknown, Keyed<P> | A> = (u, c) => {
    const key = isMap(u) ? known.find((k) => Object.hasOwn(u, k)) : undefined;
    if (key === undefined || !isMap(u)) return otherwise.validate(u, c);
    const others = Object.keys(u).filter((k) => k !== key);
    if (others.length > 0) return fail(u, c, says.notAlone(owner, key, others));
    const decoded = payloads[key]!.validate(
      u[key],
      t.appendContext(c, key, payloads[key]!, u[key]),
    );
    return decoded._tag === "Left" ? decoded : t.success(u as Keyed<P>);
  };
  return new Codec(otherwise.expects, ["map"], schema, validate);
};

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
  return new Codec<Readonly<Record<string, A>>>(expects, ["map"], schema, (u, c) => {
    if (!isMap(u)) return fail(u, c, says.wrongType(expects, u));
    const errors = Object.keys(u).flatMap((k) => {
      const context = t.appendContext(c, k, item, u[k]);
      const decoded = item.validate(u[k], context);
      const wrongKey = key.pattern.test(k)
        ? []
        : [blame(u[k], context, says.wrongKeyForm(k, key.expects))];
      return [...wrongKey, ...(decoded._tag === "Left" ? decoded.left : [])];
    });
    return errors.length > 0 ? t.failures(errors) : t.success(u as Readonly<Record<string, A>>);
  });
};

/** Any value: what stands under a variant is checked where it is put. */
export const anything: Codec<unknown> = new Codec(
  "any value",
  ["nothing", "flag", "number", "text", "list", "map"],
  {},
  t.success,
);
