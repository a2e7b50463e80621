/** Cross-entropy over the pixels that count (paper section 3.3): logits and labels enter, a scalar leaves. */

import {
  add,
  broadcast,
  cast,
  constant,
  divide,
  equal,
  exp,
  gather,
  largest,
  log,
  matmul,
  maximum,
  multiply,
  reshape,
  scalar,
  select,
  stop,
  subtract,
  sum,
  transpose,
  vector,
} from "../graph/compose.js";
import { type Node, shapeOf } from "../graph/op.js";
import { product } from "../graph/type.js";
import type { Train } from "../normalize/experiment.js";

/** What stands in `labels` for a pixel that does not count, whatever the files call it. */
export const IGNORE = 255;

const filled = (value: number, dtype: "i32" | "f32", like: Node): Node =>
  broadcast(constant({ kind: "fill", value }, dtype), shapeOf(like));

/** What each pixel weighs, `[N, H, W]`: its class's weight, or nothing where it is ignored. */
const pixelWeights = (labels: Node, classWeights: readonly number[] | null): Node => {
  const ignored = equal(labels, scalar(IGNORE, "i32"));
  const target = select(ignored, filled(0, "i32", labels), labels);
  const counted =
    classWeights === null ? filled(1, "f32", labels) : gather(vector(classWeights), target);
  return select(ignored, filled(0, "f32", labels), counted);
};

/** `[N, C, H, W]`: 1 where a pixel has class c. An ignored pixel has none. */
const membership = (labels: Node, classes: number): Node => {
  const [n, height, width] = shapeOf(labels);
  const each = constant(
    { kind: "values", values: [...Array(classes).keys()] },
    "i32",
    classes,
    1,
    1,
  );
  return cast(equal(reshape(labels, [n, 1, height, width]), each), "f32");
};

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

/**
 * Weighted mean over pixels of −log softmax(upsampled logits)[label], logits `[N, h, w, C]`, labels u8 `[N, H, W]`.
 *
 * The logits are upsampled once and only their exponentials are kept at full resolution:
 * - the softmax does not notice a shift, and upsampling's weights sum to 1, so each small pixel's maximum is taken
 *   off before upsampling, and no pass over the large map looks for one;
 * - Σ weight·upsampled[label] = ⟨U·logits, members⟩ = ⟨logits, Uᵀ·members⟩, and the right side lives on the small map.
 */
export const pixelLoss = (
  logits: Node,
  labels: Node,
  alignCorners: boolean,
  of: Train["loss"],
): Node => {
  const [, h, w, classes] = shapeOf(logits);
  const given = cast(labels, "i32");
  const [, height, width] = shapeOf(given);
  const weights = pixelWeights(given, of.class_weights);
  const { up, down } = upsampling([h, w], [height, width], alignCorners);
  const small = transpose(subtract(logits, stop(largest(logits))), [0, 3, 1, 2]);
  const partition = maximum(sum(exp(up(small)), [1]), scalar(tiny));
  const members = down(membership(given, classes));
  const hits =
    of.class_weights === null
      ? members
      : multiply(members, reshape(vector(of.class_weights), [classes, 1, 1]));
  const total = subtract(sum(multiply(weights, log(partition))), sum(multiply(hits, small)));
  return divide(
    total,
    of.mean_over === "all" ? scalar(product(shapeOf(labels))) : orOne(sum(weights)),
  );
};

/** A crop with no pixel that counts has loss 0, where PyTorch has 0/0. */
const orOne = (weight: Node): Node => select(equal(weight, scalar(0)), scalar(1), weight);

/** main + weight·auxiliary. */
export const totalLoss = (main: Node, auxiliary: Node | null, weight: number): Node =>
  auxiliary === null ? main : add(main, multiply(auxiliary, scalar(weight)));
