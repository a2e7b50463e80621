/** The confusion matrix, which adds up over sets of pixels, and the scores that are computed from it. */

import type { Monoid } from "fp-ts/lib/Monoid.js";
import { invariant } from "../diagnostic/invariant.js";
import { type ClassIndices, ignoredIn } from "../language/labels.js";
import type { Evaluate } from "../normalize/experiment.js";

export interface Confusion {
  readonly classes: number;
  /** [C, C] row-major: row is truth, column is prediction. Exact up to 2⁵³ pixels. */
  readonly counts: Float64Array;
}

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
export function count(truth: ClassIndices, prediction: ClassIndices, classes: number): Confusion {
  invariant(truth.length === prediction.length, "labels and prediction of different size");
  const counts = new Float64Array(classes * classes);
  const ignored = ignoredIn(truth);
  for (let i = 0; i < truth.length; i++) {
    const t = truth[i]!;
    if (t === ignored) continue;
    const p = prediction[i]!;
    invariant(t < classes && p < classes, `class ${Math.max(t, p)} of ${classes}`);
    counts[t * classes + p]! += 1;
  }
  return { classes, counts };
}

export interface Scores {
  /** As the other means: `null` where no pixel was counted, for then nothing was measured. */
  readonly pixel_accuracy: number | null;
  /** Mean over the classes of the share of a class's pixels that was found. */
  readonly mean_accuracy: number | null;
  readonly miou: number | null;
  readonly frequency_weighted_iou: number | null;
  /** Per class, I/U; `null` where the class is absent and `skip` leaves it out of the mean. */
  readonly iou: readonly (number | null)[];
  readonly accuracy: readonly (number | null)[];
  /** Per class, whether neither labels nor predictions hold it: its IoU is then the policy's and not measured. */
  readonly absent: readonly boolean[];
}

/**
 * The scores of the paper's section 5 over all pixels that were counted. Implementations disagree on the
 * IoU of a class that neither labels nor predictions hold, and so on the mean: semseg's is 0 (`zero`),
 * mmsegmentation leaves it out (`skip`), PaddleSeg's is 1 (`one`).
 */
export function scores(confusion: Confusion, absent: Evaluate["absent_class"]): Scores {
  const { hit, truth, union } = totals(confusion);
  const pixels = sum(truth);
  const share = (part: number, whole: number): number | null => {
    if (pixels === 0) return null;
    return whole > 0 ? part / whole : { zero: 0, skip: null, one: 1 }[absent];
  };
  const iou = hit.map((part, c) => share(part, union[c] ?? 0));
  const accuracy = hit.map((part, c) => share(part, truth[c] ?? 0));
  const weighted = truth.map((count, c) => (count / pixels) * (iou[c] ?? 0));
  return {
    pixel_accuracy: pixels === 0 ? null : sum(hit) / pixels,
    mean_accuracy: mean(accuracy),
    miou: mean(iou),
    frequency_weighted_iou: pixels === 0 ? null : sum(weighted),
    iou,
    accuracy,
    absent: union.map((count) => count === 0),
  };
}

/** Of each class: pixels that were found, that are in the labels, and that are in labels or predictions. */
const totals = ({ classes, counts }: Confusion) => {
  const indices = Array.from({ length: classes }, (_, c) => c);
  const at = (row: number, column: number): number => counts[row * classes + column] ?? 0;
  const hit = indices.map((c) => at(c, c));
  const truth = indices.map((row) => sum(indices.map((column) => at(row, column))));
  const predicted = indices.map((column) => sum(indices.map((row) => at(row, column))));
  const union = indices.map((c) => (truth[c] ?? 0) + (predicted[c] ?? 0) - (hit[c] ?? 0));
  return { hit, truth, union };
};

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

const mean = (xs: readonly (number | null)[]): number | null => {
  const present = xs.filter((x) => x !== null);
  return present.length === 0 ? null : sum(present) / present.length;
};
