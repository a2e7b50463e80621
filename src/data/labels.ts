/** Maps the values in label files to class indices. */

import * as E from "fp-ts/lib/Either.js";
import type { Failure } from "../diagnostic/failure.js";
import { type ClassIndices, classIndices, ignoredOf } from "../language/labels.js";
import type { Data } from "../normalize/experiment.js";
import { type Stray, strayValues } from "./errors.js";
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

/** Class indices [H, W]; or of values that the map does not name file, value and pixel count. */
export function toClasses(
  { values }: Indices,
  table: LabelTable,
  path: string,
): E.Either<Failure, ClassIndices> {
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
  return seen < 0
    ? E.left(
        strayValues(path, strays(values, table), table.format, {
          pixels: values.length,
          unlisted: 0,
        }),
      )
    : E.right(classes);
}

function strays(values: Indices["values"], table: LabelTable): readonly Stray[] {
  const pixels = new Map<number, number>();
  for (const value of values)
    if (table.meaning(value) < 0) pixels.set(value, (pixels.get(value) ?? 0) + 1);
  return [...pixels].map(([value, count]) => ({ value, pixels: count }));
}
