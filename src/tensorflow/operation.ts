/** TensorFlow's nodes for every operation. */

import { valuesOf } from "../graph/constant.js";
import type { Binary, Comparison, Ops, Unary } from "../graph/op.js";
import { ofRank, product, type Shape, type Type, type Types } from "../graph/type.js";
import { format, kernelGradient, poolAttributes, windowAttributes } from "./convolution.js";
import { depthwise, depthwiseInputGradient, depthwiseKernelGradient } from "./depthwise.js";
import {
  type Attributes,
  after,
  type Emitter,
  elementType,
  padded,
  type TensorName,
  tensorOf,
} from "./emitter.js";
import { largestNode } from "./largest.js";
import type { LegalArguments, LegalName, LegalOps } from "./op.js";
import type { Tensor } from "./proto.js";
import { tilesGradientNode, tilesNode } from "./tiling.js";

export const placeholder = (to: Emitter, { name, dtype, shape }: Ops["input"]): TensorName =>
  dtype === "u8"
    ? unpacked(to, name, shape)
    : to.emit("Placeholder", [], { dtype: { type: dtype }, shape: { shape } }, `input/${name}`);

/**
 * Bytes cross from JavaScript as 32-bit words, because tfjs has no byte tensors: the same memory, read again inside
 * the graph.
 */
const unpacked = (to: Emitter, name: string, shape: Shape): TensorName => {
  const bytes = product(shape);
  const words = Math.ceil(bytes / 4);
  const given = to.emit(
    "Placeholder",
    [],
    { dtype: { type: "i32" }, shape: { shape: [words] } },
    `input/${name}`,
  );
  const cast = to.emit("Bitcast", [given], { T: { type: "i32" }, type: { type: "u8" } });
  const reshape = (x: TensorName, sizes: Shape): TensorName =>
    to.emit("Reshape", [x, to.integers(sizes)], { T: { type: "u8" }, Tshape: { type: "i32" } });
  const all = reshape(cast, [words * 4]);
  const used =
    words * 4 === bytes
      ? all
      : to.emit("Slice", [all, to.integers([0]), to.integers([bytes])], {
          T: { type: "u8" },
          Index: { type: "i32" },
        });
  return reshape(used, shape);
};

/**
 * What has a rule of its own: a part names its whole, what writes in place runs with the updates (`lower.ts`), and what
 * is said between replicas depends on which of them is written (`collective.ts`).
 */
export type Emitted = Exclude<LegalName, "part" | "applyMomentum" | "across" | "share" | "spread">;

export interface Site<K extends LegalName> {
  readonly attributes: LegalOps[K];
  readonly args: LegalArguments<TensorName>[K];
  readonly argTypes: LegalArguments<Type>[K];
  readonly types: Types;
  /** Handle of a variable. */
  readonly handle: (name: string) => TensorName;
}
type Rule<K extends LegalName> = (to: Emitter, site: Site<K>) => TensorName;

const resizeAttributes = (alignCorners: boolean): Attributes => ({
  align_corners: { bool: alignCorners },
  half_pixel_centers: { bool: !alignCorners },
});

const normAttributes = (x: Type, epsilon: number, training: boolean): Attributes => ({
  ...elementType(x),
  U: { type: "f32" },
  epsilon: { float: epsilon },
  is_training: { bool: training },
  ...format,
});

const unaryOp: Readonly<Record<Unary, string>> = {
  negate: "Neg",
  exp: "Exp",
  log: "Log",
  sqrt: "Sqrt",
  reciprocal: "Reciprocal",
};
const binaryOp: Readonly<Record<Binary, string>> = {
  add: "AddV2",
  subtract: "Sub",
  multiply: "Mul",
  divide: "RealDiv",
  maximum: "Maximum",
  minimum: "Minimum",
};
const comparisonOp: Readonly<Record<Comparison, string>> = {
  equal: "Equal",
  less: "Less",
  greaterEqual: "GreaterEqual",
};

/** An operation that is one TensorFlow node over the element type of its first argument. */
const plain =
  <K extends Exclude<LegalName, "input" | "variable" | "constant">>(
    op: string,
    more: (site: Site<K>) => Attributes = () => ({}),
  ): Rule<K> =>
  (to, site) =>
    to.emit(op, site.args, { ...elementType(site.argTypes[0]), ...more(site) });

const i32 = { type: "i32" } as const;

