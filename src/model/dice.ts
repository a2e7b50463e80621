/** The soft Dice loss (Milletari et al. 2016) of a head: how little its probabilities overlap the labels. */

import {
  add,
  bincount,
  cast,
  constant,
  divide,
  equal,
  minimum,
  multiply,
  reshape,
  scalar,
  select,
  slice,
  subtract,
  sum,
} from "../graph/compose.js";
import { type Node, shapeOf } from "../graph/op.js";
import { product } from "../graph/type.js";
import { filled, IGNORE, orOne, type Pixels, perClass, pixelWeights } from "./pixels.js";

/**
 * Mean of 1 − (2·Σpy + 1) / (Σp² + Σy² + 1) over the classes that an image has, and the images of the batch: sums over
 * the pixels of one image that are not ignored, p the probability of the class, y 1 where it is the pixel's and else
 * 0. The terms are those of mmsegmentation's `DiceLoss` (its smooth 1 and exponent 2); classes that an image lacks
 * have no term, because theirs would teach the area of nothing. Class weights and mining do not apply.
 */
export const diceLoss = ({ exponentials, partition, members, labels, batch }: Pixels): Node => {
  const counts = pixelWeights(labels, null);
  const probabilities = multiply(exponentials, perClass(divide(counts, partition)));
  const sums = (x: Node): Node => sum(x, [2, 3]);
  const size = sums(members);
  const overlap = add(multiply(sums(multiply(probabilities, members)), scalar(2)), scalar(1));
  const both = add(add(sums(multiply(probabilities, probabilities)), size), scalar(1));
  const lost = subtract(scalar(1), divide(overlap, both));
  const present = minimum(size, scalar(1));
  return divide(sum(multiply(lost, present)), orOne(pairs(batch, shapeOf(members)[1])));
};

/** How many classes the images have, summed over the images; without a map a class. */
const pairs = (labels: Node, classes: number): Node => {
  const [n] = shapeOf(labels);
  const images = [...Array(n).keys()].map((i) => i * (classes + 1));
  const start = constant({ kind: "values", values: images }, "i32", n, 1, 1);
  // Ignored pixels are counted in a bucket of their own, which is cut off.
  const ignored = equal(labels, scalar(IGNORE, "i32"));
  const bucket = add(select(ignored, filled(classes, "i32", labels), labels), start);
  const counts = bincount(reshape(bucket, [product(shapeOf(labels))]), n * (classes + 1));
  const found = slice(reshape(counts, [n, classes + 1]), [0, 0], [n, classes]);
  return sum(minimum(cast(found, "f32"), scalar(1)));
};
