/** The answer of `check --json`: a stable form of diagnostics for editors and scripts (schema/check.schema.json). */

import {
  type Diagnostic,
  type Edit,
  errorsIn,
  type Fix,
  formatPath,
  inOrder,
  type Place,
  type Severity,
  type Span,
} from "./diagnostic.js";
import { position, type Sources } from "./text.js";

/** Lines and columns count from 1, columns in UTF-16 units; the end is excluded. `null` where nothing was written. */
export interface RangeJson {
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly end_line: number | null;
  readonly end_column: number | null;
}

export interface RelatedJson extends RangeJson {
  readonly message: string;
}

export interface EditJson extends RangeJson {
  /** What takes the place of the range. */
  readonly text: string;
}

export interface FixJson {
  readonly title: string;
  readonly safe: boolean;
  readonly edits: readonly EditJson[];
}

export interface DiagnosticJson extends RangeJson {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly path: string;
  readonly notes: readonly string[];
  readonly help: readonly string[];
  readonly related: readonly RelatedJson[];
  readonly fixes: readonly FixJson[];
}

export interface CheckJson {
  readonly valid: boolean;
  readonly error_count: number;
  readonly diagnostics: readonly DiagnosticJson[];
}

export const toJson = (diagnostics: readonly Diagnostic[], sources: Sources): CheckJson => {
  const errors = errorsIn(diagnostics).length;
  const range = rangeIn(sources);
  return {
    valid: errors === 0,
    error_count: errors,
    diagnostics: inOrder(diagnostics).map((d) => one(d, range)),
  };
};

type RangeOf = (at: Span | undefined) => RangeJson;

const one = (d: Diagnostic, range: RangeOf): DiagnosticJson => {
  const { at, label, path } = d.primary;
  const notes = [...(label === "" ? [] : [label]), ...d.related.map((r) => r.label), ...d.notes];
  return {
    code: d.code,
    severity: d.severity,
    message: d.message,
    ...range(at),
    path: formatPath(path),
    notes,
    help: d.help,
    related: d.related.map((place) => related(place, range)),
    fixes: d.fixes.map((fix) => fixed(fix, range)),
  };
};

const related = ({ label, at }: Place, range: RangeOf): RelatedJson => ({
  message: label,
  ...range(at),
});

const fixed = ({ title, safe, edits }: Fix, range: RangeOf): FixJson => ({
  title,
  safe,
  edits: edits.map(({ text, at }: Edit) => ({ ...range(at), text })),
});

const rangeIn =
  (sources: Sources): RangeOf =>
  (at) => {
    if (at === undefined)
      return { file: null, line: null, column: null, end_line: null, end_column: null };
    const text = sources.get(at.file) ?? "";
    const [start, end] = [position(text, at.start), position(text, at.end)];
    return {
      file: at.file,
      line: start.line,
      column: start.column,
      end_line: end.line,
      end_column: end.column,
    };
  };
