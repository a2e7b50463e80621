/**
 * Pyramid factoring: a convolution over upsampled maps becomes products over the small maps that they were made of. And
 * pooling in two steps.
 */

import { isNonEmpty } from "fp-ts/lib/Array.js";
import type { NonEmptyArray } from "fp-ts/lib/NonEmptyArray.js";
import { none, type Option, some } from "fp-ts/lib/Option.js";
import {
  add,
  channelsFirst,
  channelsLast,
  concat,
  constant,
  convolution,
  depthwise,
  matmul,
  padding,
  reshape,
  slice,
  transpose,
} from "../graph/compose.js";
import type { AxisTaps, Pooling } from "../graph/constant.js";
import { type Node, type NodeOf, shapeOf, sizesOf } from "../graph/op.js";
import type { Rewrite } from "./rewrite.js";

/** One argument of the concatenation, with the first of the kernel's input channels that it meets. */
interface Piece {
  readonly node: Node;
  readonly start: number;
  readonly channels: number;
}

const piecesOf = (args: readonly Node[]): Piece[] => {
  let start = 0;
  return args.map((node) => {
    const [, , , channels] = sizesOf(node, 4);
    start += channels;
    return { node, start: start - channels, channels };
  });
};

/** How small maps reach the size of the output. */
interface Spreading {
  /** Whether it costs less than the convolution over the map when it is large. */
  readonly isWorthIt: (small: Node, conv: NodeOf<"convolution"> & Node) => boolean;
  /** What the upsampled pieces add to the output: `[N, h, w, K]`. */
  readonly spread: (pieces: NonEmptyArray<Upsampled>, conv: NodeOf<"convolution"> & Node) => Node;
}

/** A piece that is made of a map so small that factoring is worth it. */
interface Upsampled extends Piece {
  readonly node: NodeOf<"resize"> & Node;
}

const isUpsampled = (piece: Piece): piece is Upsampled => piece.node.op === "resize";

const smallOf = ({ node: { args } }: Upsampled): Node => args[0];

const kernelFor = (kernel: Node, { start, channels }: Piece): Node => {
  const [kh, kw, , out] = sizesOf(kernel, 4);
  return slice(kernel, [0, 0, start, 0], [kh, kw, channels, out]);
};

/** Small map `[N, b, b, c]` times every tap of its kernel: `[N, taps·b², K]`. */
const tapped = (small: Node, kernel: Node): Node => {
  const [n, b1, b2, c] = sizesOf(small, 4);
  const [kh, kw, , out] = sizesOf(kernel, 4);
  const taps = kh * kw;
  const products = matmul(reshape(small, [n * b1 * b2, c]), reshape(kernel, [taps, c, out]));
  const bySample = transpose(reshape(products, [taps, n, b1 * b2, out]), [1, 0, 2, 3]);
  return reshape(bySample, [n, taps * b1 * b2, out]);
};

const spreadAtOnce: Spreading["spread"] = (pieces, conv) => {
  const kernel = conv.args[1];
  const [n, height, width, out] = sizesOf(conv, 4);
  const [kh, kw] = sizesOf(kernel, 4);
  const { top, left } = conv.attributes.padding;
  const sizes = pieces.map((piece) => {
    const [, b1, b2] = sizesOf(smallOf(piece), 4);
    return [b1, b2] as const;
  });
  const rows = sizes.reduce((total, [b1, b2]) => total + kh * kw * b1 * b2, 0);
  const { alignCorners } = pieces[0].node.attributes;
  const content = {
    kind: "taps",
    sizes,
    kernel: [kh, kw],
    offset: [top, left],
    height,
    width,
    alignCorners,
  } as const;
  const weights = constant(content, "f32", height * width, rows);
  const stacked = concat(
    pieces.map((piece) => tapped(smallOf(piece), kernelFor(kernel, piece))),
    1,
  );
  return reshape(matmul(weights, stacked), [n, height, width, out]);
};

/**
 * By one matrix for both axes. Per upsampled map of b² pixels and c channels the convolution costs h·w·c products a tap
 * and output channel; here it costs b²·c to multiply the small map and h·w·b² to spread it.
 */
const atOnce: Spreading = {
  isWorthIt: (small, conv) => {
    const [, b1, b2, c] = sizesOf(small, 4);
    const [, h, w] = sizesOf(conv, 4);
    return b1 * b2 * (c + h * w) < h * w * c;
  },
  spread: spreadAtOnce,
};

/** One axis of the spreading, `[n, Σ taps·size]`. */
const axisTaps = (sizes: readonly number[], axis: Omit<AxisTaps, "kind" | "sizes">): Node => {
  const columns = sizes.reduce((total, size) => total + axis.taps * size, 0);
  return constant({ kind: "axis taps", sizes, ...axis }, "f32", axis.n, columns);
};

/** Small map `[N, b, b, c]` times every tap of its kernel, a row of taps and pixels after the other: `[N, K, kh·b, kw·b]`. */
const tappedByAxes = (small: Node, kernel: Node): Node => {
  const [n, b1, b2, c] = sizesOf(small, 4);
  const [kh, kw, , out] = sizesOf(kernel, 4);
  const taps = reshape(transpose(kernel, [2, 3, 0, 1]), [1, 1, c, out * kh * kw]);
  const window = { stride: 1, dilation: 1, padding: padding(0) };
  const products = channelsFirst(convolution(small, taps, window));
  const byAxes = transpose(reshape(products, [n, out, kh, kw, b1, b2]), [0, 1, 2, 4, 3, 5]);
  return reshape(byAxes, [n, out, kh * b1, kw * b2]);
};

