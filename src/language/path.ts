/** Paths of the language's keys: as types, so that a misspelt path does not compile; and of each declaration. */

import type { Path } from "../diagnostic/diagnostic.js";
import { invariant } from "../diagnostic/invariant.js";
import type { Described } from "./codec.js";
import type { AnyKey } from "./key.js";
import { type Spec, spec } from "./spec.js";

/** `K` and everything below it; lists and maps with free keys end a path. */
type Below<T> = T extends readonly unknown[]
  ? never
  : T extends object
    ? string extends keyof T
      ? never
      : { [K in keyof T & string]-?: K | `${K}.${Below<T[K]>}` }[keyof T & string]
    : never;

/** Every key of the language, with dots: `model.pyramid.bins`, `train.optimizer.sgd.momentum`. */
export type KeyPath = Below<Spec>;

/** `path("model.pyramid.bins", 3)` is `["model", "pyramid", "bins", 3]`: a key, and steps into its value. */
export const path = (key: KeyPath, ...inside: Path): Path => [...key.split("."), ...inside];

export interface Declared {
  /** Keys inside the items of a list stand below the list: `train.augment.rotate.border`. */
  readonly path: readonly string[];
  readonly key: AnyKey;
}

const below = ({ keys }: Pick<Described, "keys">, at: readonly string[]): readonly Declared[] =>
  keys.flatMap(([name, key]) => [{ path: [...at, name], key }, ...below(key.codec, [...at, name])]);

/** Every declaration of the language, in the order of a spec. */
export const declarations: readonly Declared[] = below(spec, []);

const byName: ReadonlyMap<string, Declared> = new Map(
  declarations.map((declared) => [declared.path.join("."), declared]),
);

/** Of the key at a path of a spec; indices of lists count for nothing. */
export const declarationAt = (at: Path): Declared | undefined =>
  byName.get(at.filter((step) => typeof step === "string").join("."));

const places: ReadonlyMap<AnyKey, Path> = new Map(
  declarations.map((declared) => [declared.key, declared.path] as const).toReversed(),
);

/** Where the language has a key; the first place, where it has it twice. */
export const placeOf = (key: AnyKey): Path => {
  const place = places.get(key);
  invariant(place !== undefined, "a key that is not of the language");
  return place;
};
