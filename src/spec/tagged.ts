/** Codec of a choice that may carry a value: `blur`, or `{blur: 0.5}`. */

import * as t from "io-ts";
import { isMap } from "./closed.js";
import { type AnyCodec, Codec, fail } from "./codec.js";
import * as says from "./errors.js";

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
