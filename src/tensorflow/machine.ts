/**
 * What TensorFlow costs on a machine: which form of a layer should be cheapest where nobody has measured it, and the
 * memory of a process that runs a graph.
 */

import { getOrElse } from "fp-ts/lib/Option.js";
import { topological, valuesOfOp } from "../graph/graph.js";
import { type Node, typeOf } from "../graph/op.js";
import { bytesOf } from "../graph/type.js";
import { isSaved } from "../graph/variable.js";
import { type Form, formsOf, inForm, type Layer } from "../rewrite/forms.js";
import { atOnce, below } from "../rewrite/freeze.js";
import { rewriteNodes } from "../rewrite/rewrite.js";
import type { Footprint, KernelChoice } from "../target/target.js";
import { memory, storageOf } from "./memory.js";
import type { LegalGraph } from "./op.js";
import { nanoseconds, type Speeds, tiledNanoseconds } from "./speeds.js";
import { isTiled, tilingCost } from "./tiling.js";
import { typical } from "./typical-speeds.js";

/** What TensorFlow computes on. */
export interface Machine {
  readonly device: "cpu" | "gpu";
  /** Whether TensorFlow's kernels take gradients of dilated convolutions: on a CPU with oneDNN alone they do. */
  readonly dilatedGradients: boolean;
  /** Whether they take them in bf16 too: on a CPU with AVX-512 alone they do. */
  readonly dilatedGradientsInBf16?: boolean;
  /** Whether it has pspc's own kernels (tensorflow/tiles.ts, tensorflow/largest.ts). */
  readonly ownKernels?: boolean;
  /** Of the machine itself, or of one like it; else those of a typical one are taken. */
  readonly speeds?: Speeds;
}

/** A form must promise more than this to be taken instead of TensorFlow's own kernel. */
const MARGIN = 0.97;

const sum = (nodes: Iterable<Node>, speeds: Speeds): number =>
  [...nodes].reduce((all, node) => all + nanoseconds(node, speeds), 0);

/** Of weights that are settled, what is made of them alone costs nothing. */
const costOf = (layer: Layer & Node, form: Form, speeds: Speeds, isSettled: boolean): number => {
  const whole = getOrElse<Node>(() => layer)(inForm(layer, form));
  if (!isSettled) return sum(topological([whole]), speeds);
  const [image] = layer.args;
  const soon = topological([rewriteNodes([atOnce], [whole])(whole)]);
  return sum(
    below(soon, (node) => node === image),
    speeds,
  );
};

/** By pspc's own kernels, where the machine has them and they take the layer. */
const tiledCost = (
  layer: Layer & Node,
  form: Form,
  { ownKernels = false }: Machine,
  speeds: Speeds,
): number | null => {
  const tile = form === "winograd-2" ? 2 : form === "winograd-4" ? 4 : null;
  return ownKernels && tile !== null && isTiled(layer)
    ? tiledNanoseconds(layer, tilingCost(layer, tile), speeds)
    : null;
};

const isRefused = (layer: Layer & Node, machine: Machine): boolean => {
  const { op, attributes } = layer;
  const { dilatedGradients, dilatedGradientsInBf16 = false } = machine;
  const taken = typeOf(layer).dtype === "bf16" ? dilatedGradientsInBf16 : dilatedGradients;
  return op !== "convolution" && attributes.dilation > 1 && (!taken || attributes.stride > 1);
};

/** Of a layer whose arguments are inputs: what they are made from is no cost of it. */
export const form = (
  layer: Layer & Node,
  { machine, frugal = false, settled = false }: Omit<KernelChoice<Machine>, "known">,
): Form => {
  const forms = formsOf(layer);
  const own = isRefused(layer, machine) ? "phases" : "native";
  if (machine.device === "gpu" || forms.length === 1) return own;
  // TensorFlow's own kernels need the least beside their arguments.
  if (frugal) return own;
  const { speeds = typical.AVX2 } = machine;
  const cost = (each: Form): number =>
    tiledCost(layer, each, machine, speeds) ?? costOf(layer, each, speeds, settled);
  const others = forms
    .filter((each) => each !== "native")
    .map((each) => ({ form: each, cost: cost(each) }));
  const best = others.reduce((a, b) => (b.cost < a.cost ? b : a));
  return own === "phases" || best.cost < MARGIN * cost(own) ? best.form : own;
};

const MiB = 2 ** 20;

/** Of all that is alive. TensorFlow's pool grows by regions, each twice the last. */
const SLACK = 0.3;
/** Node, what is in use of libtensorflow (its clean pages are given back: runtime/library.ts), threads and their kernels. */
const PROCESS = 260 * MiB;
/** The peak while libtensorflow loads, before its clean pages are given back: small steps stay below it. */
const LOADING = 390 * MiB;
/** A value of the graph as TensorFlow's nodes, kernels and compiled code. */
const VALUE = 25 * 1024;

/**
 * Of a process that opens a session for a graph, writes its state, and runs it. The four numbers above are fitted to
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
  const loading = Math.max(0, LOADING - step - initial);
  return {
    state,
    activations: kept,
    workspace: passing,
    pool,
    initial,
    process: process + loading,
    total: step + initial + loading,
  };
};

/** Sums that begin at 0 are filled by TensorFlow. */
const accumulators = (graph: LegalGraph): number =>
  valuesOfOp(graph, "variable")
    .filter(({ attributes }) => !isSaved(attributes))
    .reduce((bytes, { types }) => bytes + bytesOf(types[0]), 0);
