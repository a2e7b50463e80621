/** What deciding a value may ask, and what it leaves: the interface between declarations and normalisation. */

import type { Path, Span } from "../diagnostic/diagnostic.js";
import type { AnyKey, Known } from "./key.js";
import type { Preset, Semantics } from "./semantics.js";

/** Where a value came from. */
export type Origin =
  | { readonly kind: "written"; readonly span: Span }
  | { readonly kind: "preset"; readonly name: Preset }
  | { readonly kind: "default"; readonly source: string }
  | { readonly kind: "inferred"; readonly source: string };

/** A value as a spec would write it; `null` where the language has no word for "nothing". */
export interface Row {
  readonly path: Path;
  readonly value: unknown;
  readonly origin: Origin;
  /** What a name stands for, where the value is one. */
  readonly means?: string;
}

export interface Decision<D> {
  readonly value: D;
  /** What `show` prints of it, in the order of a spec. */
  readonly rows: readonly Row[];
}

/** What a key is where it is not written, and why. */
export interface Chosen<V> {
  readonly value: V;
  /** `null`: `show` prints nothing, because another key says it. */
  readonly origin: Origin | null;
}

/** One value of a map, which may depend on what could not be decoded. */
export interface Part<D> {
  /** The value. Notes that it was read where it is a stand-in for what could not be decoded. */
  readonly get: () => D;
  readonly rows: readonly Row[];
  readonly poisoned: boolean;
}

/** The surroundings of one value: its path, its origin, and the other keys of the spec. */
export interface Scope {
  readonly path: Path;
  /** One row for the whole value. */
  row(value: unknown, means?: string): Row;
  /** The same place, for a value that is not the author's. */
  from(origin: Origin): Scope;
  /** One step down. */
  below(step: string | number): Scope;
  /** A key of the map that stands here, as written, or as its declaration has it. */
  decide<D>(name: string, key: Known<D>, written: unknown): Part<D>;
  /** A value made of others: poisoned if it reads one that is. */
  part<D>(make: () => D): Part<D>;
  /** What another key is decided to. */
  read<D>(key: Known<D>): D;
  isWritten(key: AnyKey): boolean;
  /** What the spec's `semantics` say. */
  preset<F extends keyof Semantics>(field: F): Chosen<Semantics[F]>;
  /** Absolute: relative to the file in which it was written, and that to where the command runs. */
  absolute(path: string): string;
}
