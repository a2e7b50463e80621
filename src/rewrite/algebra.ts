/** Small rewrites of inference and of whole steps: what algebra says is equal, and costs a pass less over the maps. */

import { none, type Option, some } from "fp-ts/lib/Option.js";
import {
  add,
  apply,
  argmax,
  concat,
  convolution,
  divide,
  multiply,
  onArgs,
  pad,
  scalar,
  sqrt,
  subtract,
} from "../graph/compose.js";
import { type Node, shapeOf } from "../graph/op.js";
import { broadcastShape, sameShape } from "../graph/type.js";
import type { Rewrite } from "./rewrite.js";

const fold = (node: Node): Option<Node> => {
  if (node.op !== "batchNormInference" || node.args[0].op !== "convolution") return none;
  const [conv, scale, shift, mean, variance] = node.args;
  const [x, kernel] = conv.args;
  // Along the kernel's last axis, the output channels.
  const factor = divide(scale, sqrt(add(variance, scalar(node.attributes.epsilon))));
  const bias = subtract(shift, multiply(mean, factor));
  return some(add(convolution(x, multiply(kernel, factor), conv.attributes), bias));
};

export const foldBatchNorm: Rewrite = {
  name: "fold-batch-norm",
  law: "(k∗x − μ)·γ/√(σ²+ε) + β = (k·γ/√(σ²+ε))∗x + (β − μ·γ/√(σ²+ε)): convolution is linear in its kernel",
  rule: fold,
};

/** What has the same order along its last axis, before it became a share of 1; nothing else moves that axis. */
const logitsOf = (node: Node): Node | null => {
  if (node.op === "softmax") return node.args[0];
  if (node.op !== "slice" && node.op !== "reshape") return null;
  const [x] = node.args;
  const before = logitsOf(x);
  const keepsClasses = shapeOf(x).at(-1) === shapeOf(node).at(-1);
  return before !== null && keepsClasses ? onArgs(node, () => before) : null;
};

export const argmaxOfLogits: Rewrite = {
  name: "argmax-of-logits",
  law: "a softmax keeps the order of its logits: argmax(softmax(x)) = argmax(x)",
  rule: (node) => {
    const logits = node.op === "argmax" ? logitsOf(node.args[0]) : null;
    return logits === null ? none : some(argmax(logits));
  },
};

interface Piece {
  readonly inner: Node;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Along which single axis the piece is padded, or −1. */
const axisOf = ({ before, after }: Piece): number => {
  const padded = before.flatMap((n, axis) => (n > 0 || after[axis] > 0 ? [axis] : []));
  return padded.length === 1 ? padded[0] : -1;
};

const pieceOf = (node: Node): Piece | null =>
  node.op === "pad"
    ? { inner: node.args[0], before: node.attributes.before, after: node.attributes.after }
    : null;

/** `first` ends where `second` begins. */
const joined = (first: Piece, second: Piece, axis: number): Option<Node> => {
  const end = first.before[axis] + shapeOf(first.inner)[axis];
  if (end !== second.before[axis]) return none;
  return some(
    pad(
      concat([...flat(first.inner, axis), ...flat(second.inner, axis)], axis),
      first.before,
      second.after,
    ),
  );
};

/** A concatenation along the same axis is opened, so that many pieces become one node. */
const flat = (node: Node, axis: number): readonly Node[] =>
  node.op === "concat" && node.attributes.axis === axis ? node.args : [node];

const join = (node: Node): Option<Node> => {
  if (node.op !== "binary" || node.attributes.kind !== "add") return none;
  const [a, b] = node.args.map(pieceOf);
  if (a === null || b === null || axisOf(a) < 0 || axisOf(a) !== axisOf(b)) return none;
  const [first, second] = a.before[axisOf(a)] <= b.before[axisOf(b)] ? [a, b] : [b, a];
  return joined(first, second, axisOf(a));
};

export const joinPads: Rewrite = {
  name: "join-pads",
  law: "0⊕a plus b⊕0 is b⊕a where the pieces meet",
  rule: join,
};

const unstretched = (node: Node): Node => (node.op === "broadcast" ? node.args[0] : node);

const late = (node: Node): Option<Node> => {
  if (node.op !== "binary") return none;
  const [a, b] = node.args;
  const options: readonly (readonly [Node, Node])[] = [
    [unstretched(a), unstretched(b)],
    [unstretched(a), b],
    [a, unstretched(b)],
  ];
  const best = options.find(([x, y]) => {
    const shape = broadcastShape(shapeOf(x), shapeOf(y));
    return (x !== a || y !== b) && shape !== undefined && sameShape(shape, shapeOf(node));
  });
  return best === undefined ? none : some(apply("binary", node.attributes, best));
};

export const stretchLate: Rewrite = {
  name: "stretch-late",
  law: "f(broadcast(a), b) = f(a, b) where f stretches a to the same shape",
  rule: late,
};
