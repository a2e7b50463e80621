/**
 * What TensorFlow costs on a machine: which form of a layer should be cheapest where nobody has measured it, and the
 * memory of a process that runs a graph. All numbers here are fitted to measurements on two cores with AVX2
 * (docs/performance.md). Those of time rank forms, and foretell no times.
 */

import { getOrElse } from "fp-ts/lib/Option.js";
import { topological, valuesOfOp } from "../graph/graph.js";
import { type Node, type OpName, shapeOf, typeOf } from "../graph/op.js";
import { bytesOf, product } from "../graph/type.js";
import { isSaved } from "../graph/variable.js";
import {
  type Form,
  formsOf,
  inForm,
  isLayer,
  type Layer,
  macsOfLayer,
  shapesOf,
} from "../rewrite/forms.js";
import { atOnce, below } from "../rewrite/freeze.js";
import { rewriteNodes } from "../rewrite/rewrite.js";
import type { Footprint, KernelChoice } from "../target/target.js";
import { memory, storageOf } from "./memory.js";
import type { LegalGraph } from "./op.js";

/** What TensorFlow computes on. */
export interface Machine {
  readonly device: "cpu" | "gpu";
  /** Whether TensorFlow's kernels take gradients of dilated convolutions: on a CPU with oneDNN alone they do. */
  readonly dilatedGradients: boolean;
}

/** Gigaflops that oneDNN reaches in f32, with a 1×1 kernel and with a wider one. */
type Speed = readonly [pointwise: number, wide: number];

/** Whether an operation costs nothing, a pass over its numbers, or that and its products at this speed. */
const costs: Readonly<Record<OpName, "nothing" | "a pass" | Speed>> = {
  input: "nothing",
  variable: "a pass",
  constant: "nothing",
  part: "a pass",
  convolution: [130, 100],
  convolutionInputGradient: [130, 100],
  convolutionKernelGradient: [80, 50],
  depthwise: "a pass",
  depthwiseInputGradient: "a pass",
  depthwiseKernelGradient: "a pass",
  batchNorm: "a pass",
  batchNormGradient: "a pass",
  batchNormInference: "a pass",
  relu: "a pass",
  reluGradient: "a pass",
  relu6: "a pass",
  relu6Gradient: "a pass",
  maxPool: "a pass",
  maxPoolGradient: "a pass",
  resize: "a pass",
  resizeGradient: "a pass",
  softmax: "a pass",
  crossEntropy: "a pass",
  matmul: [140, 140],
  unary: "a pass",
  binary: "a pass",
  compare: "a pass",
  select: "a pass",
  largest: "a pass",
  stop: "a pass",
  after: "a pass",
  sum: "a pass",
  broadcast: "a pass",
  cast: "a pass",
  reshape: "nothing",
  transpose: "a pass",
  concat: "a pass",
  slice: "a pass",
  pad: "a pass",
  reverse: "a pass",
  gather: "a pass",
  kthSmallest: "a pass",
  argmax: "a pass",
  bincount: "a pass",
  uniform: "a pass",
  across: "a pass",
  share: "a pass",
  spread: "a pass",
};

/** Nanoseconds for each number that an operation reads or writes, and for an operation as such. */
const [MOVE, CALL] = [0.3, 50_000];

/** A form must promise more than this to be taken instead of TensorFlow's own kernel. */
const MARGIN = 0.95;

const macsOf = (node: Node): number => {
  if (isLayer(node)) return macsOfLayer(node);
  if (node.op !== "matmul") return 0;
  const inner = shapeOf(node.args[0]).at(node.attributes.transposeA ? -2 : -1) ?? 1;
  return inner * product(shapeOf(node));
};

