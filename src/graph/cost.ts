/** Counts the parameters and the multiply-accumulates of a graph. */

import { type Graph, typesOfArgs, type Value, valuesOfOp } from "./graph.js";
import { type Arguments, mapArgs, type Node, type NodeOf, type OpName } from "./op.js";
import { product, type Types } from "./type.js";
import { isTrained } from "./variable.js";

/** Weights that training moves: kernels, biases, scales and shifts; running statistics are not counted. */
export const parameterCount = (graph: Graph): number =>
  valuesOfOp(graph, "variable")
    .filter(({ attributes }) => isTrained(attributes))
    .reduce((total, { attributes }) => total + product(attributes.shape), 0);

/** Multiply-accumulates of a convolution, by the shapes of its kernel and of what leaves it. */
const kernelWork = (kernel: readonly number[], output: readonly number[]): number =>
  product(kernel.slice(0, 3)) * product(output);

/** An operation without its place in a graph. */
type Typed<K extends OpName> = Pick<NodeOf<K>, "op" | "attributes" | "types">;
type Macs<K extends OpName> = (of: Typed<K>, args: Arguments<Types>[K]) => number;

/** How an operation works: by a `convolution`, by another `product`, or by moving numbers, which counts as nothing. */
type Work<K extends OpName> =
  | { readonly convolution: Macs<K> }
  | { readonly product: Macs<K> }
  | null;

const work: { readonly [K in OpName]: Work<K> } = {
  input: null,
  variable: null,
  constant: null,
  part: null,
  convolution: {
    convolution: ({ types: [y] }, [, [kernel]]) => kernelWork(kernel.shape, y.shape),
  },
  convolutionInputGradient: {
    convolution: (_, [[kernel], [dy]]) => kernelWork(kernel.shape, dy.shape),
  },
  convolutionKernelGradient: {
    convolution: ({ types: [kernel] }, [, [dy]]) => kernelWork(kernel.shape, dy.shape),
  },
  depthwise: {
    convolution: ({ types: [y] }, [, [kernel]]) => kernelWork(kernel.shape, y.shape),
  },
  depthwiseInputGradient: {
    convolution: (_, [[kernel], [dy]]) => kernelWork(kernel.shape, dy.shape),
  },
  depthwiseKernelGradient: {
    convolution: ({ types: [kernel] }, [, [dy]]) => kernelWork(kernel.shape, dy.shape),
  },
  batchNorm: null,
  batchNormGradient: null,
  batchNormInference: null,
  relu: null,
  reluGradient: null,
  relu6: null,
  relu6Gradient: null,
  maxPool: null,
  maxPoolGradient: null,
  resize: null,
  resizeGradient: null,
  softmax: null,
  crossEntropy: null,
  matmul: {
    product: ({ attributes: { transposeA }, types: [y] }, [[a]]) =>
      product(y.shape) * (a.shape.at(transposeA ? -2 : -1) ?? 1),
  },
  unary: null,
  binary: null,
  compare: null,
  select: null,
  largest: null,
  stop: null,
  after: null,
  sum: null,
  broadcast: null,
  cast: null,
  reshape: null,
  transpose: null,
  concat: null,
  slice: null,
  pad: null,
  reverse: null,
  gather: null,
  kthSmallest: null,
  argmax: null,
  bincount: null,
  uniform: null,
  across: null,
  share: null,
  spread: null,
};

const convolutionMacs = <K extends OpName>(of: Typed<K>, args: Arguments<Types>[K]): number => {
  const how: Work<K> = work[of.op];
  return how !== null && "convolution" in how ? how.convolution(of, args) : 0;
};

const productMacs = <K extends OpName>(of: Typed<K>, args: Arguments<Types>[K]): number => {
  const how: Work<K> = work[of.op];
  return how !== null && "product" in how ? how.product(of, args) : 0;
};

/** Multiply-accumulates of one value. Convolutions only: this is how the field counts (pspnet.md 1.9). */
export const macsOf = (value: Value, graph: Graph): number =>
  convolutionMacs(value, typesOfArgs(value, graph));

export const macsOfNode = (node: Node): number => convolutionMacs(node, typesOf(node));

/** The types of every output of a node's arguments. */
const typesOf = <K extends OpName>({ args }: Pick<NodeOf<K>, "args">): Arguments<Types>[K] =>
  mapArgs<K, Node, Types>(args, ({ types }) => types);

export const macs = (graph: Graph): number =>
  graph.values.reduce((total, value) => total + macsOf(value, graph), 0);

/** Multiply-accumulates of matrix products too: what rewrites move between the two. */
export const products = (graph: Graph): number =>
  graph.values.reduce(
    (total, value) => total + macsOf(value, graph) + productMacs(value, typesOfArgs(value, graph)),
    0,
  );
