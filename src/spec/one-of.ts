/** Codec of a value that may take several forms, told apart by their shape: `473` or `[360, 480]`. */

import type * as t from "io-ts";
import { type AnyCodec, Codec, fail, shapeOf } from "./codec.js";
import * as says from "./errors.js";

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
