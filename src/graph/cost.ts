/** What a graph costs: parameters, multiply-accumulates, bytes; a numbered graph enters, numbers leave. */

import { type Graph, refsOf, type Value, valuesOfOp } from "./graph.js";
import { isTrained, type OpName } from "./op.js";
import { bytesOf, product } from "./type.js";

/** Weights that training moves: kernels, biases, scales and shifts; running statistics are not counted. */
export const parameterCount = (graph: Graph): number =>
  valuesOfOp(graph, "variable")
    .filter((value) => isTrained({ ...value, args: [] }))
    .reduce((total, { attributes }) => total + product(attributes.shape), 0);

const kernelWork = (kernel: readonly number[], output: readonly number[]): number =>
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

export const macs = (graph: Graph): number =>
  graph.values.reduce((total, value) => total + macsOf(value, graph), 0);

export interface Memory {
  /** Weights, momentum and statistics. */
  readonly state: number;
  /** Most bytes alive at once when values are made in order and freed after their last use. */
  readonly peak: number;
}

/** Operations whose result is another view of their argument's bytes. */
const views: ReadonlySet<OpName> = new Set<OpName>(["reshape", "part", "variable", "constant"]);

/** A lower bound of a step's memory: kernels' workspaces and the allocator's gaps come on top. */
export const memory = (graph: Graph): Memory => {
  const state = valuesOfOp(graph, "variable").reduce(
    (total, value) => total + bytesOf(value.types[0]),
    0,
  );
  const last = lastUses(graph);
  const size = (value: Value): number =>
    views.has(value.op) ? 0 : value.types.reduce((total, type) => total + bytesOf(type), 0);
  let alive = 0;
  let peak = 0;
  for (const value of graph.values) {
    alive += size(value);
    peak = Math.max(peak, alive);
    for (const id of last.get(value.id) ?? []) alive -= size(graph.values[id]);
  }
  return { state, peak: state + peak };
};

/** For each value, those whose last use it is; a view's use is a use of what it shows. */
const lastUses = (graph: Graph): ReadonlyMap<number, readonly number[]> => {
  const origin = graph.values.map((value) => value.id);
  const last = new Map<number, number>();
  const use = (id: number, at: number): void => {
    last.set(origin[id], Math.max(last.get(origin[id]) ?? 0, at));
  };
  for (const value of graph.values) {
    if ((value.op === "reshape" || value.op === "part") && value.args.length > 0) {
      origin[value.id] = origin[value.args[0]];
    }
    use(value.id, value.id);
    for (const id of value.args) use(id, value.id);
  }
  const end = graph.values.length - 1;
  for (const id of Object.values(graph.results)) use(id, end);
  for (const update of graph.updates) {
    if (update.kind === "assign") for (const id of refsOf(update)) use(id, end);
  }
  const at = new Map<number, number[]>();
  for (const [id, user] of last) at.set(user, [...(at.get(user) ?? []), id]);
  return at;
};
