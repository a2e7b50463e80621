/** ONNX's nodes for every operation of a network in use. */

import { invariant } from "../diagnostic/invariant.js";
import type { Arguments, Binary, Comparison, OpName, Ops, Unary } from "../graph/op.js";
import type { Shape, Type } from "../graph/type.js";
import { ANY } from "../rewrite/any-size.js";
import { convolve, pads } from "./convolution.js";
import {
  arranged,
  axisIn,
  hasLayouts,
  type Layout,
  type Made,
  type Operand,
  orderOf,
  relabelled,
  type Writer,
} from "./operand.js";
import { type Attribute, dataType } from "./proto.js";

/** Leaves are what the graph is given; a part has the name of its whole. */
type Leaf = "input" | "variable" | "constant";

/** What stands in no question to a trained network. */
export const untranslated = [
  "part",
  "convolutionInputGradient",
  "convolutionKernelGradient",
  "depthwiseInputGradient",
  "depthwiseKernelGradient",
  "batchNorm",
  "batchNormGradient",
  "reluGradient",
  "relu6Gradient",
  "maxPoolGradient",
  "resizeGradient",
  "crossEntropy",
  "kthSmallest",
  "bincount",
  "uniform",
  "across",
  "share",
  "spread",
] as const satisfies readonly OpName[];

export type Translated = Exclude<OpName, Leaf | (typeof untranslated)[number]>;

export interface Site<K extends OpName> {
  readonly attributes: Ops[K];
  readonly args: Arguments<Operand>[K];
  /** In the layout `last`. */
  readonly type: Type;
}
type Rule<K extends OpName> = (to: Writer, site: Site<K>) => Made;

const rankOf = ({ shape }: Type): number => shape.length;
/** The layout of a single argument: turning it would cost what is saved. */
const own = ({ layout }: Operand): Layout => (layout === "any" ? "last" : layout);

/** `first` where an argument of full rank comes so. */
const common = (args: readonly Operand[], rank: number): Layout =>
  hasLayouts(rank) && args.some(({ layout, type }) => layout === "first" && rankOf(type) === rank)
    ? "first"
    : "last";

/** An operation of each number by itself. */
const pointwise =
  <K extends "relu" | "stop" | "after" | "unary">(op: (site: Site<K>) => string): Rule<K> =>
  (to, site) => {
    const [x] = site.args;
    const layout = own(x);
    return { layout, name: to.emit(op(site), [x.as(layout)]) };
  };

/** An operation of two that stretch to one shape. */
const stretched = (to: Writer, op: string, args: readonly Operand[], type: Type): Made => {
  const rank = rankOf(type);
  const layout = common(args, rank);
  return {
    layout,
    name: to.emit(
      op,
      args.map((arg) => arg.aligned(rank, layout)),
    ),
  };
};

const ints = (values: readonly number[]): Attribute => ({ ints: values });

const unaryOp: Readonly<Record<Unary, string>> = {
  negate: "Neg",
  exp: "Exp",
  log: "Log",
  sqrt: "Sqrt",
  reciprocal: "Reciprocal",
};
const binaryOp: Readonly<Record<Binary, string>> = {
  add: "Add",
  subtract: "Sub",
  multiply: "Mul",
  divide: "Div",
  maximum: "Max",
  minimum: "Min",
};
const comparisonOp: Readonly<Record<Comparison, string>> = {
  equal: "Equal",
  less: "Less",
  greaterEqual: "GreaterOrEqual",
};

/** Beyond every size: a slice to there takes all. */
const END = 2 ** 31 - 1;

/** Along the last axis, wherever it stands. */
const alongLast = (x: Operand): { readonly layout: Layout; readonly axis: number } => {
  const layout = own(x);
  const rank = rankOf(x.type);
  return { layout, axis: axisIn(rank, layout, rank - 1) };
};

/** A matrix turned in its last two axes. */
const turned = (to: Writer, x: Operand): string => {
  const rank = rankOf(x.type);
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const perm = ints([...axes.slice(0, -2), rank - 1, rank - 2]);
  return to.emit("Transpose", [x.as("last")], { perm });
};

/** The samples of a batch, which a reshape must leave alone where the channels stand before the pixels. */
const samples = (shape: Shape): number => (shape.length > 2 ? (shape[0] ?? 1) : 1);

