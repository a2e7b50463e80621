/** Codec of a map some of whose keys are needed, unless another key has a value that knows them. */

import * as t from "io-ts";
import { isMap } from "./closed.js";
import { blame, Codec } from "./codec.js";
import * as says from "./errors.js";

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
