/** Small rewrites by algebra, for inference and for whole steps; each saves a pass over the maps. */

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
  reshape,
  scalar,
  sqrt,
  subtract,
} from "../graph/compose.js";
import { type Node, type NodeOf, shapeOf } from "../graph/op.js";
import { broadcastShape, sameShape } from "../graph/type.js";
import type { Rewrite } from "./rewrite.js";

const fold = (node: Node): Option<Node> => {
  if (node.op !== "batchNormInference") return none;
  const [conv, scale, shift, mean, variance] = node.args;
  if (conv.op !== "convolution" && conv.op !== "depthwise") return none;
  const [x, kernel] = conv.args;
  // Along the kernel's last axis, the output channels.
  const factor = divide(scale, sqrt(add(variance, scalar(node.attributes.epsilon))));
  const bias = subtract(shift, multiply(mean, factor));
  return some(add(apply(conv.op, conv.attributes, [x, multiply(kernel, factor)]), bias));
};

export const foldBatchNorm: Rewrite = {
  name: "fold-batch-norm",
  law: "(k∗x − μ)·γ/√(σ²+ε) + β = (k·γ/√(σ²+ε))∗x + (β − μ·γ/√(σ²+ε)): convolution is linear in its kernel",
  rule: fold,
};

/** (a, c) where x is a/c along the channels, also with zeros around it: 0/c is 0. */
const unscaled = (x: Node): readonly [a: Node, c: Node] | null => {
  if (x.op === "pad") {
    const { before, after } = x.attributes;
    const inner = before.at(-1) === 0 && after.at(-1) === 0 ? unscaled(x.args[0]) : null;
    return inner && [onArgs(x, () => inner[0]), inner[1]];
  }
  if (x.op !== "binary" || x.attributes.kind !== "divide") return null;
  const [a, c] = x.args;
  return shapeOf(c).length === 1 && sameShape(shapeOf(a), shapeOf(x)) ? [a, c] : null;
};

const unscale = (node: Node): Option<Node> => {
  if (node.op !== "convolution") return none;
  const [x, kernel] = node.args;
  const found = unscaled(x);
  if (found === null) return none;
  const [a, c] = found;
  // Along the kernel's third axis, the input channels.
  const [channels = 1] = shapeOf(c);
  return some(convolution(a, divide(kernel, reshape(c, [channels, 1])), node.attributes));
};

export const foldScale: Rewrite = {
  name: "fold-scale",
  law: "k∗(x/c) = (k/c)∗x, c along the input channels: convolution is linear in each channel",
  rule: unscale,
};

/** Two maps before their bias. */
const early = (node: Node): Option<Node> => {
  if (node.op !== "binary" || node.attributes.kind !== "add") return none;
  const [sum, bias] = node.args;
  if (sum.op !== "binary" || sum.attributes.kind !== "add" || shapeOf(bias).length !== 1)
    return none;
  const [conv, other] = sum.args;
  return conv.op === "convolution" ? some(add(add(conv, bias), other)) : none;
};

export const biasEarly: Rewrite = {
  name: "bias-early",
  law: "(k∗x + y) + b = (k∗x + b) + y, b along the channels: addition is associative, and a convolution adds its bias for nothing",
  rule: early,
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

/** A node that is padded along one axis: where its own part begins and ends there. */
interface Piece {
  readonly node: NodeOf<"pad">;
  readonly axis: number;
  readonly begin: number;
  readonly end: number;
}

const pieceOf = (node: Node): Piece | null => {
  if (node.op !== "pad") return null;
  const [inner] = node.args;
  const { before, after } = node.attributes;
  const padded = shapeOf(inner).flatMap((size, axis) => {
    const begin = before[axis] ?? 0;
    return begin > 0 || (after[axis] ?? 0) > 0 ? [{ node, axis, begin, end: begin + size }] : [];
  });
  const [piece, ...others] = padded;
  return piece === undefined || others.length > 0 ? null : piece;
};

/** `first` ends where `second` begins. */
const joined = (first: Piece, second: Piece): Option<Node> => {
  const { axis } = first;
  if (first.end !== second.begin) return none;
  const inner = [...flat(first.node.args[0], axis), ...flat(second.node.args[0], axis)];
  return some(pad(concat(inner, axis), first.node.attributes.before, second.node.attributes.after));
};

/** A concatenation along the same axis is opened, so that many pieces become one node. */
const flat = (node: Node, axis: number): readonly Node[] =>
  node.op === "concat" && node.attributes.axis === axis ? node.args : [node];

const join = (node: Node): Option<Node> => {
  if (node.op !== "binary" || node.attributes.kind !== "add") return none;
  const [a, b] = [pieceOf(node.args[0]), pieceOf(node.args[1])];
  if (a === null || b === null || a.axis !== b.axis) return none;
  return a.begin <= b.begin ? joined(a, b) : joined(b, a);
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
