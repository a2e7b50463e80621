/** Maps the values in label files to class indices. */

import { Failed } from "../diagnostic/failure.js";
import type { Data } from "../normalize/experiment.js";
import { type Stray, strayValues } from "./errors.js";
import { decodeColours, decodeIndices, type Indices } from "./png.js";

/** The label of a pixel that does not count, here and in the graph. */
export const IGNORED = 255;

/** Of an experiment, what label files hold and mean. */
export type Labelling = Pick<Data, "labels" | "label_format">;

/** How label files are read, and what their values become. */
export interface LabelTable {
  readonly format: Data["label_format"];
  readonly decode: (bytes: Buffer, path: string) => Promise<Indices>;
  /** File value → class index, `IGNORED`, or −1 where the map says nothing. */
  readonly meaning: (value: number) => number;
}

export const labelDecoder = (format: Data["label_format"]): LabelTable["decode"] =>
  format === "colour" ? decodeColours : decodeIndices;

export function labelTable({ labels, label_format: format }: Labelling): LabelTable {
  const classes = new Map<number, number>();
  for (const [value, meaning] of labels)
    classes.set(value, meaning === "ignore" ? IGNORED : meaning);
  const decode = labelDecoder(format);
  if (format === "colour") return { format, decode, meaning: (value) => classes.get(value) ?? -1 };
  const table = new Int16Array(65536).fill(-1);
  for (const [value, meaning] of classes) table[value] = meaning;
  return { format, decode, meaning: (value) => table[value]! };
}

/** Class indices [H, W]. A value that the map does not name is a `Failed` with file, value and pixel count. */
export function toClasses({ values }: Indices, table: LabelTable, path: string): Uint8Array {
  const classes = new Uint8Array(values.length);
  let [seen, last, meaning] = [0, -1, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // Neighbours are alike: most pixels need no look-up.
    if (value !== last) {
      last = value;
      meaning = table.meaning(value);
      seen |= meaning; // −1 leaves the sign bit behind
    }
    classes[i] = meaning;
  }
  if (seen < 0) throw new Failed(strayValues(path, strays(values, table), table.format));
  return classes;
}

function strays(values: Indices["values"], table: LabelTable): readonly Stray[] {
  const pixels = new Map<number, number>();
  for (const value of values)
    if (table.meaning(value) < 0) pixels.set(value, (pixels.get(value) ?? 0) + 1);
  return [...pixels].map(([value, count]) => ({ value, pixels: count }));
}
