/** Windows over images as TensorFlow's attributes: strides, dilations and paddings of the IR enter, attributes leave. */

import type { Ops, Padding } from "../graph/op.js";
import type { Shape } from "../graph/type.js";
import type { Attributes } from "./emitter.js";
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
