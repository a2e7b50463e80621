/**
 * The confusion matrix as a monoid: labels and predictions enter, counts by (truth, prediction) leave, and
 * the counts of two sets of pixels add up to those of both.
 */

import type { Monoid } from "fp-ts/lib/Monoid.js";
import { invariant } from "../diagnostic/invariant.js";

export interface Confusion {
  readonly classes: number;
  /** [C, C] row-major: row is truth, column is prediction. Exact up to 2⁵³ pixels. */
  readonly counts: Float64Array;
}

/** Pixels with this label are no pixels: they enter neither rows nor columns. */
const IGNORED = 255;

export const monoid = (classes: number): Monoid<Confusion> => ({
  empty: { classes, counts: new Float64Array(classes * classes) },
  concat: (x, y) => {
    invariant(x.classes === classes && y.classes === classes, "confusion of other classes");
    return { classes, counts: x.counts.map((n, i) => n + y.counts[i]!) };
  },
});

/** Counts as the graph returns them, [C, C] row-major, row truth. */
export function fromCounts(counts: ArrayLike<number>, classes: number): Confusion {
  invariant(counts.length === classes * classes, `${counts.length} counts of ${classes} classes`);
  return { classes, counts: Float64Array.from(counts) };
}

/** Counts the pixels of a label map [H, W] and its prediction [H, W], both class indices below `classes`. */
export function count(truth: Uint8Array, prediction: Uint8Array, classes: number): Confusion {
  invariant(truth.length === prediction.length, "labels and prediction of different size");
  const counts = new Float64Array(classes * classes);
  for (let i = 0; i < truth.length; i++) {
    const t = truth[i]!;
    if (t === IGNORED) continue;
    const p = prediction[i]!;
    invariant(t < classes && p < classes, `class ${Math.max(t, p)} of ${classes}`);
    counts[t * classes + p]! += 1;
  }
  return { classes, counts };
}
