/** Pyramid factoring: a convolution over upsampled maps becomes products over the small maps that they were made of. */

import { isNonEmpty } from "fp-ts/lib/Array.js";
import type { NonEmptyArray } from "fp-ts/lib/NonEmptyArray.js";
import { none, type Option, some } from "fp-ts/lib/Option.js";
import {
  add,
  concat,
  constant,
  convolution,
  matmul,
  reshape,
  slice,
  transpose,
} from "../graph/compose.js";
import { type Node, type NodeOf, sizesOf } from "../graph/op.js";
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

/**
 * Per upsampled map of b² pixels and c channels the convolution costs h·w·c products a tap and output channel; here it
 * costs b²·c to multiply the small map and h·w·b² to spread it.
 */
const isWorthIt = (small: Node, full: Node): boolean => {
  const [, b1, b2, c] = sizesOf(small, 4);
  const [, h, w] = sizesOf(full, 4);
  return b1 * b2 * (c + h * w) < h * w * c;
};

/** A piece that is made of a map so small that factoring is worth it. */
interface Upsampled extends Piece {
  readonly node: NodeOf<"resize"> & Node;
}

const isUpsampled = (piece: Piece): piece is Upsampled =>
  piece.node.op === "resize" && isWorthIt(piece.node.args[0], piece.node);

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

/** What the upsampled pieces add to the output: `[N, h, w, K]`. */
const spread = (pieces: NonEmptyArray<Upsampled>, conv: NodeOf<"convolution"> & Node): Node => {
  const kernel = conv.args[1];
  const [n, height, width, out] = sizesOf(conv, 4);
  const [kh, kw] = sizesOf(kernel, 4);
  const { top, left } = conv.attributes.padding;
  const smallOf = ({ node: { args } }: Upsampled): Node => args[0];
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

/** What the pieces add that stay in the convolution. */
const kept = (pieces: readonly Piece[], conv: NodeOf<"convolution">): Node =>
  pieces
    .map(
      (piece) => convolution(piece.node, kernelFor(conv.args[1], piece), conv.attributes) as Node,
    )
    .reduce(add);

const factor = (node: Node): Option<Node> => {
  if (node.op !== "convolution" || node.args[0].op !== "concat") return none;
  const { stride, dilation } = node.attributes;
  const [joined] = node.args;
  const { args, attributes } = joined;
  // The taps' matrix is made for maps that keep their size.
  const [, height, width] = sizesOf(node, 4);
  const [, rows, columns] = sizesOf(joined, 4);
  const sameSize = rows === height && columns === width;
  if (attributes.axis !== 3 || stride !== 1 || dilation !== 1 || !sameSize) return none;
  const pieces = piecesOf(args);
  const small = pieces.filter(isUpsampled);
  const large = pieces.filter((piece) => !isUpsampled(piece));
  if (!isNonEmpty(small)) return none;
  return some(
    large.length === 0 ? spread(small, node) : add(kept(large, node), spread(small, node)),
  );
};

export const factorPyramid: Rewrite = {
  name: "factor-pyramid",
  law: "convolution is linear in its input, and bilinear upsampling is a constant matrix: conv(concat(x, U·m)) = conv(x) + (shifted U)·(m·taps)",
  rule: factor,
};
