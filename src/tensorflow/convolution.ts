/** Convolutions and pooling for TensorFlow: its attributes for a window, and the kernel gradient, kept clear of a fault in oneDNN. */

import type { Ops, Padding } from "../graph/op.js";
import { type Shape, sameShape, type Type } from "../graph/type.js";
import { type Attributes, type Emitter, elementType, type TensorName } from "./emitter.js";
import type { Attribute } from "./proto.js";

export const format: Attributes = { data_format: { text: "NHWC" } };

/** Padding that TensorFlow calls SAME: the odd pixel, if any, at the end. */
const isSame = (
  n: number,
  size: number,
  stride: number,
  dilation: number,
  start: number,
  end: number,
): boolean => {
  const needed = Math.max(0, (Math.ceil(n / stride) - 1) * stride + dilation * (size - 1) + 1 - n);
  return start === Math.floor(needed / 2) && end === needed - start;
};

const paddingAttributes = (
  [, h, w]: Shape,
  size: readonly number[],
  stride: readonly number[],
  dilation: number,
  { top, bottom, left, right }: Padding,
): Record<string, Attribute> => {
  if (top + bottom + left + right === 0) return { padding: { text: "VALID" } };
  const same =
    isSame(h, size[0], stride[0], dilation, top, bottom) &&
    isSame(w, size[1], stride[1], dilation, left, right);
  return same
    ? { padding: { text: "SAME" } }
    : {
        padding: { text: "EXPLICIT" },
        explicit_paddings: { ints: [0, 0, top, bottom, left, right, 0, 0] },
      };
};

const square = (n: number): Attribute => ({ ints: [1, n, n, 1] });

/** Of a convolution from `x` with `kernel`, and of its two gradients. */
export const windowAttributes = (x: Shape, kernel: Shape, at: Ops["convolution"]): Attributes => ({
  strides: square(at.stride),
  dilations: square(at.dilation),
  ...paddingAttributes(x, kernel, [at.stride, at.stride], at.dilation, at.padding),
  ...format,
});

export const poolAttributes = (
  x: Shape,
  { size, stride, padding }: Ops["maxPool"],
): Attributes => ({
  ksize: { ints: [1, ...size, 1] },
  strides: { ints: [1, ...stride, 1] },
  ...paddingAttributes(x, size, stride, 1, padding),
  ...format,
});

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
