/**
 * Mixed precision: a forward pass in f32 enters; one whose convolutions read and write bf16 leaves. Weights, statistics,
 * the loss and everything that is small stay f32, as in PyTorch's autocast.
 *
 * Only the first three rules round. The fourth carries the widening back to f32 over what commutes with it, until it
 * meets the narrowing before the next convolution, and both are gone.
 */

import { none, type Option, some } from "fp-ts/lib/Option.js";
import { apply, cast } from "../graph/compose.js";
import { type Node, type OpName, typeOf } from "../graph/op.js";
import type { Rewrite } from "./rewrite.js";

const narrow = (x: Node): Node => widened(x) ?? cast(x, "bf16");
const wide = (x: Node): Node => cast(x, "f32");

/** What `node` was before it was widened, if it was. */
const widened = (node: Node): Node | null =>
  node.op === "cast" && typeOf(node).dtype === "f32" && typeOf(node.args[0]).dtype === "bf16"
    ? node.args[0]
    : null;

const halfConvolution: Rewrite = {
  name: "half-convolution",
  law: "a convolution of bf16 values adds up in f32 and rounds once: conv(x, k) ≈ widen(conv(narrow x, narrow k))",
  rule: (node) =>
    node.op === "convolution" && typeOf(node).dtype === "f32"
      ? some(wide(apply("convolution", node.attributes, node.args.map(narrow))))
      : none,
};

const halfNorm: Rewrite = {
  name: "half-norm",
  law: "statistics are taken in f32 from bf16 values, and the result rounds once",
  rule: (node) => {
    const x = node.op === "batchNorm" ? widened(node.args[0]) : null;
    return node.op === "batchNorm" && x !== null
      ? some(wide(apply("batchNorm", node.attributes, [x, ...node.args.slice(1)])))
      : none;
  },
};

const halfSum: Rewrite = {
  name: "half-sum",
  law: "a sum of two bf16 values rounds once",
  rule: (node) => (node.op === "binary" && node.attributes.kind === "add" ? late(node) : none),
};

const exact: ReadonlySet<OpName> = new Set<OpName>([
  "relu",
  "maxPool",
  "reshape",
  "transpose",
  "slice",
  "concat",
]);

/** The same operation before the widening of all its arguments. */
const late = (node: Node): Option<Node> => {
  const before = node.args.map(widened);
  return before.length > 0 && before.every((x) => x !== null)
    ? some(wide(apply(node.op, node.attributes, before)))
    : none;
};

const widenLate: Rewrite = {
  name: "widen-late",
  law: "what picks or moves values commutes with widening them",
  rule: (node) => (exact.has(node.op) ? late(node) : none),
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

export const halfPrecision: readonly Rewrite[] = [halfConvolution, halfNorm, halfSum, widenLate];
