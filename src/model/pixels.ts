/** What a loss makes of the pixels: their weights and classes, the hardest of them, the focal and the Dice loss. */

import {
  add,
  bincount,
  broadcast,
  cast,
  constant,
  divide,
  equal,
  exp,
  gather,
  greaterEqual,
  kthSmallest,
  log,
  maximum,
  minimum,
  multiply,
  negate,
  reshape,
  scalar,
  select,
  slice,
  stop,
  subtract,
  sum,
  vector,
} from "../graph/compose.js";
import { type Node, shapeOf, sizesOf } from "../graph/op.js";
import { product } from "../graph/type.js";
import { ignoredOf } from "../language/labels.js";
import type { Train } from "../normalize/experiment.js";

export const filled = (value: number, dtype: "i32" | "f32", like: Node): Node =>
  broadcast(constant({ kind: "fill", value }, dtype), shapeOf(like));

/** What each pixel weighs, `[N, H, W]`: its class's weight, or nothing where it is ignored. */
export const pixelWeights = (
  labels: Node,
  classes: number,
  classWeights: readonly number[] | null,
): Node => {
  const ignored = equal(labels, scalar(ignoredOf(classes), "i32"));
  const target = select(ignored, filled(0, "i32", labels), labels);
  const counted =
    classWeights === null ? filled(1, "f32", labels) : gather(vector(classWeights), target);
  return select(ignored, filled(0, "f32", labels), counted);
};

/** `[N, C, H, W]`: 1 where a pixel has class c. An ignored pixel has none. */
export const membership = (labels: Node, classes: number): Node => {
  const [n, height, width] = sizesOf(labels, 3);
  const each = constant(
    { kind: "values", values: [...Array(classes).keys()] },
    "i32",
    classes,
    1,
    1,
  );
  return cast(equal(reshape(labels, [n, 1, height, width]), each), "f32");
};

/** A crop with no pixel that counts has loss 0, where PyTorch has 0/0. */
export const orOne = (weight: Node): Node => select(equal(weight, scalar(0)), scalar(1), weight);

/** What the losses of a head share. */
export interface Pixels {
  /** `[N, C, H, W]`: the upsampled logits, all shifted alike at a pixel. */
  readonly logits: Node;
  /** `[N, C, H, W]`: e to the logits. */
  readonly exponentials: Node;
  /** `[N, H, W]`: their sum over the classes. */
  readonly partition: Node;
  /** `[N, C, H, W]` of 0 and 1 */
  readonly members: Node;
  /** i32 `[N, H, W]` */
  readonly labels: Node;
  /** i32: labels of the whole batch, of which these N images are a part. */
  readonly batch: Node;
}

/** A value a pixel, `[N, H, W]`, to meet one a class and pixel. */
export const perClass = (pixels: Node): Node => {
  const [n, height, width] = sizesOf(pixels, 3);
  return reshape(pixels, [n, 1, height, width]);
};

/** Smallest normal number, below which a logarithm's argument does not fall. */
export const tiny = 1.2e-38;

/**
 * Focal loss (Lin et al. 2017, equation 4), `[N, H, W]`: the cross-entropy −log p times (1 − p)^γ, so that pixels that
 * the network knows teach it little. p is the softmax's probability of the pixel's class; the paper has two classes.
 * What an ignored pixel has is finite, and counts for nothing.
 */
export const focalLoss = ({ logits, partition, members }: Pixels, gamma: number): Node => {
  const entropy = subtract(log(partition), sum(multiply(logits, members), [1]));
  const missed = maximum(subtract(scalar(1), exp(negate(entropy))), scalar(tiny));
  return multiply(entropy, exp(multiply(log(missed), scalar(gamma))));
};

/** Above every probability: an ignored pixel is the easiest of all. */
const EASIEST = 2;

/**
 * Online hard example mining (Shrivastava et al. 2016), as mmsegmentation's `OHEMPixelSampler` and HRNet's
 * `OhemCrossEntropy` have it.
 *
 * `[N, H, W]`: 1 where the probability of a pixel's class is below `threshold`, or so low that fewer than `keep`
 * pixels an image would be left without it (the smallest of all N images together); else 0. Where fewer than that
 * count at all, all of them stay, and an ignored pixel never does. No gradient flows through the choice.
 */
export const hardest = (
  { exponentials, partition, members, labels }: Pixels,
  { threshold, keep }: NonNullable<Train["loss"]["mining"]>,
): Node => {
  const own = stop(divide(sum(multiply(exponentials, members), [1]), partition));
  const ignored = equal(labels, scalar(ignoredOf(sizesOf(members, 4)[1]), "i32"));
  const rated = select(ignored, filled(EASIEST, "f32", labels), own);
  const pixels = product(shapeOf(labels));
  const rank = Math.min(keep * sizesOf(labels, 3)[0] + 1, pixels);
  const limit = maximum(kthSmallest(reshape(rated, [pixels]), rank), scalar(threshold));
  const easy = greaterEqual(rated, limit);
  return select(easy, filled(0, "f32", labels), filled(1, "f32", labels));
};

/**
 * The soft Dice loss (Milletari et al. 2016): how little the probabilities overlap the labels.
 *
 * Mean of 1 − (2·Σpy + 1) / (Σp² + Σy² + 1) over the classes that an image has, and the images of the batch: sums over
 * the pixels of one image that are not ignored, p the probability of the class, y 1 where it is the pixel's and else
 * 0. The definition is ours. mmsegmentation's `DiceLoss` has the same smooth 1 and exponent 2, but keeps ignored pixels
 * in Σp², which teaches probabilities that no label speaks of, and averages over all classes: those that an image lacks
 * have no term here, because theirs would teach the area of nothing. Class weights and mining do not apply.
 */
export const diceLoss = ({ exponentials, partition, members, labels, batch }: Pixels): Node => {
  const counts = pixelWeights(labels, sizesOf(members, 4)[1], null);
  const probabilities = multiply(exponentials, perClass(divide(counts, partition)));
  const sums = (x: Node): Node => sum(x, [2, 3]);
  const size = sums(members);
  const overlap = add(multiply(sums(multiply(probabilities, members)), scalar(2)), scalar(1));
  const both = add(add(sums(multiply(probabilities, probabilities)), size), scalar(1));
  const lost = subtract(scalar(1), divide(overlap, both));
  const present = minimum(size, scalar(1));
  return divide(sum(multiply(lost, present)), orOne(pairs(batch, sizesOf(members, 4)[1])));
};

/** How many classes the images have, summed over the images; without a map a class. */
const pairs = (labels: Node, classes: number): Node => {
  const [n] = sizesOf(labels, 3);
  const images = [...Array(n).keys()].map((i) => i * (classes + 1));
  const start = constant({ kind: "values", values: images }, "i32", n, 1, 1);
  // Ignored pixels are counted in a bucket of their own, which is cut off.
  const ignored = equal(labels, scalar(ignoredOf(classes), "i32"));
  const bucket = add(select(ignored, filled(classes, "i32", labels), labels), start);
  const counts = bincount(reshape(bucket, [product(shapeOf(labels))]), n * (classes + 1));
  const found = slice(reshape(counts, [n, classes + 1]), [0, 0], [n, classes]);
  return sum(minimum(cast(found, "f32"), scalar(1)));
};