const spreadByAxes: Spreading["spread"] = (pieces, conv) => {
  const kernel = conv.args[1];
  const [, height, width] = sizesOf(conv, 4);
  const [kh, kw] = sizesOf(kernel, 4);
  const { top, left } = conv.attributes.padding;
  const { alignCorners } = pieces[0].node.attributes;
  const across = pieces.map((piece) => {
    const small = smallOf(piece);
    const rows = tappedByAxes(small, kernelFor(kernel, piece));
    const columns = [sizesOf(small, 4)[2]];
    const matrix = axisTaps(columns, { taps: kw, offset: left, n: width, alignCorners });
    return matmul(rows, matrix, false, true);
  });
  const heights = pieces.map((piece) => sizesOf(smallOf(piece), 4)[1]);
  const down = axisTaps(heights, { taps: kh, offset: top, n: height, alignCorners });
  return channelsLast(matmul(down, concat(across, 2)));
};

/** First across, then down: each output pixel meets kh·b numbers in place of kh·kw·b². */
const byAxes: Spreading = {
  isWorthIt: (small, conv) => {
    const [, b1, b2, c] = sizesOf(small, 4);
    const [, h, w] = sizesOf(conv, 4);
    const [kh, kw] = sizesOf(conv.args[1], 4);
    const own = b1 * kh * (b2 * kw * (c + w) + h * w);
    return own < h * w * c * kh * kw;
  },
  spread: spreadByAxes,
};

/** What the pieces add that stay in the convolution. */
const kept = (pieces: readonly Piece[], conv: NodeOf<"convolution">): Node =>
  pieces
    .map(
      (piece) => convolution(piece.node, kernelFor(conv.args[1], piece), conv.attributes) as Node,
    )
    .reduce(add);

const factor =
  ({ isWorthIt, spread }: Spreading) =>
  (node: Node): Option<Node> => {
    if (node.op !== "convolution" || node.args[0].op !== "concat") return none;
    const { stride, dilation } = node.attributes;
    const [joined] = node.args;
    const { args, attributes } = joined;
    // The taps' matrix is made for maps that keep their size.
    const [, height, width] = sizesOf(node, 4);
    const [, rows, columns] = sizesOf(joined, 4);
    const sameSize = rows === height && columns === width;
    if (attributes.axis !== 3 || stride !== 1 || dilation !== 1 || !sameSize) return none;
    const isSmall = (piece: Piece): piece is Upsampled =>
      isUpsampled(piece) && isWorthIt(smallOf(piece), node);
    const pieces = piecesOf(args);
    const small = pieces.filter(isSmall);
    const large = pieces.filter((piece) => !isSmall(piece));
    if (!isNonEmpty(small)) return none;
    return some(
      large.length === 0 ? spread(small, node) : add(kept(large, node), spread(small, node)),
    );
  };

export const factorPyramid: Rewrite = {
  name: "factor-pyramid",
  law: "convolution is linear in its input, and bilinear upsampling is a constant matrix: conv(concat(x, U·m)) = conv(x) + (shifted U)·(m·taps)",
  rule: factor(atOnce),
};

/** For runtimes whose convolutions are faster than their products with a batch of matrices. */
export const factorPyramidByAxes: Rewrite = {
  name: "factor-pyramid-by-axes",
  law: "bilinear upsampling is one matrix along each axis: (shifted U)·(m·taps) = U_down·(m·taps)·U_acrossᵀ",
  rule: factor(byAxes),
};

/** The grid whose cells lie whole in the cells of every bin; none where a cell is no square of several pixels. */
const gridOf = ({ bins, height, width }: Pooling): { grid: number; side: number } | null => {
  const grid = bins.reduce(leastCommonMultiple, 1);
  const side = height / grid;
  return Number.isInteger(side) && side > 1 && side === width / grid ? { grid, side } : null;
};

const leastCommonMultiple = (a: number, b: number): number => {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
};

const pooledTwice = (node: Node): Option<Node> => {
  if (node.op !== "matmul" || node.args[0].op !== "constant") return none;
  const [
    {
      attributes: { content },
    },
    map,
  ] = node.args;
  if (content.kind !== "pooling" || map.op !== "reshape") return none;
  const [x] = map.args;
  const found = gridOf(content);
  if (found === null || shapeOf(x).length !== 4) return none;
  const { grid, side } = found;
  const { bins } = content;
  const [n, , , c] = sizesOf(x, 4);
  const share = constant({ kind: "fill", value: 1 / side ** 2 }, "f32", side, side, 1, c);
  const fine = depthwise(x, share, { stride: side, dilation: 1, padding: padding(0) });
  const [, cells] = sizesOf(node, 3);
  const pooling = { kind: "pooling", bins, height: grid, width: grid } as const;
  const matrix = constant(pooling, "f32", cells, grid ** 2);
  return some(matmul(matrix, reshape(fine, [n, grid ** 2, c])));
};

/** For runtimes that hold maps in blocks of channels, which a product with every pixel would have to undo. */
export const poolTwice: Rewrite = {
  name: "pool-twice",
  law: "where the cells of a grid lie whole in the cells of every bin, a bin's mean is the mean of its cells' means",
  rule: pooledTwice,
};
