/** What an error of the author's is: a structured value. Phases speak in paths; spans are filled in before printing. */

import type { Either } from "fp-ts/lib/Either.js";
import type { NonEmptyArray } from "fp-ts/lib/NonEmptyArray.js";

/** Where in the spec: `["model", "pyramid", "bins", 3]`. */
export type Path = readonly (string | number)[];

/** A piece of a source text: offsets in UTF-16 units, `end` excluded. `file` is the name that the user typed. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** A place that the printer shows, with a few words beside it. `on` says whether the key or the value is meant. */
export interface Place {
  readonly path: Path;
  readonly on?: "key" | "value";
  readonly label: string;
  /** Where the path stands. Left out by the phases, filled in once the sources of the spec are known. */
  readonly at?: Span;
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

type Details = Partial<Pick<Diagnostic, "related" | "notes" | "help">>;

const diagnose =
  (severity: Severity) =>
  (code: string, message: string, primary: Place, details: Details = {}): Diagnostic => ({
    code,
    severity,
    message,
    primary,
    related: [],
    notes: [],
    help: [],
    ...details,
  });

export const error = diagnose("error");
export const warning = diagnose("warning");
export const note = diagnose("note");

/** The result of a phase: its value, or every mistake that it found. */
export type Checked<A> = Either<NonEmptyArray<Diagnostic>, A>;
