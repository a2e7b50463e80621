/** Codec of a map with known keys: unknown and missing keys are faults, and all values are looked at. */

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
