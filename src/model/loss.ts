/** Cross-entropy over the pixels that count (paper section 3.3): logits and labels enter, a scalar leaves. */

import {
  add,
  broadcast,
  cast,
  constant,
  crossEntropy,
  divide,
  equal,
  gather,
  multiply,
  reshape,
  resize,
  scalar,
  select,
  sum,
  vector,
} from "../graph/compose.js";
import { type Node, shapeOf } from "../graph/op.js";
import { product } from "../graph/type.js";
import type { Train } from "../normalize/experiment.js";

/** What stands in `labels` for a pixel that does not count, whatever the files call it. */
export const IGNORE = 255;

const filled = (value: number, dtype: "i32" | "f32", like: Node): Node =>
  broadcast(constant({ kind: "fill", value }, dtype), shapeOf(like));

/** Weighted mean of the cross-entropy of `[N, h, w, C]` logits, upsampled to the labels `[N, H, W]` u8. */
export const pixelLoss = (
  logits: Node,
  labels: Node,
  alignCorners: boolean,
  of: Train["loss"],
): Node => {
  const [, height, width] = shapeOf(labels);
  const classes = shapeOf(logits)[3];
  const pixels = product(shapeOf(labels));
  const given = reshape(cast(labels, "i32"), [pixels]);
  const ignored = equal(given, scalar(IGNORE, "i32"));
  // The kernel wants a class everywhere; an ignored pixel is read as class 0 and weighs nothing.
  const target = select(ignored, filled(0, "i32", given), given);
  const ones =
    of.class_weights === null ? filled(1, "f32", given) : gather(vector(of.class_weights), target);
  const weight = select(ignored, filled(0, "f32", given), ones);
  const full = reshape(resize(logits, height, width, alignCorners), [pixels, classes]);
  const total = sum(multiply(crossEntropy(full, target), weight));
  return divide(total, of.mean_over === "all" ? scalar(pixels) : orOne(sum(weight)));
};

/** A crop with no pixel that counts has loss 0, where PyTorch has 0/0. */
const orOne = (weight: Node): Node => select(equal(weight, scalar(0)), scalar(1), weight);

/** main + weight·auxiliary. */
export const totalLoss = (main: Node, auxiliary: Node | null, weight: number): Node =>
  auxiliary === null ? main : add(main, multiply(auxiliary, scalar(weight)));
