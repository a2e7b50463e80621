/**
 * Online hard example mining (Shrivastava et al. 2016) over pixels, as mmsegmentation's `OHEMPixelSampler` and HRNet's
 * `OhemCrossEntropy` have it: the probabilities of a head enter, the choice of pixels that count leaves.
 */

import {
  divide,
  equal,
  greaterEqual,
  kthSmallest,
  maximum,
  multiply,
  reshape,
  scalar,
  select,
  stop,
  sum,
} from "../graph/compose.js";
import { type Node, shapeOf } from "../graph/op.js";
import { product } from "../graph/type.js";
import type { Train } from "../normalize/experiment.js";
import { filled, IGNORE, type Pixels } from "./pixels.js";

/** Above every probability: an ignored pixel is the easiest of all. */
const EASIEST = 2;

/**
 * `[N, H, W]`: 1 where the probability of a pixel's class is below `threshold`, or so low that fewer than `keep`
 * pixels an image would be left without it (the smallest of all N images together); else 0. Where fewer than that
 * count at all, all of them stay, and an ignored pixel never does. No gradient flows through the choice.
 */
export const hardest = (
  { exponentials, partition, members, labels }: Pixels,
  { threshold, keep }: NonNullable<Train["loss"]["mining"]>,
): Node => {
  const own = stop(divide(sum(multiply(exponentials, members), [1]), partition));
  const ignored = equal(labels, scalar(IGNORE, "i32"));
  const rated = select(ignored, filled(EASIEST, "f32", labels), own);
  const pixels = product(shapeOf(labels));
  const rank = Math.min(keep * shapeOf(labels)[0] + 1, pixels);
  const limit = maximum(kthSmallest(reshape(rated, [pixels]), rank), scalar(threshold));
  const easy = greaterEqual(rated, limit);
  return select(easy, filled(0, "f32", labels), filled(1, "f32", labels));
};
