/** The confusion matrix, which adds up over sets of pixels, and the scores that are computed from it. */

import type { Monoid } from "fp-ts/lib/Monoid.js";
import { invariant } from "../diagnostic/invariant.js";
import type { Evaluate } from "../normalize/experiment.js";

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

export interface Scores {
  readonly pixel_accuracy: number;
  /** Mean over the classes of the share of a class's pixels that was found. */
  readonly mean_accuracy: number;
  readonly miou: number;
  readonly frequency_weighted_iou: number;
  /** Per class, I/U; `null` where the class is absent and `skip` leaves it out of the mean. */
  readonly iou: readonly (number | null)[];
  readonly accuracy: readonly (number | null)[];
}

/**
 * The scores of the paper's section 5 over all pixels that were counted. Implementations disagree on the
 * IoU of a class that neither labels nor predictions hold, and so on the mean: semseg's is 0 (`zero`),
 * mmsegmentation leaves it out (`skip`), PaddleSeg's is 1 (`one`). Without any pixel every score is 0.
 */
export function scores({ classes, counts }: Confusion, absent: Evaluate["absent_class"]): Scores {
  const indices = Array.from({ length: classes }, (_, c) => c);
  const hit = indices.map((c) => counts[c * classes + c]!);
  const truth = indices.map((row) => sum(indices.map((c) => counts[row * classes + c]!)));
  const predicted = indices.map((column) => sum(indices.map((c) => counts[c * classes + column]!)));
  const share = (part: number, whole: number): number | null => {
    if (whole > 0) return part / whole;
    return { zero: 0, skip: null, one: 1 }[absent];
  };
  const union = indices.map((c) => truth[c]! + predicted[c]! - hit[c]!);
  const iou = indices.map((c) => share(hit[c]!, union[c]!));
  const accuracy = indices.map((c) => share(hit[c]!, truth[c]!));
  const pixels = Math.max(1, sum(truth));
  return {
    pixel_accuracy: sum(hit) / pixels,
    mean_accuracy: mean(accuracy),
    miou: mean(iou),
    frequency_weighted_iou: sum(indices.map((c) => (truth[c]! / pixels) * (iou[c] ?? 0))),
    iou,
    accuracy,
  };
}

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

function mean(xs: readonly (number | null)[]): number {
  const present = xs.filter((x) => x !== null);
  return present.length === 0 ? 0 : sum(present) / present.length;
}
