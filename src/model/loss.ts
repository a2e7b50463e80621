/** The loss over the pixels that count (paper section 3.3): logits and labels enter, a scalar leaves. */

import {
  add,
  cast,
  constant,
  divide,
  exp,
  largest,
  log,
  matmul,
  maximum,
  multiply,
  reshape,
  scalar,
  stop,
  subtract,
  sum,
  transpose,
  vector,
} from "../graph/compose.js";
import { type Node, shapeOf } from "../graph/op.js";
import { product } from "../graph/type.js";
import type { Train } from "../normalize/experiment.js";
import { diceLoss } from "./dice.js";
import { hardest } from "./mining.js";
import { membership, orOne, type Pixels, perClass, pixelWeights } from "./pixels.js";

interface Upsampling {
  /** `[N, C, h, w]` → `[N, C, H, W]` */
  readonly up: (x: Node) => Node;
  /** Its transpose. */
  readonly down: (x: Node) => Node;
}

/** Bilinear upsampling as one product along the rows and one along the columns. */
const upsampling = (
  from: readonly number[],
  to: readonly number[],
  alignCorners: boolean,
): Upsampling => {
  const [rows, columns] = [0, 1].map((axis) =>
    constant(
      { kind: "interpolation", size: from[axis], n: to[axis], alignCorners },
      "f32",
      to[axis],
      from[axis],
    ),
  );
  return {
    up: (x) => matmul(matmul(rows, x), columns, false, true),
    down: (x) => matmul(matmul(rows, x, true), columns),
  };
};

/** Smallest normal number: a pixel that every class has left far behind keeps a finite logarithm. */
const tiny = 1.2e-38;

/** u8 `[N, H, W]`: of the images at hand, and of the whole batch that they are a part of. */
export interface Labels {
  readonly labels: Node;
  readonly batch: Node;
}

/**
 * Loss of one head, logits `[N, h, w, C]`: cross-entropy, and the Dice loss with its weight.
 *
 * The logits are upsampled once and only their exponentials are kept at full resolution: the softmax does not notice
 * a shift, and upsampling's weights sum to 1, so each small pixel's maximum is taken off before upsampling, and no
 * pass over the large map looks for one.
 */
export const headLoss = (
  logits: Node,
  { labels, batch }: Labels,
  alignCorners: boolean,
  of: Train["loss"],
): Node => {
  const [, h, w, classes] = shapeOf(logits);
  const [given, counted] = [cast(labels, "i32"), cast(batch, "i32")];
  const [, height, width] = shapeOf(given);
  const { up, down } = upsampling([h, w], [height, width], alignCorners);
  const small = transpose(subtract(logits, stop(largest(logits))), [0, 3, 1, 2]);
  const exponentials = exp(up(small));
  const partition = maximum(sum(exponentials, [1]), scalar(tiny));
  const members = membership(given, classes);
  const pixels = { exponentials, partition, members, labels: given, batch: counted };
  const main = crossEntropy(small, down, pixels, of);
  return of.dice === 0 ? main : add(main, multiply(diceLoss(pixels), scalar(of.dice)));
};

/**
 * Weighted mean over pixels of −log softmax(upsampled logits)[label].
 *
 * Σ weight·upsampled[label] = ⟨U·logits, members⟩ = ⟨logits, Uᵀ·members⟩, and the right side lives on the small map.
 */
const crossEntropy = (
  small: Node,
  down: Upsampling["down"],
  pixels: Pixels,
  of: Train["loss"],
): Node => {
  const { partition, members, labels } = pixels;
  const hard = of.mining === null ? null : hardest(pixels, of.mining);
  const each = pixelWeights(labels, of.class_weights);
  const weights = hard === null ? each : multiply(each, hard);
  const spread = down(hard === null ? members : multiply(members, perClass(hard)));
  const hits =
    of.class_weights === null
      ? spread
      : multiply(spread, reshape(vector(of.class_weights), [of.class_weights.length, 1, 1]));
  const total = subtract(sum(multiply(weights, log(partition))), sum(multiply(hits, small)));
  return divide(total, denominator(weights, pixels, of));
};

/** Of the whole batch; but with mining each part of a batch chooses its own pixels, and the parts count alike. */
const denominator = (weights: Node, { labels, batch }: Pixels, of: Train["loss"]): Node => {
  if (of.mean_over === "all") return scalar(product(shapeOf(batch)));
  if (of.mining === null) return orOne(sum(pixelWeights(batch, of.class_weights)));
  const parts = shapeOf(batch)[0] / shapeOf(labels)[0];
  return parts === 1 ? orOne(sum(weights)) : multiply(orOne(sum(weights)), scalar(parts));
};

/** main + weight·auxiliary. */
export const totalLoss = (main: Node, auxiliary: Node | null, weight: number): Node =>
  auxiliary === null ? main : add(main, multiply(auxiliary, scalar(weight)));
