/** Pyramid factoring: a convolution over upsampled maps enters, two small products leave. */

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
import { type Node, type NodeOf, shapeOf } from "../graph/op.js";
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
    const channels = shapeOf(node)[3];
    start += channels;
    return { node, start: start - channels, channels };
  });
};

/**
 * Per upsampled map of b² pixels and c channels the convolution costs h·w·c products a tap and output channel; here it
 * costs b²·c to multiply the small map and h·w·b² to spread it.
 */
const isWorthIt = (small: Node, full: Node): boolean => {
  const [, b1, b2, c] = shapeOf(small);
  const [, h, w] = shapeOf(full);
  return b1 * b2 * (c + h * w) < h * w * c;
};

const isUpsampled = ({ node }: Piece): boolean =>
  node.op === "resize" && isWorthIt(node.args[0], node);

const kernelFor = (kernel: Node, { start, channels }: Piece): Node => {
  const [kh, kw, , out] = shapeOf(kernel);
  return slice(kernel, [0, 0, start, 0], [kh, kw, channels, out]);
};

/** Small map `[N, b, b, c]` times every tap of its kernel: `[N, taps·b², K]`. */
const tapped = (small: Node, kernel: Node): Node => {
  const [n, b1, b2, c] = shapeOf(small);
  const [kh, kw, , out] = shapeOf(kernel);
  const taps = kh * kw;
  const products = matmul(reshape(small, [n * b1 * b2, c]), reshape(kernel, [taps, c, out]));
  const bySample = transpose(reshape(products, [taps, n, b1 * b2, out]), [1, 0, 2, 3]);
  return reshape(bySample, [n, taps * b1 * b2, out]);
};

/** What the upsampled pieces add to the output: `[N, h, w, K]`. */
const spread = (pieces: readonly Piece[], conv: NodeOf<"convolution">): Node => {
  const kernel = conv.args[1];
  const [n, height, width, out] = conv.types[0].shape;
  const [kh, kw] = shapeOf(kernel);
  const { top, left } = conv.attributes.padding;
  const resizes = pieces.map(({ node }) => node as NodeOf<"resize">);
  const sizes = resizes.map(({ args: [small] }) => [shapeOf(small)[1], shapeOf(small)[2]] as const);
  const rows = sizes.reduce((total, [b1, b2]) => total + kh * kw * b1 * b2, 0);
  const alignCorners = resizes[0].attributes.alignCorners;
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
    pieces.map((piece, i) => tapped(resizes[i].args[0], kernelFor(kernel, piece))),
    1,
  );
  return reshape(matmul(weights, stacked), [n, height, width, out]);
};

/** Runs of neighbours that stay in the convolution are read as one. */
const kept = (pieces: readonly Piece[], conv: NodeOf<"convolution">): Node =>
  pieces
    .map(
      (piece) => convolution(piece.node, kernelFor(conv.args[1], piece), conv.attributes) as Node,
    )
    .reduce(add);

const factor = (node: Node): Option<Node> => {
  if (node.op !== "convolution" || node.args[0].op !== "concat") return none;
  const { stride, dilation } = node.attributes;
  const { args, attributes, types } = node.args[0];
  // The taps' matrix is made for maps that keep their size.
  const [, height, width] = shapeOf(node);
  const sameSize = types[0].shape[1] === height && types[0].shape[2] === width;
  if (attributes.axis !== 3 || stride !== 1 || dilation !== 1 || !sameSize) return none;
  const pieces = piecesOf(args);
  const small = pieces.filter(isUpsampled);
  const large = pieces.filter((piece) => !isUpsampled(piece));
  if (small.length === 0) return none;
  return some(
    large.length === 0 ? spread(small, node) : add(kept(large, node), spread(small, node)),
  );
};

export const factorPyramid: Rewrite = {
  name: "factor-pyramid",
  law: "convolution is linear in its input, and bilinear upsampling is a constant matrix: conv(concat(x, U·m)) = conv(x) + (shifted U)·(m·taps)",
  rule: factor,
};
