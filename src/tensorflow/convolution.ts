/** TensorFlow's attributes for the windows of convolutions and pooling, and its kernel gradient, clear of a fault in oneDNN. */

import type { Ops, Padding } from "../graph/op.js";
import { ofRank, type Shape, type Sizes, sameShape, type Type } from "../graph/type.js";
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
  [, h, w]: Sizes[4],
  [height, width]: Ops["maxPool"]["size"],
  [down, across]: Ops["maxPool"]["stride"],
  dilation: number,
  { top, bottom, left, right }: Padding,
): Record<string, Attribute> => {
  if (top + bottom + left + right === 0) return { padding: { text: "VALID" } };
  const same =
    isSame(h, height, down, dilation, top, bottom) &&
    isSame(w, width, across, dilation, left, right);
  return same
    ? { padding: { text: "SAME" } }
    : {
        padding: { text: "EXPLICIT" },
        explicit_paddings: { ints: [0, 0, top, bottom, left, right, 0, 0] },
      };
};

const square = (n: number): Attribute => ({ ints: [1, n, n, 1] });

/** Of a convolution from `x` with `kernel`, and of its two gradients. */
export const windowAttributes = (
  x: Sizes[4],
  [height, width]: Sizes[4],
  at: Ops["convolution"],
): Attributes => ({
  strides: square(at.stride),
  dilations: square(at.dilation),
  ...paddingAttributes(x, [height, width], [at.stride, at.stride], at.dilation, at.padding),
  ...format,
});

export const poolAttributes = (
  x: Sizes[4],
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
  readonly args: readonly [x: TensorName, dy: TensorName];
  readonly argTypes: readonly [x: Type, dy: Type];
}

/**
 * The part of x that a strided 1×1 kernel meets. oneDNN's kernel gradient is wrong, without a word, where rows and
 * columns are left over (even sizes, few channels: TensorFlow 2.21), so that they are cut off.
 */
const metBy = (
  { stride, padding }: KernelGradient,
  [kh, kw]: Sizes[4],
  x: Sizes[4],
  [, h, w]: Sizes[4],
): Sizes[4] => {
  const plain = Object.values(padding).every((n) => n === 0);
  return kh * kw === 1 && plain ? [x[0], (h - 1) * stride + 1, (w - 1) * stride + 1, x[3]] : x;
};

export const kernelGradient = (
  to: Emitter,
  { attributes, args: [x, dy], argTypes: [xType, dyType] }: Site,
): TensorName => {
  const kernel = ofRank(attributes.shape, 4);
  const shape = metBy(attributes, kernel, ofRank(xType.shape, 4), ofRank(dyType.shape, 4));
  const met = sameShape(shape, xType.shape) ? x : first(to, x, xType, shape);
  return to.emit("Conv2DBackpropFilter", [met, to.integers(attributes.shape), dy], {
    ...elementType(xType),
    ...windowAttributes(shape, kernel, attributes),
  });
};

/** The corner of x at 0 of this shape. */
const first = (to: Emitter, x: TensorName, type: Type, shape: Shape): TensorName =>
  to.emit("Slice", [x, to.integers(shape.map(() => 0)), to.integers(shape)], {
    ...elementType(type),
    Index: { type: "i32" },
  });
