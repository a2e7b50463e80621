/** A value enters; the same value with something in it changed leaves: what authors, and worse, do to specs. */

import fc from "fast-check";

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [k: string]: Json };

const words = [
  "none",
  "ignore",
  "full",
  "1/3",
  "5/4",
  "x",
  "",
  "a b",
  "mirror",
  "__proto__",
  "crop",
  "voc",
  "folders",
];

export const stray: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    null,
    true,
    false,
    0,
    1,
    -1,
    0.5,
    255,
    256,
    1e9,
    1e-4,
    [],
    {},
    [1, 2],
    [[]],
  ),
  fc.constantFrom<Json>(...words),
  fc.integer({ min: -3, max: 600 }),
  fc.record(
    { deep: fc.constantFrom<Json>([32, 32, 64], 1), first: fc.integer() },
    { requiredKeys: [] },
  ),
);

const isMap = (v: Json): v is { readonly [k: string]: Json } =>
  typeof v === "object" && v !== null && !Array.isArray(v);

/** Walks down by `turns`; what stands where they end is replaced, removed or joined by a stray key. */
const change = (value: Json, turns: readonly number[], how: number, by: Json): Json => {
  const [turn, ...rest] = turns;
  const size = isMap(value) ? Object.keys(value).length : Array.isArray(value) ? value.length : 0;
  if (turn === undefined || size === 0) return by;
  const entries = Object.entries(value as object) as [string, Json][];
  const i = turn % size;
  const deeper = rest.length > 0;
  const changed = entries.flatMap(([k, v], j): [string, Json][] => {
    if (j !== i) return [[k, v]];
    if (deeper) return [[k, change(v, rest, how, by)]];
    if (how === 0) return [];
    return how === 1
      ? [[k, by]]
      : [
          [k, v],
          [`${k}s`, by],
        ];
  });
  return isMap(value) ? Object.fromEntries(changed) : changed.map(([, v]) => v);
};

export const mutated = (value: Json): fc.Arbitrary<Json> =>
  fc
    .array(fc.tuple(fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }), fc.nat(2), stray), {
      minLength: 0,
      maxLength: 3,
    })
    .map((steps) => steps.reduce((v, [turns, how, by]) => change(v, turns, how, by), value));
