/** Diagnostics enter; the answer of `check --json` leaves: a stable form for editors and scripts. */

import { type Diagnostic, errorsIn, formatPath, inOrder, type Severity } from "./diagnostic.js";
import { position, type Sources } from "./text.js";

export interface DiagnosticJson {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly end_line: number | null;
  readonly end_column: number | null;
  readonly path: string;
  readonly notes: readonly string[];
  readonly help: readonly string[];
}

export interface CheckJson {
  readonly valid: boolean;
  readonly error_count: number;
  readonly diagnostics: readonly DiagnosticJson[];
}

export const toJson = (diagnostics: readonly Diagnostic[], sources: Sources): CheckJson => {
  const errors = errorsIn(diagnostics).length;
  const told = inOrder(diagnostics).map((d) => one(d, sources));
  return { valid: errors === 0, error_count: errors, diagnostics: told };
};

const one = (d: Diagnostic, sources: Sources): DiagnosticJson => {
  const { at, label } = d.primary;
  const text = at && (sources.get(at.file) ?? "");
  const start = at && position(text!, at.start);
  const end = at && position(text!, at.end);
  const notes = [...(label === "" ? [] : [label]), ...d.related.map((r) => r.label), ...d.notes];
  return {
    code: d.code,
    severity: d.severity,
    message: d.message,
    file: at?.file ?? null,
    line: start?.line ?? null,
    column: start?.column ?? null,
    end_line: end?.line ?? null,
    end_column: end?.column ?? null,
    path: formatPath(d.primary.path),
    notes,
    help: d.help,
  };
};
