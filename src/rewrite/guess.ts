/**
 * What a form costs where nobody has measured it: a layer and the machine enter; the form that should be cheapest
 * leaves. The numbers are fitted to what `pspc tune` measured on two cores with AVX2 (docs/performance.md): they rank
 * forms, and foretell no times.
 */

import { getOrElse } from "fp-ts/lib/Option.js";
import { topological } from "../graph/graph.js";
import { type Node, type OpName, shapeOf, typeOf } from "../graph/op.js";
import { product } from "../graph/type.js";
import { type Form, formsOf, inForm, isLayer, type Layer, macsOfLayer, shapesOf } from "./forms.js";

/** What decides between forms before anything is measured. */
export interface Machine {
  readonly device: "cpu" | "gpu";
  /** Whether its own kernels take gradients of dilated convolutions; TensorFlow's do on a CPU with oneDNN alone. */
  readonly dilatedGradients: boolean;
  /** Whether memory counts more than time: TensorFlow's own kernels need the least beside their arguments. */
  readonly frugal?: boolean;
}

/** Of f32 on a CPU: what oneDNN reaches, with a 1×1 kernel and with a wider one. */
const gigaflops: { readonly [K in OpName]?: readonly [pointwise: number, wide: number] } = {
  convolution: [130, 100],
  convolutionInputGradient: [130, 100],
  convolutionKernelGradient: [80, 50],
  matmul: [140, 140],
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
  if (node.op === "input" || node.op === "constant" || node.op === "reshape") return 0;
  const [pointwise, wide] = gigaflops[node.op] ?? [1, 1];
  const isWide = isLayer(node) && shapesOf(node).kernel[0] > 1;
  const moved = [node, ...node.args].reduce((sum, each) => sum + product(shapeOf(each)), 0);
  return CALL + MOVE * moved + (2 * macsOf(node)) / (isWide ? wide : pointwise);
};

const costOf = (layer: Layer & Node, form: Form): number =>
  topological([getOrElse<Node>(() => layer)(inForm(layer, form))]).reduce(
    (sum, node) => sum + nanoseconds(node),
    0,
  );

const isRefused = (layer: Layer, { dilatedGradients }: Machine): boolean =>
  !dilatedGradients && layer.op !== "convolution" && layer.attributes.dilation > 1;

/** In bf16 a CPU's own kernels of gradients are slow where they are not refused (docs/decisions/0009). */
const half: { readonly [K in OpName]?: Form } = {
  convolutionInputGradient: "turned",
  convolutionKernelGradient: "taps",
};

/** Of a layer whose arguments are inputs: what they are made from is no cost of it. */
export const guess = (layer: Layer & Node, machine: Machine): Form => {
  const forms = formsOf(layer);
  const own = isRefused(layer, machine) ? "phases" : "native";
  if (machine.device === "gpu" || forms.length === 1) return own;
  if (typeOf(layer).dtype !== "f32") {
    const form = half[layer.op];
    return form !== undefined && forms.includes(form) ? form : own;
  }
  if (machine.frugal) return own;
  const costs = forms
    .filter((form) => form !== "native")
    .map((form) => [form, costOf(layer, form)] as const);
  const best = costs.reduce((a, b) => (b[1] < a[1] ? b : a));
  return own === "phases" || best[1] < MARGIN * costOf(layer, own) ? best[0] : own;
};
