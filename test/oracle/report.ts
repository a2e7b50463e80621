/** What was measured, a row of a table a line: `npm run oracle` makes docs/numerics.md of it. */

import { appendFileSync } from "node:fs";

/** The tables of docs/numerics.md. */
export type Table = "logits" | "matrix" | "step" | "fifty" | "options" | "course" | "zoo";

/** Numbers as `1.2e-7`; what was not measured is a dash. */
export const report = (table: Table, title: string, ...cells: readonly (number | null)[]): void => {
  const file = process.env.PSPC_NUMERICS;
  if (!file) return;
  const shown = cells.map((cell) => (cell === null ? "–" : cell.toExponential(1)));
  appendFileSync(file, `${table}\t| ${[title, ...shown].join(" | ")} |\n`);
};
