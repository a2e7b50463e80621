/** The rows of a comparison enter; comma-separated values leave (RFC 4180): a line a variant, shares between 0 and 1. */

import type { Row } from "../run/row.js";

export const comparisonCsv = (rows: readonly Row[]): string => {
  const classes = rows[0]?.classes ?? [];
  const head = [...Object.keys(scalars), ...classes.map(({ name }) => `iou ${name}`)];
  const lines = rows.map((row) => [
    ...Object.values(scalars).map((of) => of(row)),
    ...row.classes.map(({ iou }) => iou),
  ]);
  return [head, ...lines].map((line) => line.map(field).join(",")).join("\r\n");
};

type Cell = string | number | null;

const mious = ({ evaluations }: Row): readonly number[] => evaluations.map(({ miou }) => miou);

/** The columns before the classes. */
const scalars: Readonly<Record<string, (row: Row) => Cell>> = {
  variant: ({ variant }) => variant,
  seeds: ({ seeds }) => seeds.join(" "),
  miou: ({ miou }) => miou.mean,
  "miou worst": (row) => Math.min(...mious(row)),
  "miou best": (row) => Math.max(...mious(row)),
  "mean accuracy": ({ mean_accuracy }) => mean_accuracy.mean,
  "pixel accuracy": ({ pixel_accuracy }) => pixel_accuracy.mean,
  parameters: ({ parameters }) => parameters,
  macs: ({ macs }) => macs,
  "training seconds": ({ seconds }) => seconds,
  "peak memory bytes": ({ peak_memory }) => peak_memory,
};

/**
 * Quoted where it must be. Text that a spreadsheet would run as a formula gets an apostrophe before it:
 * names come from specs, which come from anywhere.
 */
const field = (cell: Cell): string => {
  if (cell === null) return "";
  if (typeof cell === "number") return `${cell}`;
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
