/** The loss of the logits over the pixels that count (paper section 3.3), a scalar. */

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
  slice,
  stop,
  subtract,
  sum,
  transpose,
  vector,
} from "../graph/compose.js";
import { type Node, shapeOf, sizesOf } from "../graph/op.js";
import { product } from "../graph/type.js";
import type { Train } from "../normalize/experiment.js";
import {
  diceLoss,
  focalLoss,
  hardest,
  membership,
  orOne,
  type Pixels,
  perClass,
  pixelWeights,
  tiny,
} from "./pixels.js";

interface Upsampling {
  /** `[N, C, h, w]` → `[N, C, H, W]` */
  readonly up: (x: Node) => Node;
  /** Its transpose. */
  readonly down: (x: Node) => Node;
}

/** A strip of a map at full resolution: its first row, and how many. */
export interface Rows {
  readonly begin: number;
  readonly count: number;
}

/**
 * Bilinear upsampling of `small` to the labels' size, as one product along the rows and one along the columns; of all
 * rows, those of a strip.
 */
const upsampling = (
  small: Node,
  labels: Node,
  alignCorners: boolean,
  strip: Rows = { begin: 0, count: sizesOf(labels, 3)[1] },
): Upsampling => {
  const [, , h, w] = sizesOf(small, 4);
  const [, height, width] = sizesOf(labels, 3);
  const along = (size: number, n: number): Node =>
    constant({ kind: "interpolation", size, n, alignCorners }, "f32", n, size);
  const rows = slice(along(h, height), [strip.begin, 0], [strip.count, h]);
  const columns = along(w, width);
  return {
    up: (x) => matmul(matmul(rows, x), columns, false, true),
    down: (x) => matmul(matmul(rows, x, true), columns),
  };
};

/** u8 `[N, H, W]`, i32 above 255 classes: of the images at hand, and of the whole batch that they are a part of. */
export interface Labels {
  readonly labels: Node;
  readonly batch: Node;
}

/**
 * Logits `[N, h, w, C]` → `[N, C, h, w]`, each pixel's largest taken off: the softmax does not notice a shift, and
 * upsampling's weights sum to 1, so that no pass over the large map looks for its maximum.
 */
export const shifted = (logits: Node): Node =>
  transpose(subtract(logits, stop(largest(logits))), [0, 3, 1, 2]);

/**
 * Loss of one head by its shifted logits: cross-entropy, and the Dice loss with its weight. They are upsampled once,
 * and only their exponentials are kept at full resolution.
 */
export const headLoss = (
  small: Node,
  { labels, batch }: Labels,
  alignCorners: boolean,
  of: Train["loss"],
): Node => {
  const [given, counted] = [cast(labels, "i32"), cast(batch, "i32")];
  const { up, down } = upsampling(small, labels, alignCorners);
  const logits = up(small);
  const exponentials = exp(logits);
  const partition = partitionOf(exponentials);
  const members = membership(given, sizesOf(small, 4)[1]);
  const pixels = { logits, exponentials, partition, members, labels: given, batch: counted };
  const main = crossEntropy(small, down, pixels, of);
  return of.dice === 0 ? main : add(main, multiply(diceLoss(pixels), scalar(of.dice)));
};

/** A pixel that every class has left far behind keeps a finite logarithm. */
const partitionOf = (exponentials: Node): Node => maximum(sum(exponentials, [1]), scalar(tiny));

/** The rows of a strip, u8 `[N, rows, W]`. */
const stripOf = (labels: Node, { begin, count }: Rows): Node => {
  const [n, , width] = sizesOf(labels, 3);
  return cast(slice(labels, [0, begin, 0], [n, count, width]), "i32");
};

/** Of the cross-entropy, the strip's Σ weight·log Σ exp(upsampled): what takes a map at full resolution. */
export const logPartition = (
  small: Node,
  labels: Node,
  alignCorners: boolean,
  of: Train["loss"],
  rows: Rows,
): Node => {
  const { up } = upsampling(small, labels, alignCorners, rows);
  const counted = stripOf(labels, rows);
  const weights = pixelWeights(counted, sizesOf(small, 4)[1], of.class_weights);
  const each = smoothedWeights(weights, countedPixels(counted, small), of);
  return sum(multiply(each, log(partitionOf(exp(up(small))))));
};