const nanoseconds = (node: Node): number => {
  const cost = costs[node.op];
  if (cost === "nothing") return 0;
  const moved = [node, ...node.args].reduce((sum, each) => sum + product(shapeOf(each)), 0);
  const passes = CALL + MOVE * moved;
  if (cost === "a pass") return passes;
  const [pointwise, wide] = cost;
  const [size = 1] = isLayer(node) ? shapesOf(node).kernel : [];
  return passes + (2 * macsOf(node)) / (size > 1 ? wide : pointwise);
};

const sum = (nodes: Iterable<Node>): number =>
  [...nodes].reduce((all, node) => all + nanoseconds(node), 0);

/** Of weights that are settled, what is made of them alone costs nothing. */
const costOf = (layer: Layer & Node, form: Form, isSettled: boolean): number => {
  const whole = getOrElse<Node>(() => layer)(inForm(layer, form));
  if (!isSettled) return sum(topological([whole]));
  const [image] = layer.args;
  const soon = topological([rewriteNodes([atOnce], [whole])(whole)]);
  return sum(below(soon, (node) => node === image));
};

const isRefused = ({ op, attributes }: Layer, { dilatedGradients }: Machine): boolean =>
  op !== "convolution" && attributes.dilation > 1 && (!dilatedGradients || attributes.stride > 1);

/** In bf16 a CPU's own kernels of gradients are slow where they are not refused (docs/decisions/0009). */
const inHalf: Readonly<Record<Layer["op"], Form>> = {
  convolution: "native",
  convolutionInputGradient: "turned",
  convolutionKernelGradient: "taps",
};

/** Of a layer whose arguments are inputs: what they are made from is no cost of it. */
export const form = (
  layer: Layer & Node,
  { machine, frugal = false, settled = false }: Omit<KernelChoice<Machine>, "known">,
): Form => {
  const forms = formsOf(layer);
  const own = isRefused(layer, machine) ? "phases" : "native";
  if (machine.device === "gpu" || forms.length === 1) return own;
  if (typeOf(layer).dtype !== "f32") {
    const better = inHalf[layer.op];
    return better !== "native" && forms.includes(better) ? better : own;
  }
  // TensorFlow's own kernels need the least beside their arguments.
  if (frugal) return own;
  const others = forms
    .filter((each) => each !== "native")
    .map((each) => ({ form: each, cost: costOf(layer, each, settled) }));
  const best = others.reduce((a, b) => (b.cost < a.cost ? b : a));
  return own === "phases" || best.cost < MARGIN * costOf(layer, own, settled) ? best.form : own;
};

const MiB = 2 ** 20;

/** Of all that is alive. TensorFlow's pool grows by regions, each twice the last. */
const SLACK = 0.3;
/** 375 MiB are Node and libtensorflow, the rest is threads and their kernels. */
const PROCESS = 478 * MiB;
/** A value of the graph as TensorFlow's nodes, kernels and compiled code. */
const VALUE = 25 * 1024;

/**
 * Of a process that opens a session for a graph, writes its state, and runs it. The three numbers above are fitted to
 * peaks measured on Linux with TensorFlow 2.21 on two cores (docs/performance.md).
 */
export const footprint = (graph: LegalGraph): Footprint => {
  const { state, held, activations, passing } = memory(graph);
  const kept = held + activations;
  const pool = Math.round(SLACK * (state + kept + passing));
  const made = graph.values.filter((value) => storageOf(value, graph) !== "written").length;
  const process = PROCESS + VALUE * made;
  const step = state + kept + passing + pool + process;
  const written = state - accumulators(graph);
  const initial =
    graph.updates.length === 0 ? written : Math.max(0, process + state + written - step);
  return {
    state,
    activations: kept,
    workspace: passing,
    pool,
    initial,
    process,
    total: step + initial,
  };
};

/** Sums that begin at 0 are filled by TensorFlow. */
const accumulators = (graph: LegalGraph): number =>
  valuesOfOp(graph, "variable")
    .filter(({ attributes }) => !isSaved(attributes))
    .reduce((bytes, { types }) => bytes + bytesOf(types[0]), 0);
