/** Codec of a map with free keys: every key and every value is looked at. */

import * as t from "io-ts";
import { isMap } from "./closed.js";
import { blame, Codec, fail } from "./codec.js";
import * as says from "./errors.js";

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
