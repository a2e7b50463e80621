/** How often each class occurs in a split, and the class weights that follow from it. */

import { ignoredOf } from "../language/labels.js";
import type { Pair } from "./check.js";
import { type FactStore, isFailure, type LabelFacts } from "./facts.js";
import { type Labelling, labelTable } from "./labels.js";
import { openSplit, type Place, type Split } from "./layout.js";

/** What labels hold, class by class. */
export interface ClassCounts {
  /** Pixels of each class. */
  readonly pixels: readonly number[];
  /** Images in which it occurs. */
  readonly images: readonly number[];
  /** Pixels of these images, ignored ones left out. */
  readonly area: readonly number[];
  readonly ignored: number;
}

export const countClasses = (pairs: readonly Pair[], classes: number): ClassCounts => {
  const [pixels, images, area] = [0, 1, 2].map(() => new Array<number>(classes).fill(0)) as Three;
  let ignored = 0;
  const uncounted = ignoredOf(classes);
  for (const pair of pairs) {
    const unseen = pair.classes.get(uncounted) ?? 0;
    ignored += unseen;
    for (const [index, count] of pair.classes) {
      if (index === uncounted) continue;
      pixels[index]! += count;
      images[index]! += 1;
      area[index]! += pair.height * pair.width - unseen;
    }
  }
  return { pixels, images, area, ignored };
};

/**
 * Pixels of each class as they were when the split's labels were last read; nothing where one was not, or could not be.
 * No file of the data is read. @throws Failed where the split cannot be listed
 */
export const lastCounted = async (
  data: Place & Labelling,
  split: Split,
  store: FactStore,
): Promise<readonly number[] | undefined> => {
  const table = labelTable(data);
  const samples = await openSplit(data, split);
  const pixels = new Array<number>(table.classes).fill(0);
  for (const { label } of samples) {
    const facts = store.known<LabelFacts>(label, table.format);
    if (facts === undefined || isFailure(facts)) return undefined;
    for (const [value, count] of facts.values) {
      const index = table.meaning(value);
      if (index in pixels) pixels[index]! += count;
    }
  }
  return samples.length === 0 ? undefined : pixels;
};

type Three = [number[], number[], number[]];

/**
 * Median frequency balancing (Eigen and Fergus, ICCV 2015, section 6.3.2): a class's frequency is its share of
 * the images in which it occurs, its weight the median frequency over its own. A class without pixels has 0.
 */
export const medianFrequency = (
  pixels: readonly number[],
  /** Pixels of the images in which each class occurs. */
  area: readonly number[],
): readonly number[] => {
  const frequencies = pixels.map((count, i) => (count === 0 ? 0 : count / area[i]!));
  const middle = median(frequencies.filter((f) => f > 0));
  return frequencies.map((f) => (f === 0 ? 0 : middle / f));
};

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  if (sorted.length === 0) return 0;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
};