/** Of the cross-entropy, the strip's Uᵀ·members: `[N, C, h, w]`, by labels alone. */
export const stripHits = (
  small: Node,
  labels: Node,
  alignCorners: boolean,
  of: Train["loss"],
  rows: Rows,
): Node => {
  const { down } = upsampling(small, labels, alignCorners, rows);
  const counted = stripOf(labels, rows);
  const members = membership(counted, sizesOf(small, 4)[1]);
  const soft = down(smoothedMembers(members, countedPixels(counted, small), of));
  return byClass(soft, of.class_weights);
};

/** `[N, H, W]`: 1 where a pixel counts. */
const countedPixels = (labels: Node, small: Node): Node =>
  pixelWeights(labels, sizesOf(small, 4)[1], null);

/**
 * Label smoothing: a pixel's label is 1 − ε at its class and ε/C at all C classes. By the classes' weights w a pixel of
 * class y then weighs (1 − ε)·w[y] + ε·mean(w), where the loss takes the logarithm of all classes' exponentials.
 */
const smoothedWeights = (weights: Node, counted: Node, of: Train["loss"]): Node => {
  if (!of.smoothing) return weights;
  const mean = of.class_weights === null ? 1 : meanOf(of.class_weights);
  const even = multiply(counted, scalar(of.smoothing * mean));
  return add(multiply(weights, scalar(1 - of.smoothing)), even);
};

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * `[N, C, H, W]`: the labels themselves, smoothed. On the small map it would cost less, but there TensorFlow 2.21 joins
 * the product, the factor and the sum into a oneDNN kernel that gets a sum which stretches wrong.
 */
const smoothedMembers = (members: Node, counted: Node, of: Train["loss"]): Node => {
  if (!of.smoothing) return members;
  const even = multiply(counted, scalar(of.smoothing / sizesOf(members, 4)[1]));
  return add(multiply(members, scalar(1 - of.smoothing)), perClass(even));
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
  const each = pixelWeights(labels, sizesOf(small, 4)[1], of.class_weights);
  const weights = hard === null ? each : multiply(each, hard);
  if (of.focal > 0)
    return divide(
      sum(multiply(weights, focalLoss(pixels, of.focal))),
      denominator(weights, pixels, of),
    );
  const valid = countedPixels(labels, small);
  const counted = hard === null ? valid : multiply(valid, hard);
  const chosen = hard === null ? members : multiply(members, perClass(hard));
  const hits = byClass(down(smoothedMembers(chosen, counted, of)), of.class_weights);
  const logs = multiply(smoothedWeights(weights, counted, of), log(partition));
  const total = subtract(sum(logs), sum(multiply(hits, small)));
  return divide(total, denominator(weights, pixels, of));
};

/** `[N, C, h, w]`, times a weight a class. */
const byClass = (x: Node, weights: readonly number[] | null): Node =>
  weights === null ? x : multiply(x, reshape(vector(weights), [weights.length, 1, 1]));

/** Of the whole batch; but with mining each part of a batch chooses its own pixels, and the parts count alike. */
const denominator = (
  weights: Node,
  { labels, batch, members }: Pixels,
  of: Train["loss"],
): Node => {
  if (of.mining === null) return pixelCount(batch, sizesOf(members, 4)[1], of);
  if (of.mean_over === "all") return scalar(product(shapeOf(batch)));
  const parts = sizesOf(batch, 3)[0] / sizesOf(labels, 3)[0];
  return parts === 1 ? orOne(sum(weights)) : multiply(orOne(sum(weights)), scalar(parts));
};

/** What a mean over the pixels of the whole batch is divided by. */
export const pixelCount = (batch: Node, classes: number, of: Train["loss"]): Node =>
  of.mean_over === "all"
    ? scalar(product(shapeOf(batch)))
    : orOne(sum(pixelWeights(cast(batch, "i32"), classes, of.class_weights)));

/** main + weight·auxiliary. */
export const totalLoss = (main: Node, auxiliary: Node | null, weight: number): Node =>
  auxiliary === null ? main : add(main, multiply(auxiliary, scalar(weight)));
