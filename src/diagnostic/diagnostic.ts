/** What a mistake of the author's is: a structured value. Phases speak in paths; spans are filled in before printing. */

import * as E from "fp-ts/lib/Either.js";
import type { NonEmptyArray } from "fp-ts/lib/NonEmptyArray.js";
import { invariant } from "./invariant.js";

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

/** New text for what stands at a path: a key, its value, or the whole entry, which no text takes away. */
export interface Edit {
  readonly path: Path;
  readonly on?: "key" | "value" | "entry";
  readonly text: string;
  /** As in a place. */
  readonly at?: Span;
}

/** A change to the author's text that removes the mistake. */
export interface Fix {
  /** An instruction: "write `batch`". */
  readonly title: string;
  readonly edits: readonly Edit[];
  /** Whether it is surely what the author meant, so that it may be made without asking. */
  readonly safe: boolean;
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
  /** Of the remedies that `help` names, those that can be made by a machine. */
  readonly fixes: readonly Fix[];
}

type Details = Partial<Pick<Diagnostic, "related" | "notes" | "help" | "fixes">>;

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
    fixes: [],
    ...details,
  });

export const error = diagnose("error");
export const warning = diagnose("warning");
export const note = diagnose("note");

/** The result of a phase: its value, or every mistake that it found. */
export type Checked<A> = E.Either<NonEmptyArray<Diagnostic>, A>;

const isNonEmpty = <A>(xs: readonly A[]): xs is NonEmptyArray<A> => xs.length > 0;

/** The value, unless there is something to say against it. */
export const unless = <A>(found: readonly Diagnostic[], value: () => A): Checked<A> =>
  isNonEmpty(found) ? E.left(found) : E.right(value());

export const reject = (first: Diagnostic, ...rest: readonly Diagnostic[]): Checked<never> =>
  E.left([first, ...rest]);

/** For places where something is known to be wrong. */
export const rejectAll = (found: readonly Diagnostic[]): Checked<never> => {
  invariant(isNonEmpty(found), "a rejection without a diagnostic");
  return E.left(found);
};

/** All values in order, or all mistakes in order. */
export const collect = <A>(checks: readonly Checked<A>[]): Checked<readonly A[]> => {
  const found = checks.flatMap((c) => (E.isLeft(c) ? c.left : []));
  return unless(found, () => checks.flatMap((c) => (E.isRight(c) ? [c.right] : [])));
};

/** The mistakes of a check; none when it holds. */
export const mistakes = <A>(check: Checked<A>): readonly Diagnostic[] =>
  E.isLeft(check) ? check.left : [];

const WORD = /^[A-Za-z_][\w-]*$/;

const step = (key: string | number): string => {
  if (typeof key === "number") return `[${key}]`;
  return WORD.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
};

/** One spelling for each path, so that it can serve as a key. The empty path is `(spec)`. */
export const formatPath = (path: Path): string =>
  path.length === 0 ? "(spec)" : path.map(step).join("").replace(/^\./, "");

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

const identity = (d: Diagnostic): string =>
  [d.code, d.message, d.primary.at?.file, d.primary.at?.start, d.primary.at?.end].join("\u0000");

const byPlace = (a: Diagnostic, b: Diagnostic): number => {
  const [x, y] = [a.primary.at, b.primary.at];
  return (
    compare(x?.file ?? "", y?.file ?? "") ||
    (x?.start ?? 0) - (y?.start ?? 0) ||
    rank[a.severity] - rank[b.severity] ||
    compare(a.code, b.code) ||
    compare(formatPath(a.primary.path), formatPath(b.primary.path))
  );
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The same mistake, seen from several variants, is told once, as it was first. */
export const inOrder = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] => {
  const first = new Map<string, Diagnostic>();
  for (const d of diagnostics) if (!first.has(identity(d))) first.set(identity(d), d);
  return [...first.values()].sort(byPlace);
};

export const errorsIn = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
  diagnostics.filter((d) => d.severity === "error");