export const operations: { readonly [K in Emitted]: Rule<K> } = {
  input: (to, { attributes }) => placeholder(to, attributes),
  variable: (to, { attributes: { name, dtype }, handle }) =>
    to.emit("ReadVariableOp", [handle(name)], { dtype: { type: dtype } }),
  constant: (to, { attributes: { dtype, shape, content } }) => {
    if (content.kind === "fill") return to.constant({ dtype, shape, content: content.value });
    const make = (): Tensor => tensorOf(dtype, shape, valuesOf(content, shape));
    // A matrix is known by what it is made from.
    return content.kind === "values"
      ? to.constant(make())
      : to.named(JSON.stringify({ dtype, shape, content }), make);
  },
  convolution: plain("Conv2D", ({ attributes, argTypes: [x, kernel] }) =>
    windowAttributes(ofRank(x.shape, 4), ofRank(kernel.shape, 4), attributes),
  ),
  convolutionInputGradient: (to, { attributes, args: [kernel, dy], argTypes: [kernelType] }) =>
    to.emit("Conv2DBackpropInput", [to.integers(attributes.shape), kernel, dy], {
      ...elementType(kernelType),
      ...windowAttributes(ofRank(attributes.shape, 4), ofRank(kernelType.shape, 4), attributes),
    }),
  convolutionKernelGradient: kernelGradient,
  depthwise,
  depthwiseInputGradient,
  depthwiseKernelGradient,
  fusedNorm: (to, { attributes: { epsilon, keep }, args, argTypes: [x] }) =>
    to.emit("FusedBatchNormV3", args, {
      ...normAttributes(x, epsilon, true),
      exponential_avg_factor: { float: 1 - keep },
    }),
  fusedNormGradient: (to, { attributes: { epsilon }, args, argTypes: [, x] }) =>
    to.emit("FusedBatchNormGradV3", args, normAttributes(x, epsilon, true)),
  ownNormGradient: (to, { attributes: { epsilon }, args, argTypes: [, x] }) =>
    to.emit("PspcNormGradient", args, {
      ...elementType(x),
      epsilon: { float: epsilon },
      gates: { int: args.length - 5 },
    }),
  givenNormGradient: (to, { attributes: { epsilon }, args, argTypes: [, x] }) => {
    // What cuDNN alone remembers of a forward pass in training.
    const none = to.constant({ dtype: "f32", shape: [0], content: new Uint8Array() });
    return to.emit("FusedBatchNormGradV3", [...args, none], normAttributes(x, epsilon, false));
  },
  batchNormInference: (to, { attributes: { epsilon }, args, argTypes: [x] }) =>
    to.emit("FusedBatchNormV3", args, normAttributes(x, epsilon, false)),
  addInOrder: (to, { args: [a, b, input], argTypes: [type] }) =>
    to.emit("AddV2", [a, b, after(input)], elementType(type)),
  addBias: plain("BiasAdd", () => format),
  tiles: tilesNode,
  tilesGradient: tilesGradientNode,
  largestOfEnlarged: (to, { attributes, args: [x], types: [type] }) =>
    largestNode(to, attributes, x, type),
  relu: plain("Relu"),
  reluGradient: plain("ReluGrad"),
  relu6: plain("Relu6"),
  relu6Gradient: plain("Relu6Grad"),
  maxPool: plain("MaxPool", ({ attributes, argTypes: [x] }) =>
    poolAttributes(ofRank(x.shape, 4), attributes),
  ),
  maxPoolGradient: plain("MaxPoolGrad", ({ attributes, argTypes: [x] }) =>
    poolAttributes(ofRank(x.shape, 4), attributes),
  ),
  resize: (to, { attributes: { height, width, alignCorners }, args: [x], argTypes: [type] }) =>
    to.emit("ResizeBilinear", [x, to.integers([height, width])], {
      ...elementType(type),
      ...resizeAttributes(alignCorners),
    }),
  resizeGradient: (to, { attributes: { alignCorners }, args, argTypes: [, x] }) =>
    to.emit("ResizeBilinearGrad", args, { ...elementType(x), ...resizeAttributes(alignCorners) }),
  softmax: plain("Softmax"),
  crossEntropy: plain("SparseSoftmaxCrossEntropyWithLogits", () => ({ Tlabels: i32 })),
  matmul: (to, { attributes: { transposeA, transposeB }, args, argTypes: [a, b] }) =>
    Math.max(a.shape.length, b.shape.length) === 2
      ? to.emit("MatMul", args, {
          ...elementType(a),
          transpose_a: { bool: transposeA },
          transpose_b: { bool: transposeB },
        })
      : to.emit("BatchMatMulV2", args, {
          ...elementType(a),
          adj_x: { bool: transposeA },
          adj_y: { bool: transposeB },
        }),
  unary: (to, site) => plain<"unary">(unaryOp[site.attributes.kind])(to, site),
  binary: (to, site) => plain<"binary">(binaryOp[site.attributes.kind])(to, site),
  compare: (to, site) => plain<"compare">(comparisonOp[site.attributes.kind])(to, site),
  select: (to, { args, types: [type] }) => to.emit("SelectV2", args, elementType(type)),
  largest: (to, { args: [x], argTypes: [type] }) =>
    to.emit("Max", [x, to.integers([type.shape.length - 1])], {
      ...elementType(type),
      Tidx: i32,
      keep_dims: { bool: true },
    }),
  stop: plain("StopGradient"),
  after: (to, { args: [x, event], argTypes: [type] }) =>
    to.emit("Identity", [x, after(event)], elementType(type)),
  sum: (to, { attributes: { axes, keep }, args: [x], argTypes: [type] }) =>
    to.emit("Sum", [x, to.integers(axes)], {
      ...elementType(type),
      Tidx: i32,
      keep_dims: { bool: keep },
    }),
  broadcast: (to, { attributes: { shape }, args: [x], argTypes: [type] }) =>
    to.emit("BroadcastTo", [x, to.integers(shape)], { ...elementType(type), Tidx: i32 }),
  cast: (to, { attributes: { dtype }, args, argTypes: [from] }) =>
    to.emit("Cast", args, { SrcT: { type: from.dtype }, DstT: { type: dtype } }),
  reshape: (to, { attributes: { shape }, args: [x], argTypes: [type] }) =>
    to.emit("Reshape", [x, to.integers(shape)], { ...elementType(type), Tshape: i32 }),
  transpose: (to, { attributes: { permutation }, args: [x], argTypes: [type] }) =>
    to.emit("Transpose", [x, to.integers(permutation)], { ...elementType(type), Tperm: i32 }),
  concat: (to, { attributes: { axis }, args, argTypes: [type] }) =>
    to.emit("ConcatV2", [...args, to.constant(tensorOf("i32", [], [axis]))], {
      ...elementType(type),
      N: { int: args.length },
      Tidx: i32,
    }),
  slice: (to, { attributes: { begin, size }, args: [x], argTypes: [type] }) =>
    to.emit("Slice", [x, to.integers(begin), to.integers(size)], {
      ...elementType(type),
      Index: i32,
    }),
  pad: (to, { attributes: { before, after }, args: [x], argTypes: [type] }) =>
    padded(
      to,
      x,
      type,
      before.flatMap((n, axis) => [n, after[axis] ?? 0]),
    ),
  reverse: (to, { attributes: { axis }, args: [x], argTypes: [type] }) =>
    to.emit("ReverseV2", [x, to.integers([axis])], { ...elementType(type), Tidx: i32 }),
  gather: (to, { args: [table, indices], argTypes: [type] }) =>
    to.emit("GatherV2", [table, indices, to.constant(tensorOf("i32", [], [0]))], {
      Tparams: { type: type.dtype },
      Tindices: i32,
      Taxis: i32,
      batch_dims: { int: 0 },
    }),
  kthSmallest: (to, { attributes: { k }, args }) => {
    const f32 = { T: { type: "f32" } } as const;
    const count = to.constant(tensorOf("i32", [], [k]));
    const top = to.emit("TopKV2", [to.emit("Neg", args, f32), count], {
      ...f32,
      sorted: { bool: true },
      Tk: i32,
      index_type: i32,
    });
    const last = to.emit("Slice", [top, to.integers([k - 1]), to.integers([1])], {
      ...f32,
      Index: i32,
    });
    const scalar = to.emit("Reshape", [last, to.integers([])], { ...f32, Tshape: i32 });
    return to.emit("Neg", [scalar], f32);
  },
  argmax: (to, { args: [x], argTypes: [type] }) =>
    to.emit("ArgMax", [x, to.constant(tensorOf("i32", [], [type.shape.length - 1]))], {
      ...elementType(type),
      Tidx: i32,
      output_type: i32,
    }),
  bincount: (to, { attributes: { size }, args: [x] }) => {
    const none = to.constant({ dtype: "i32", shape: [0], content: new Uint8Array() });
    return to.emit("Bincount", [x, to.constant(tensorOf("i32", [], [size])), none], { T: i32 });
  },
  uniform: (to, { attributes: { shape, seed, stream }, args: [step] }) => {
    // One key a layer; the step is the counter. 65,521 is the largest prime below 2¹⁶.
    const key = to.constant(tensorOf("i32", [], [(Math.imul(seed, 65521) + stream) | 0]));
    const pair = to.emit("Pack", [key, step], { N: { int: 2 }, T: i32, axis: { int: 0 } });
    const attributes = { dtype: { type: "f32" }, T: i32, Tseed: i32 } as const;
    return to.emit("StatelessRandomUniform", [to.integers(shape), pair], attributes);
  },
};

/** Name of the first output of `op`, whose nodes are added to `to`. */
export const lowerOperation = <K extends Emitted>(op: K, to: Emitter, site: Site<K>): TensorName =>
  operations[op](to, site);
