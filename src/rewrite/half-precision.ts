/**
 * Mixed precision: convolutions, their norms and residual sums read and write bf16. Weights, statistics, the loss and
 * everything that is small stay f32, as in PyTorch's autocast.
 *
 * Only the first three rules round. The fourth carries the widening back to f32 over what commutes with it, until it
 * meets the narrowing before the next convolution, and both are gone.
 */

import { none, type Option, some } from "fp-ts/lib/Option.js";
import { apply, cast, onArgs } from "../graph/compose.js";
import { type Node, type OpName, shapeOf, typeOf } from "../graph/op.js";
import type { Rewrite } from "./rewrite.js";

const narrow = (x: Node): Node => widened(x) ?? cast(x, "bf16");
const wide = (x: Node): Node => cast(x, "f32");

/** What `node` was before it was widened, if it was. */
export const widened = (node: Node): Node | null =>
  node.op === "cast" && typeOf(node).dtype === "f32" && typeOf(node.args[0]).dtype === "bf16"
    ? node.args[0]
    : null;

const halfConvolution: Rewrite = {
  name: "half-convolution",
  law: "a convolution of bf16 values adds up in f32 and rounds once: conv(x, k) ≈ widen(conv(narrow x, narrow k))",
  rule: (node) =>
    node.op === "convolution" && typeOf(node).dtype === "f32"
      ? some(wide(onArgs(node, narrow)))
      : none,
};

const halfNorm: Rewrite = {
  name: "half-norm",
  law: "statistics are taken in f32 from bf16 values, and the result rounds once",
  rule: (node) => {
    if (node.op !== "batchNorm") return none;
    const [before, scale, shift] = node.args;
    const x = widened(before);
    return x === null ? none : some(wide(apply("batchNorm", node.attributes, [x, scale, shift])));
  },
};

const halfSum: Rewrite = {
  name: "half-sum",
  law: "a sum of two bf16 values rounds once",
  rule: (node) => (node.op === "binary" && node.attributes.kind === "add" ? late(node) : none),
};

/**
 * What bf16 does to each operation: it reads and writes bf16 and `rounds`, by a rule of its own above; it picks or
 * moves values and so `commutes` with widening them; or it stays in `f32`.
 */
const precision: { readonly [K in OpName]: "rounds" | "commutes" | "f32" } = {
  input: "f32",
  variable: "f32",
  constant: "f32",
  part: "f32",
  convolution: "rounds",
  convolutionInputGradient: "f32",
  convolutionKernelGradient: "f32",
  depthwise: "f32",
  depthwiseInputGradient: "f32",
  depthwiseKernelGradient: "f32",
  batchNorm: "rounds",
  batchNormGradient: "f32",
  batchNormInference: "f32",
  relu: "commutes",
  reluGradient: "f32",
  relu6: "commutes",
  relu6Gradient: "f32",
  maxPool: "commutes",
  maxPoolGradient: "f32",
  resize: "f32",
  resizeGradient: "f32",
  softmax: "f32",
  crossEntropy: "f32",
  matmul: "f32",
  unary: "f32",
  binary: "rounds",
  compare: "f32",
  select: "f32",
  largest: "f32",
  stop: "f32",
  after: "f32",
  sum: "f32",
  broadcast: "f32",
  cast: "f32",
  reshape: "commutes",
  transpose: "commutes",
  concat: "commutes",
  slice: "commutes",
  pad: "f32",
  reverse: "f32",
  gather: "f32",
  kthSmallest: "f32",
  argmax: "f32",
  bincount: "f32",
  uniform: "f32",
  across: "f32",
  share: "f32",
  spread: "f32",
};

/** The same operation before the widening of all its arguments. */
const late = (node: Node): Option<Node> =>
  node.args.length > 0 && node.args.every((arg) => widened(arg) !== null)
    ? some(wide(onArgs(node, (arg) => widened(arg) ?? arg)))
    : none;

const widenLate: Rewrite = {
  name: "widen-late",
  law: "what picks or moves values commutes with widening them",
  rule: (node) => (precision[node.op] === "commutes" ? late(node) : none),
};

/** For the backward pass, which widens and narrows where the forward pass did the opposite. */
export const narrowWidened: Rewrite = {
  name: "narrow-widened",
  law: "narrow(widen(x)) = x",
  rule: (node) => {
    const x = node.op === "cast" && node.attributes.dtype === "bf16" ? widened(node.args[0]) : null;
    return x === null ? none : some(x);
  },
};

/** A bias joins the sums in f32 before the one rounding of a convolution, where a kernel does both (oneDNN's does). */
const halfBias: Rewrite = {
  name: "half-bias",
  law: "widen(conv) + b ≈ widen(conv + narrow b): a folded norm's shift rounds as its kernel does",
  rule: (node) => {
    if (node.op !== "binary" || node.attributes.kind !== "add") return none;
    const [sum, bias] = node.args;
    const conv = widened(sum);
    return conv?.op === "convolution" && shapeOf(bias).length === 1
      ? some(wide(apply("binary", node.attributes, [conv, narrow(bias)])))
      : none;
  },
};

/** Logits are compared with each other: rounded to eight bits some would be equal. */
const exceptClassifier: Rewrite = {
  ...halfConvolution,
  rule: (node) => (isClassifier(node) ? none : halfConvolution.rule(node)),
};

const isClassifier = ({ args: [, kernel] }: Node): boolean => {
  const site = kernel?.op === "variable" ? kernel.attributes.site : null;
  return site !== null && "layer" in site && site.layer === "classifier";
};

/** Of a network that is asked, whose norms are folded; the last layer stays in f32. */
export const halfInference: readonly Rewrite[] = [exceptClassifier, halfBias, halfSum, widenLate];

export const halfPrecision: readonly Rewrite[] = [halfConvolution, halfNorm, halfSum, widenLate];