const last = (name: string): Made => ({ name, layout: "last" });

/** What a resized map measures, channels first: where that is open, as many samples as come, and the pixels of the pictures. */
const sizesOf = (to: Writer, x: Operand, [n = 1, height = 1, width = 1, c = 1]: Shape): string => {
  const isOpen = height === ANY || width === ANY;
  if (n !== ANY && !isOpen) return to.integers([n, c, height, width]);
  const measured = (name: string, from: number, end: number): string =>
    to.emit("Slice", [to.emit("Shape", [name]), to.integers([from]), to.integers([end])]);
  const parts = [
    n === ANY ? measured(x.as("first"), 0, 1) : to.integers([n]),
    to.integers([c]),
    isOpen ? measured(to.pictures, 1, 3) : to.integers([height, width]),
  ];
  return to.emit("Concat", parts, { axis: { int: 0 } });
};

export const operations: { readonly [K in Translated]: Rule<K> } = {
  convolution: (to, site) => convolve(to, site),
  depthwise: (to, site) => convolve(to, site),
  batchNormInference: (to, { attributes: { epsilon }, args: [x, ...weights] }) => ({
    layout: "first",
    name: to.emit(
      "BatchNormalization",
      [x.as("first"), ...weights.map((each) => each.as("last"))],
      {
        epsilon: { float: epsilon },
      },
    ),
  }),
  relu: pointwise(() => "Relu"),
  relu6: (to, { args: [x] }) => {
    const layout = own(x);
    const bound = (value: number): string => to.numbers("f32", [], Float32Array.of(value), "bound");
    return { layout, name: to.emit("Clip", [x.as(layout), bound(0), bound(6)]) };
  },
  maxPool: (to, { attributes: { size, stride, padding }, args: [x] }) => ({
    layout: "first",
    name: to.emit("MaxPool", [x.as("first")], {
      kernel_shape: ints(size),
      strides: ints(stride),
      pads: pads(padding),
    }),
  }),
  resize: (to, { attributes: { alignCorners }, args: [x], type }) => {
    const sizes = sizesOf(to, x, type.shape);
    return {
      layout: "first",
      name: to.emit("Resize", [x.as("first"), "", "", sizes], {
        mode: { text: "linear" },
        coordinate_transformation_mode: { text: alignCorners ? "align_corners" : "half_pixel" },
      }),
    };
  },
  softmax: (to, { args: [x] }) => {
    const { layout, axis } = alongLast(x);
    return { layout, name: to.emit("Softmax", [x.as(layout)], { axis: { int: axis } }) };
  },
  matmul: (to, { attributes: { transposeA, transposeB }, args: [a, b], type }) => {
    const isPlain = !transposeA && !transposeB;
    // Up to rank 3 `first` turns a matrix round: (A·B)ᵀ = Bᵀ·Aᵀ.
    const isTurned = [a, b].some(({ layout }) => layout === "first") && rankOf(type) <= 3;
    if (isPlain && isTurned)
      return { layout: "first", name: to.emit("MatMul", [b.as("first"), a.as("first")]) };
    const side = (x: Operand, isTransposed: boolean): string =>
      isTransposed ? turned(to, x) : x.as("last");
    return last(to.emit("MatMul", [side(a, transposeA), side(b, transposeB)]));
  },
  unary: pointwise(({ attributes: { kind } }) => unaryOp[kind]),
  binary: (to, { attributes: { kind }, args, type }) => stretched(to, binaryOp[kind], args, type),
  compare: (to, { attributes: { kind }, args, type }) =>
    stretched(to, comparisonOp[kind], args, type),
  select: (to, { args, type }) => stretched(to, "Where", args, type),
  largest: (to, { args: [x] }) => {
    const { layout, axis } = alongLast(x);
    const attributes = { axes: ints([axis]), keepdims: { int: 1 } };
    return { layout, name: to.emit("ReduceMax", [x.as(layout)], attributes) };
  },
  stop: pointwise(() => "Identity"),
  after: pointwise(() => "Identity"),
  sum: (to, { attributes: { axes, keep }, args: [x] }) =>
    last(
      to.emit("ReduceSum", [x.as("last"), to.integers(axes)], { keepdims: { int: keep ? 1 : 0 } }),
    ),
  broadcast: (to, { attributes: { shape }, args: [x] }) =>
    last(to.emit("Expand", [x.as("last"), to.integers(shape)])),
  cast: (to, { attributes: { dtype }, args: [x] }) => {
    invariant(dtype !== "bf16", "an exported network computes with 32 bits");
    // Bytes of a picture are turned before they are four times as many.
    const layout = x.type.dtype === "u8" && rankOf(x.type) === 4 ? "first" : own(x);
    return { layout, name: to.emit("Cast", [x.as(layout)], { to: { int: dataType[dtype] } }) };
  },
  reshape: (to, { attributes: { shape }, args: [x] }) => {
    const from = x.type.shape;
    // Ranks 5 and 6 have no channels before pixels: numbers alone would show a mistake here, no checker does.
    const keepsChannels =
      x.layout === "first" &&
      [from, shape].every(({ length }) => hasLayouts(length)) &&
      from.at(-1) === shape.at(-1) &&
      samples(from) === samples(shape);
    const layout = keepsChannels ? "first" : "last";
    const sizes = to.integers(arranged(shape, orderOf(shape.length, layout)));
    return { layout, name: to.emit("Reshape", [x.as(layout), sizes]) };
  },
  transpose: (to, { attributes: { permutation }, args: [x] }) => {
    const layout = own(x);
    const other = relabelled(permutation, layout);
    if (other !== null) return { layout: other, name: x.as(layout) };
    const order = orderOf(permutation.length, layout);
    // Axis i of the result is axis order[i] of `last`, which came from permutation[order[i]].
    const perm = ints(arranged(permutation, order).map((axis) => order.indexOf(axis)));
    return { layout, name: to.emit("Transpose", [x.as(layout)], { perm }) };
  },
  concat: (to, { attributes: { axis }, args, type }) => {
    const layout = common(args, rankOf(type));
    const at = axisIn(rankOf(type), layout, axis);
    const name = to.emit(
      "Concat",
      args.map((arg) => arg.as(layout)),
      { axis: { int: at } },
    );
    return { layout, name };
  },
  slice: (to, { attributes: { begin, size }, args: [x] }) => {
    const layout = own(x);
    const order = orderOf(begin.length, layout);
    // Of an axis that stays whole nothing is said: readers know then that it has the size that it had.
    const cuts = order.flatMap((axis, i) => {
      const [start = 0, length = ANY] = [begin[axis], size[axis]];
      const isWhole = start === 0 && length === x.type.shape[axis];
      return isWhole ? [] : [[start, length === ANY ? END : start + length, i]];
    });
    const words = [0, 1, 2].map((word) => to.integers(cuts.map((cut) => cut[word] ?? 0)));
    return { layout, name: to.emit("Slice", [x.as(layout), ...words]) };
  },
  pad: (to, { attributes: { before, after }, args: [x] }) => {
    const layout = own(x);
    const order = orderOf(before.length, layout);
    const around = to.integers([...arranged(before, order), ...arranged(after, order)]);
    return { layout, name: to.emit("Pad", [x.as(layout), around]) };
  },
  reverse: (to, { attributes: { axis }, args: [x] }) => {
    const layout = own(x);
    const at = axisIn(rankOf(x.type), layout, axis);
    // From the last to before the first.
    const words = [[-1], [-(2 ** 31)], [at], [-1]].map(to.integers);
    return { layout, name: to.emit("Slice", [x.as(layout), ...words]) };
  },
  gather: (to, { args: [table, indices] }) =>
    last(to.emit("Gather", [table.as("last"), indices.as("last")], { axis: { int: 0 } })),
  argmax: (to, { args: [x] }) => {
    const { layout, axis } = alongLast(x);
    const attributes = { axis: { int: axis }, keepdims: { int: 0 } };
    const wide = to.emit("ArgMax", [x.as(layout)], attributes);
    // What is left is pixels alone. ONNX counts with 64 bits.
    return last(to.emit("Cast", [wide], { to: { int: dataType.i32 } }));
  },
};

/** The tensor of `op`, whose nodes are added to `to`. */
export const translate = <K extends Translated>(op: K, to: Writer, site: Site<K>): Made =>
  operations[op](to, site);
