/** From the values in label files to class indices: a label map enters once, label maps [H, W] go through it. */

import { Failed } from "../diagnostic/failure.js";
import type { LabelMap } from "../normalize/experiment.js";
import { type Stray, strayValues } from "./errors.js";
import type { Indices } from "./png.js";

/** The label of a pixel that does not count, here and in the graph. */
export const IGNORED = 255;

/** File value → class index, `IGNORED`, or −1 where the map says nothing; a label file has up to 16 bits. */
export type LabelTable = Int16Array;

export function labelTable(labels: LabelMap): LabelTable {
  const table = new Int16Array(65536).fill(-1);
  for (const [value, meaning] of labels) table[value] = meaning === "ignore" ? IGNORED : meaning;
  return table;
}

/** Class indices [H, W]. A value that the map does not name is a `Failed` with file, value and pixel count. */
export function toClasses({ values }: Indices, table: LabelTable, path: string): Uint8Array {
  const classes = new Uint8Array(values.length);
  let seen = 0;
  for (let i = 0; i < values.length; i++) {
    const meaning = table[values[i]!]!;
    classes[i] = meaning;
    seen |= meaning; // −1 leaves the sign bit behind
  }
  if (seen < 0) throw new Failed(strayValues(path, strays(values, table)));
  return classes;
}

function strays(values: Indices["values"], table: LabelTable): readonly Stray[] {
  const pixels = new Map<number, number>();
  for (const value of values)
    if (table[value]! < 0) pixels.set(value, (pixels.get(value) ?? 0) + 1);
  return [...pixels].sort(([a], [b]) => a - b).map(([value, count]) => ({ value, pixels: count }));
}
