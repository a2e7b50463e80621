/** Codec of a map that has one of a few known keys, or else is a free map: `{first: 1}`, or `{1: sky, 2: road}`. */

import * as t from "io-ts";
import { isMap } from "./closed.js";
import { type AnyCodec, Codec, fail } from "./codec.js";
import * as says from "./errors.js";

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
