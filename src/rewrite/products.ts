/** Convolutions and their gradients as matrix products, or as convolutions that every device can compute. */

import { none, some } from "fp-ts/lib/Option.js";
import {
  add,
  after,
  channelsFirst,
  channelsLast,
  concat,
  constant,
  convolution,
  matmul,
  pad,
  relu,
  reshape,
  reverse,
  slice,
  transpose,
} from "../graph/compose.js";
import {
  type Node,
  type NodeOf,
  type Padding,
  shapeOf,
  sizesOf,
  type Window,
} from "../graph/op.js";
import { ofRank, type Sizes, sameShape } from "../graph/type.js";
import type { Rewrite } from "./rewrite.js";

const isOurs = ([kh, kw]: Sizes[4], { stride, padding }: Window): boolean =>
  kh * kw * stride === 1 && Object.values(padding).every((n) => n === 0);

const byPixel = (x: Node): Node => {
  const [n, h, w, c] = sizesOf(x, 4);
  return reshape(x, [n * h * w, c]);
};
const asMatrix = (kernel: Node): Node => reshape(kernel, shapeOf(kernel).slice(2));

export const pointwiseAsProduct: Rewrite = {
  name: "pointwise-as-product",
  law: "a 1×1 convolution without stride multiplies each pixel's channels by one matrix, and its input gradient by the transpose",
  rule: (node) => {
    if (node.op !== "convolution" && node.op !== "convolutionInputGradient") return none;
    const [a, b] = node.args;
    const [image, kernel] = node.op === "convolution" ? [a, b] : [b, a];
    if (!isOurs(sizesOf(kernel, 4), node.attributes)) return none;
    const turned = node.op === "convolutionInputGradient";
    return some(reshape(matmul(byPixel(image), asMatrix(kernel), false, turned), shapeOf(node)));
  },
};

/** A bias along the last axis, and a ReLU, pass the reshape of a matrix that leaves this axis as it is: a product takes them along. */
export const reshapeLate: Rewrite = {
  name: "reshape-late",
  law: "reshape(x) + b = reshape(x + b) where b lies along the last axis, which stays; relu(reshape(x)) = reshape(relu(x))",
  rule: (node) => {
    const [x, bias] = node.args;
    if (x?.op !== "reshape") return none;
    const [inner] = x.args;
    if (shapeOf(inner).length !== 2) return none;
    if (node.op === "relu") return some(reshape(relu(inner), shapeOf(node)));
    const isBias =
      node.op === "binary" &&
      node.attributes.kind === "add" &&
      bias !== undefined &&
      sameShape(shapeOf(bias), shapeOf(inner).slice(-1)) &&
      sameShape(shapeOf(bias), shapeOf(node).slice(-1));
    return isBias ? some(reshape(add(inner, bias), shapeOf(node))) : none;
  },
};

/** Input and output channels exchanged, and rows and columns from behind. */
const turned = (kernel: Node): Node => {
  const [kh, kw] = sizesOf(kernel, 4);
  const exchanged = transpose(kernel, [0, 1, 3, 2]);
  const rows = kh === 1 ? exchanged : reverse(exchanged, 0);
  return kw === 1 ? rows : reverse(rows, 1);
};

/** What is left of the kernel's reach on each side. */
export const opposite = (
  { top, bottom, left, right }: Padding,
  [kh, kw]: Sizes[4],
  dilation: number,
): Padding => {
  const [down, across] = [dilation * (kh - 1), dilation * (kw - 1)];
  return { top: down - top, bottom: down - bottom, left: across - left, right: across - right };
};

export const inputGradientAsConvolution: Rewrite = {
  name: "input-gradient-as-convolution",
  law: "without stride, dx = conv(dy, the kernel turned about, padded by what the kernel's reach leaves)",
  rule: (node) => {
    if (node.op !== "convolutionInputGradient" || node.attributes.stride !== 1) return none;
    const [kernel, dy] = node.args;
    const { dilation } = node.attributes;
    const padding = opposite(node.attributes.padding, sizesOf(kernel, 4), dilation);
    if (Object.values(padding).some((n) => n < 0)) return none;
    return some(convolution(dy, turned(kernel), { stride: 1, dilation, padding }));
  },
};

/**
 * One matrix `[C_in, C_out]` a tap: the pixels that it met, transposed, times the gradient. Each tap waits for the one
 * before, for the pixels that all of them met are nine images.
 */
const products = ({ attributes, args: [x, dy] }: NodeOf<"convolutionKernelGradient">): Node => {
  const [kh, kw, from, to] = ofRank(attributes.shape, 4);
  const { top, bottom, left, right } = attributes.padding;
  const [n, h, w] = sizesOf(dy, 4);
  const around = pad(x, [0, top, left, 0], [0, bottom, right, 0]);
  const rows = reshape(dy, [n * h * w, to]);
  const tap = (i: number, before: Node): Node => {
    const begin = [0, Math.floor(i / kw) * attributes.dilation, (i % kw) * attributes.dilation, 0];
    const met = reshape(slice(after(around, before), begin, [n, h, w, from]), [n * h * w, from]);
    return reshape(matmul(met, rows, true), [1, from, to]);
  };
  const taps: Node[] = [];
  for (let i = 0; i < kh * kw; i++) taps.push(tap(i, taps.at(-1) ?? dy));
  return reshape(concat(taps, 0), attributes.shape);
};

export const kernelGradientAsProducts: Rewrite = {
  name: "kernel-gradient-as-products",
  law: "without stride, dkernel[i, j] = (x shifted by the tap)ᵀ · dy over all pixels",
  rule: (node) =>
    node.op === "convolutionKernelGradient" && node.attributes.stride === 1
      ? some(products(node))
      : none,
};

/** So small that a runtime's products with a matrix are faster than its resampling, which looks at every pixel by itself. */
const SMALL = 48;
/** Maps become several times as large; a picture that is scaled to another of any size does not. */
const FACTOR = 4;

const isEnlarged = (node: NodeOf<"resize">): boolean => {
  const [, h, w] = sizesOf(node.args[0], 4);
  const { height, width } = node.attributes;
  return Math.max(h, w) <= SMALL && height >= FACTOR * h && width >= FACTOR * w;
};

export const resizeAsProducts: Rewrite = {
  name: "resize-as-products",
  law: "bilinear resampling is one matrix along each axis: down·x·acrossᵀ for each channel",
  rule: (node) => {
    if (node.op !== "resize" || !isEnlarged(node)) return none;
    const [x] = node.args;
    const { alignCorners, ...to } = node.attributes;
    const [, height, width] = sizesOf(x, 4);
    const along = (size: number, n: number): Node =>
      constant({ kind: "interpolation", size, n, alignCorners }, "f32", n, size);
    const tall = matmul(along(height, to.height), channelsFirst(x));
    return some(channelsLast(matmul(tall, along(width, to.width), false, true)));
  },
};
