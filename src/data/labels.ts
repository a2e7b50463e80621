/** Maps the values in label files to class indices. */

import * as E from "fp-ts/lib/Either.js";
import type { Failure } from "../diagnostic/failure.js";
import { areWide, type ClassIndices, classIndices, ignoredOf } from "../language/labels.js";
import type { Data } from "../normalize/experiment.js";
import { type Stray, strayValues } from "./label-errors.js";
import type { Indices } from "./label-file.js";
import type { PictureReading } from "./picture.js";

/** Of an experiment, how its files are read and what their values mean. */
export type Labelling = Pick<Data, "classes" | "labels" | "label_format" | "images">;

export interface LabelTable {
  readonly format: Data["label_format"];
  readonly reading: PictureReading | null;
  /** How many classes there are. */
  readonly classes: number;
  /** File value → class index, that of an ignored pixel, or −1 where the map says nothing. */
  readonly meaning: (value: number) => number;
}

export function labelTable({
  classes: { length: count },
  labels,
  label_format: format,
  images: reading,
}: Labelling): LabelTable {
  const classes = new Map<number, number>();
  for (const [value, meaning] of labels)
    classes.set(value, meaning === "ignore" ? ignoredOf(count) : meaning);
  if (format === "colour")
    return { format, reading, classes: count, meaning: (value) => classes.get(value) ?? -1 };
  const table = new Int32Array(65536).fill(-1);
  for (const [value, meaning] of classes) table[value] = meaning;
  return { format, reading, classes: count, meaning: (value) => table[value] ?? -1 };
}

/** Class indices [H, W], which may be the values themselves; or of those that the map does not name file, value and pixel count. */
export function toClasses(
  { values }: Indices,
  table: LabelTable,
  path: string,
): E.Either<Failure, ClassIndices> {
  const areBytes = values instanceof Uint8Array && !areWide(table.classes);
  const classes = areBytes ? ofBytes(values, table) : ofAny(values, table);
  const all = { pixels: values.length, unlisted: 0 };
  return classes === null
    ? E.left(strayValues(path, strays(values, table), table.format, all))
    : E.right(classes);
}

/** Most files hold the classes as they are; it is enough to look which values there are. */
function ofBytes(values: Uint8Array, { meaning }: LabelTable): Uint8Array | null {
  const seen = valuesIn(values);
  const meanings = Int16Array.from(seen, (isSeen, value) => (isSeen ? meaning(value) : value));
  if (meanings.includes(-1)) return null;
  if (meanings.every((classed, value) => classed === value))
    return new Uint8Array(values.buffer, values.byteOffset, values.length);
  const classes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) classes[i] = meanings[values[i]!]!;
  return classes;
}

/** 1 for each value that there is. Neighbours are alike: most groups of four are the same as the one before. */
function valuesIn(values: Uint8Array): Uint8Array {
  const seen = new Uint8Array(256);
  const end = values.length;
  const start = Math.min(end, -values.byteOffset & 3);
  const groups = new Int32Array(values.buffer, values.byteOffset + start, (end - start) >> 2);
  let last = groups[0] === 0 ? 1 : 0;
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]!;
    if (group === last) continue;
    last = group;
    seen[group & 255] = 1;
    seen[(group >>> 8) & 255] = 1;
    seen[(group >>> 16) & 255] = 1;
    seen[group >>> 24] = 1;
  }
  for (let i = 0; i < start; i++) seen[values[i]!] = 1;
  for (let i = start + 4 * groups.length; i < end; i++) seen[values[i]!] = 1;
  return seen;
}

function ofAny(values: Indices["values"], table: LabelTable): ClassIndices | null {
  const classes = classIndices(table.classes, values.length);
  let [seen, last, meaning] = [0, -1, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!; // within its length
    // Neighbours are alike: most pixels need no look-up.
    if (value !== last) {
      last = value;
      meaning = table.meaning(value);
      seen |= meaning; // −1 sets the sign bit
    }
    classes[i] = meaning;
  }
  return seen < 0 ? null : classes;
}

function strays(values: Indices["values"], table: LabelTable): readonly Stray[] {
  const pixels = new Map<number, number>();
  for (const value of values)
    if (table.meaning(value) < 0) pixels.set(value, (pixels.get(value) ?? 0) + 1);
  return [...pixels].map(([value, count]) => ({ value, pixels: count }));
}
