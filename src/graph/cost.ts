/** Counts the parameters and the multiply-accumulates of a graph. */

import { type Graph, type Value, valuesOfOp } from "./graph.js";
import type { OpName } from "./op.js";
import { product } from "./type.js";
import { isTrained } from "./variable.js";

/** Weights that training moves: kernels, biases, scales and shifts; running statistics are not counted. */
export const parameterCount = (graph: Graph): number =>
  valuesOfOp(graph, "variable")
    .filter(({ attributes }) => isTrained(attributes))
    .reduce((total, { attributes }) => total + product(attributes.shape), 0);

/** Multiply-accumulates of a convolution, by the shapes of its kernel and of what leaves it. */
export const kernelWork = (kernel: readonly number[], output: readonly number[]): number =>
  product(kernel.slice(0, 3)) * product(output);

/** Multiply-accumulates of the operations whose work is products; the rest is traffic and counts as none. */
const work: { readonly [K in OpName]?: (value: Value, graph: Graph) => number } = {
  convolution: (value, graph) =>
    kernelWork(graph.values[value.args[1]].types[0].shape, value.types[0].shape),
  convolutionInputGradient: (value, graph) =>
    kernelWork(
      graph.values[value.args[0]].types[0].shape,
      graph.values[value.args[1]].types[0].shape,
    ),
  convolutionKernelGradient: (value, graph) =>
    kernelWork(value.types[0].shape, graph.values[value.args[1]].types[0].shape),
};

/** Multiply-accumulates of one value. Convolutions only: this is how the field counts (pspnet.md 1.9). */
export const macsOf = (value: Value, graph: Graph): number => work[value.op]?.(value, graph) ?? 0;

/** Multiply-accumulates of matrix products too: what rewrites move between the two. */
export const products = (graph: Graph): number =>
  graph.values.reduce((sum, value) => {
    if (value.op !== "matmul") return sum + macsOf(value, graph);
    const inner = graph.values[value.args[0]].types[0].shape.at(
      value.attributes.transposeA ? -2 : -1,
    );
    return sum + product(value.types[0].shape) * (inner ?? 1);
  }, 0);

export const macs = (graph: Graph): number =>
  graph.values.reduce((total, value) => total + macsOf(value, graph), 0);
