/** Diagnostics enter; they leave without repetitions, in the order of their places. */

import type { Diagnostic, Severity } from "./diagnostic.js";
import { formatPath } from "./path.js";

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
