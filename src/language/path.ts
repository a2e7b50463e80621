/** Paths of the language's keys, as types: a misspelt path does not compile. */

import type { Path } from "../diagnostic/diagnostic.js";
import type { Spec } from "./spec.js";

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
