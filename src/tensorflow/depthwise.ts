/**
 * TensorFlow's nodes for depthwise convolutions. Its CPU kernels know no dilation: the image's phases become images of
 * a larger batch, on which the kernel is a plain one. What its optimiser of graphs joins with a bias and a ReLU has lost
 * its explicit padding, on which TensorFlow 2.21 aborts: the image is padded before.
 */

import type { Window } from "../graph/op.js";
import { ofRank, type Shape, type Sizes, type Type } from "../graph/type.js";
import { format, windowAttributes } from "./convolution.js";
import {
  type Attributes,
  type Emitter,
  elementType,
  padded,
  type TensorName,
  tensorOf,
} from "./emitter.js";

interface Site<A> {
  readonly attributes: A;
  readonly args: readonly [TensorName, TensorName];
  readonly argTypes: readonly [Type, Type];
}
type Shaped = Window & { readonly shape: Shape };

/** How x and y are cut into phases: `[before, after]` of their rows and columns, and the shape that x then has. */
interface Phases {
  readonly block: number;
  readonly x: readonly [rows: readonly [number, number], columns: readonly [number, number]];
  readonly y: readonly [rows: readonly [number, number], columns: readonly [number, number]];
  readonly shape: Sizes[4];
}

const phasesOf = (
  { dilation: d, padding: { top, bottom, left, right } }: Window,
  [n, h, w, c]: Sizes[4],
): Phases => {
  const more = (size: number): number => (d - (size % d)) % d;
  const [rows, columns] = [h + top + bottom, w + left + right];
  const [down, across] = [more(rows), more(columns)];
  return {
    block: d,
    x: [
      [top, bottom + down],
      [left, right + across],
    ],
    // Whole blocks of x less the kernel's reach: what is over at the end is the same.
    y: [
      [0, down],
      [0, across],
    ],
    shape: [n * d * d, (rows + down) / d, (columns + across) / d, c],
  };
};

const moved =
  (op: "SpaceToBatchND" | "BatchToSpaceND", around: string, to: Emitter, type: Type) =>
  (x: TensorName, block: number, [rows, columns]: Phases["x"]): TensorName =>
    to.emit(
      op,
      [x, to.integers([block, block]), to.constant(tensorOf("i32", [2, 2], [...rows, ...columns]))],
      { ...elementType(type), Tblock_shape: { type: "i32" }, [around]: { type: "i32" } },
    );

const split = (to: Emitter, type: Type) => moved("SpaceToBatchND", "Tpaddings", to, type);
const joined = (to: Emitter, type: Type) => moved("BatchToSpaceND", "Tcrops", to, type);

/** TensorFlow's kernels are `[h, w, C, 1]`: the same numbers in the same order. */
const turned = (to: Emitter, kernel: TensorName, type: Type, shape: Shape): TensorName =>
  to.emit("Reshape", [kernel, to.integers(shape)], {
    ...elementType(type),
    Tshape: { type: "i32" },
  });
const theirs = ([h, w, one, c]: Sizes[4]): Shape => [h, w, c, one];

export const depthwiseKernel = (to: Emitter, kernel: TensorName, type: Type): TensorName =>
  turned(to, kernel, type, theirs(ofRank(type.shape, 4)));

const plain: Attributes = {
  strides: { ints: [1, 1, 1, 1] },
  dilations: { ints: [1, 1, 1, 1] },
  padding: { text: "VALID" },
  ...format,
};

export const depthwise = (
  to: Emitter,
  { attributes, args: [x, kernel], argTypes: [type, kernelType] }: Site<Window>,
): TensorName => {
  const [shape, size] = [ofRank(type.shape, 4), ofRank(kernelType.shape, 4)];
  const weights = depthwiseKernel(to, kernel, kernelType);
  const apply = (image: TensorName, window: Attributes): TensorName =>
    to.emit("DepthwiseConv2dNative", [image, weights], { ...elementType(type), ...window });
  if (attributes.dilation === 1) {
    const window = windowAttributes(shape, size, attributes);
    const { explicit_paddings: around, ...rest } = window;
    if (around === undefined) return apply(x, window);
    const { top, bottom, left, right } = attributes.padding;
    const image = padded(to, x, type, [0, 0, top, bottom, left, right, 0, 0]);
    return apply(image, { ...rest, padding: { text: "VALID" } });
  }
  const phases = phasesOf(attributes, shape);
  const y = apply(split(to, type)(x, phases.block, phases.x), plain);
  return joined(to, type)(y, phases.block, phases.y);
};

export const depthwiseInputGradient = (
  to: Emitter,
  { attributes, args: [kernel, dy], argTypes: [kernelType, type] }: Site<Shaped>,
): TensorName => {
  const [shape, size] = [ofRank(attributes.shape, 4), ofRank(kernelType.shape, 4)];
  const weights = depthwiseKernel(to, kernel, kernelType);
  const apply = (of: Shape, gradient: TensorName, window: Attributes): TensorName =>
    to.emit("DepthwiseConv2dNativeBackpropInput", [to.integers(of), weights, gradient], {
      ...elementType(type),
      ...window,
    });
  if (attributes.dilation === 1) return apply(shape, dy, windowAttributes(shape, size, attributes));
  const phases = phasesOf(attributes, shape);
  const dx = apply(phases.shape, split(to, type)(dy, phases.block, phases.y), plain);
  return joined(to, type)(dx, phases.block, phases.x);
};

export const depthwiseKernelGradient = (
  to: Emitter,
  { attributes, args: [x, dy], argTypes: [type, dyType] }: Site<Shaped>,
): TensorName => {
  const [shape, size] = [ofRank(type.shape, 4), ofRank(attributes.shape, 4)];
  const apply = (image: TensorName, gradient: TensorName, window: Attributes): TensorName => {
    const sizes = to.integers(theirs(size));
    const found = to.emit("DepthwiseConv2dNativeBackpropFilter", [image, sizes, gradient], {
      ...elementType(type),
      ...window,
    });
    return turned(to, found, type, attributes.shape);
  };
  if (attributes.dilation === 1) return apply(x, dy, windowAttributes(shape, size, attributes));
  const { block, x: around, y } = phasesOf(attributes, shape);
  return apply(split(to, type)(x, block, around), split(to, dyType)(dy, block, y), plain);
};
