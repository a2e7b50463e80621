/** The pixels that a loss counts: labels enter; weights and memberships, pixel by pixel, leave. */

import {
  broadcast,
  cast,
  constant,
  equal,
  gather,
  reshape,
  scalar,
  select,
  vector,
} from "../graph/compose.js";
import { type Node, shapeOf } from "../graph/op.js";

/** What stands in `labels` for a pixel that does not count, whatever the files call it. */
export const IGNORE = 255;

export const filled = (value: number, dtype: "i32" | "f32", like: Node): Node =>
  broadcast(constant({ kind: "fill", value }, dtype), shapeOf(like));

/** What each pixel weighs, `[N, H, W]`: its class's weight, or nothing where it is ignored. */
export const pixelWeights = (labels: Node, classWeights: readonly number[] | null): Node => {
  const ignored = equal(labels, scalar(IGNORE, "i32"));
  const target = select(ignored, filled(0, "i32", labels), labels);
  const counted =
    classWeights === null ? filled(1, "f32", labels) : gather(vector(classWeights), target);
  return select(ignored, filled(0, "f32", labels), counted);
};

/** `[N, C, H, W]`: 1 where a pixel has class c. An ignored pixel has none. */
export const membership = (labels: Node, classes: number): Node => {
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

/** A crop with no pixel that counts has loss 0, where PyTorch has 0/0. */
export const orOne = (weight: Node): Node => select(equal(weight, scalar(0)), scalar(1), weight);

/** What the losses of a head share. */
export interface Pixels {
  /** `[N, C, H, W]`: e to the upsampled logits, all shifted alike at a pixel. */
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
  const [n, height, width] = shapeOf(pixels);
  return reshape(pixels, [n, 1, height, width]);
};
