/** Codecs of lists: of any length within bounds, or of a fixed one. */

import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts";
import { Codec, fail } from "./codec.js";
import * as says from "./errors.js";

interface Length {
  readonly min?: number;
  readonly max?: number;
}

/** `plural` names the items: "bins". All items are looked at, whatever is wrong with the others. */
export const list = <A>(
  plural: string,
  item: Codec<A>,
  { min = 0, max = Infinity }: Length = {},
): Codec<readonly A[]> => {
  const expects = min === max ? `a list of ${min} ${plural}` : `a list of ${plural}`;
  const schema = {
    type: "array",
    items: item.schema,
    ...(min > 0 && { minItems: min }),
    ...(max < Infinity && { maxItems: max }),
  };
  const bound = min === max ? `${min}` : max < Infinity ? `${min} to ${max}` : `at least ${min}`;
  return new Codec<readonly A[]>(expects, ["list"], schema, (u, c) => {
    if (!Array.isArray(u)) return fail(u, c, says.wrongType(expects, u));
    if (u.length < min || u.length > max)
      return fail(u, c, says.wrongLength(`${bound} ${plural}`, u.length));
    const values: readonly unknown[] = u;
    return all(values.map((v, i) => item.validate(v, t.appendContext(c, String(i), item, v))));
  });
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
  return new Codec(any.expects, any.shapes, any.schema, validate);
};
