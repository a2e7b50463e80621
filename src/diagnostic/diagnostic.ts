/** What an error of the author's is: a structured value that speaks in paths; only the printer knows spans. */

import type { Either } from "fp-ts/lib/Either.js";
import type { NonEmptyArray } from "fp-ts/lib/NonEmptyArray.js";

/** Where in the spec: `["model", "pyramid", "bins", 3]`. */
export type Path = readonly (string | number)[];

/** A place that the printer shows, with a few words beside it. `on` says whether the key or the value is meant. */
export interface Place {
  readonly path: Path;
  readonly on?: "key" | "value";
  readonly label: string;
}

export type Severity = "error" | "warning" | "note";

export interface Diagnostic {
  /** `E` and four digits; the first two name the phase. */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly primary: Place;
  readonly related: readonly Place[];
  readonly notes: readonly string[];
  readonly help: readonly string[];
}

/** The result of a phase: its value, or every mistake that it found. */
export type Checked<A> = Either<NonEmptyArray<Diagnostic>, A>;
