/** The gradient of a convolution by its kernel: x and dy enter; TensorFlow's node leaves, kept clear of oneDNN's mistake. */

import type { Ops } from "../graph/op.js";
import { type Shape, sameShape, type Type } from "../graph/type.js";
import { type Emitter, elementType, type TensorName } from "./emitter.js";
import { windowAttributes } from "./window.js";

type KernelGradient = Ops["convolutionKernelGradient"];

interface Site {
  readonly attributes: KernelGradient;
  readonly args: readonly TensorName[];
  readonly argTypes: readonly Type[];
}

/**
 * The part of x that a strided 1×1 kernel meets. oneDNN's kernel gradient is wrong, without a word, where rows and
 * columns are left over (even sizes, few channels: TensorFlow 2.21), so that they are cut off.
 */
const metBy = ({ shape, stride, padding }: KernelGradient, x: Shape, dy: Shape): Shape => {
  const along = (axis: number): number => (dy[axis] - 1) * stride + 1;
  const plain = Object.values(padding).every((n) => n === 0);
  return shape[0] * shape[1] === 1 && plain ? [x[0], along(1), along(2), x[3]] : x;
};

export const kernelGradient = (
  to: Emitter,
  { attributes, args: [x, dy], argTypes: [xType, dyType] }: Site,
): TensorName => {
  const shape = metBy(attributes, xType.shape, dyType.shape);
  const met = sameShape(shape, xType.shape) ? x : first(to, x, xType, shape);
  return to.emit("Conv2DBackpropFilter", [met, to.integers(attributes.shape), dy], {
    ...elementType(xType),
    ...windowAttributes(shape, attributes.shape, attributes),
  });
};

/** The corner of x at 0 of this shape. */
const first = (to: Emitter, x: TensorName, type: Type, shape: Shape): TensorName =>
  to.emit("Slice", [x, to.integers(shape.map(() => 0)), to.integers(shape)], {
    ...elementType(type),
    Index: { type: "i32" },
  });
