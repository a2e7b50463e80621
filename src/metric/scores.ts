/** Scores of a segmentation as folds over its confusion matrix: counts enter, shares between 0 and 1 leave. */

import type { Evaluate } from "../normalize/experiment.js";
import type { Confusion } from "./confusion.js";

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
