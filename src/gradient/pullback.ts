/** The gradients of each operation's arguments from the gradient of its output, one rule an operation. */

import { invariant } from "../diagnostic/invariant.js";
import {
  add,
  apply,
  broadcast,
  cast,
  divide,
  greaterEqual,
  matmul,
  multiply,
  negate,
  pad,
  part,
  reciprocal,
  reshape,
  reverse,
  scalar,
  select,
  slice,
  sqrt,
  subtract,
  sum,
  transpose,
  unbroadcast,
} from "../graph/compose.js";
import {
  type Arguments,
  type Binary,
  mapArgs,
  type Node,
  type NodeOf,
  type OpName,
  shapeOf,
  sizesOf,
  typeOf,
  type Unary,
} from "../graph/op.js";

/** A gradient an argument; `null` where it is a whole number, a choice or a fixed statistic, and has none. */
type Rule<K extends OpName> = (node: NodeOf<K>, dy: Node) => Arguments<Node | null>[K];

/** Operations of a backward pass, of counting and of chance: nothing that is trained flows through them. */
const refuse = (node: NodeOf<OpName>): never => {
  invariant(false, () => `no gradient flows through ${node.op}`);
};
const leaf = (): readonly [] => [];
const zeroLike = (node: Node): Node => broadcast(scalar(0, typeOf(node).dtype), shapeOf(node));

const unaryRule: Readonly<Record<Unary, (y: Node, x: Node, dy: Node) => Node>> = {
  negate: (_y, _x, dy) => negate(dy),
  exp: (y, _x, dy) => multiply(dy, y),
  log: (_y, x, dy) => divide(dy, x),
  sqrt: (y, _x, dy) => divide(multiply(dy, scalar(0.5)), y),
  reciprocal: (y, _x, dy) => negate(multiply(dy, multiply(y, y))),
};

const binaryRule: Readonly<
  Record<Binary, (y: Node, a: Node, b: Node, dy: Node) => readonly [Node, Node]>
> = {
  add: (_y, _a, _b, dy) => [dy, dy],
  subtract: (_y, _a, _b, dy) => [dy, negate(dy)],
  multiply: (_y, a, b, dy) => [multiply(dy, b), multiply(dy, a)],
  divide: (y, _a, b, dy) => [divide(dy, b), negate(multiply(dy, divide(y, b)))],
  // Of two equals the first takes the gradient: it must go somewhere, once.
  maximum: (_y, a, b, dy) => chosen(greaterEqual(a, b), dy),
  minimum: (_y, a, b, dy) => chosen(greaterEqual(b, a), dy),
};

const chosen = (first: Node, dy: Node): readonly [Node, Node] => [
  select(first, dy, zeroLike(dy)),
  select(first, zeroLike(dy), dy),
];

/** Shape with the summed axes back as 1, so that a sum's gradient stretches over them. */
const kept = (x: Node, axes: readonly number[]): number[] =>
  shapeOf(x).map((n, i) => (axes.includes(i) ? 1 : n));

export const pullbacks: { readonly [K in OpName]: Rule<K> } = {
  input: leaf,
  variable: leaf,
  constant: leaf,
  part: refuse,
  convolution: ({ attributes, args: [x, kernel] }, dy) => [
    apply("convolutionInputGradient", { ...attributes, shape: shapeOf(x) }, [kernel, dy]),
    apply("convolutionKernelGradient", { ...attributes, shape: shapeOf(kernel) }, [x, dy]),
  ],
  convolutionInputGradient: refuse,
  convolutionKernelGradient: refuse,
  depthwise: ({ attributes, args: [x, kernel] }, dy) => [
    apply("depthwiseInputGradient", { ...attributes, shape: shapeOf(x) }, [kernel, dy]),
    apply("depthwiseKernelGradient", { ...attributes, shape: shapeOf(kernel) }, [x, dy]),
  ],
  depthwiseInputGradient: refuse,
  depthwiseKernelGradient: refuse,
  batchNorm: (node, dy) => {
    const [x, scale] = node.args;
    const args = [dy, x, scale, part(node, 1), part(node, 2)] as const;
    const whole = apply("batchNormGradient", node.attributes, args);
    return [whole, part(whole, 1), part(whole, 2)];
  },
  batchNormGradient: refuse,
  batchNormInference: ({ attributes: { epsilon }, args: [x, scale, , mean, variance] }, dy) => {
    const inverse = reciprocal(sqrt(add(variance, scalar(epsilon))));
    const normal = multiply(subtract(x, mean), inverse);
    return [
      multiply(dy, multiply(scale, inverse)),
      sum(multiply(dy, normal), [0, 1, 2]),
      sum(dy, [0, 1, 2]),
      null,
      null,
    ];
  },
  relu: (node, dy) => [apply("reluGradient", {}, [dy, node])],
  reluGradient: refuse,
  relu6: (node, dy) => [apply("relu6Gradient", {}, [dy, node])],
  relu6Gradient: refuse,
  maxPool: (node, dy) => [apply("maxPoolGradient", node.attributes, [node.args[0], node, dy])],
  maxPoolGradient: refuse,
  resize: ({ attributes: { alignCorners }, args: [x] }, dy) => [
    apply("resizeGradient", { alignCorners }, [dy, x]),
  ],
  resizeGradient: refuse,
  softmax: (node, dy) => {
    const y = node;
    const along = sum(multiply(dy, y), [shapeOf(y).length - 1], true);
    return [multiply(y, subtract(dy, along))];
  },
  crossEntropy: (node, dy) => [multiply(reshape(dy, [...sizesOf(dy, 1), 1]), part(node, 1)), null],
  matmul: ({ attributes: { transposeA, transposeB }, args: [a, b] }, dy) => {
    const da = transposeA ? matmul(b, dy, transposeB, true) : matmul(dy, b, false, !transposeB);
    const db = transposeB ? matmul(dy, a, true, transposeA) : matmul(a, dy, !transposeA, false);
    return [unbroadcast(da, shapeOf(a)), unbroadcast(db, shapeOf(b))];
  },
  unary: (node, dy) => [unaryRule[node.attributes.kind](node, node.args[0], dy)],
  binary: (node, dy) => {
    const [a, b] = node.args;
    const [da, db] = binaryRule[node.attributes.kind](node, a, b, dy);
    return [unbroadcast(da, shapeOf(a)), unbroadcast(db, shapeOf(b))];
  },
  compare: refuse,
  select: ({ args: [condition] }, dy) => [null, ...chosen(condition, dy)],
  largest: refuse,
  stop: () => [null],
  after: (_, dy) => [dy, null],
  sum: ({ attributes: { axes }, args: [x] }, dy) => [
    broadcast(reshape(dy, kept(x, axes)), shapeOf(x)),
  ],
  broadcast: ({ args: [x] }, dy) => [unbroadcast(dy, shapeOf(x))],
  cast: ({ args: [x] }, dy) => [cast(dy, typeOf(x).dtype)],
  reshape: ({ args: [x] }, dy) => [reshape(dy, shapeOf(x))],
  transpose: ({ attributes: { permutation } }, dy) => [
    transpose(
      dy,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  concat: ({ attributes: { axis }, args }, dy) => {
    let start = 0;
    return mapArgs<"concat", Node, Node>(args, (piece) => {
      const shape = shapeOf(piece);
      const begin = shape.map((_, i) => (i === axis ? start : 0));
      start += shape[axis] ?? 0;
      return slice(dy, begin, shape);
    });
  },
  slice: ({ attributes: { begin, size }, args: [x] }, dy) => [
    pad(
      dy,
      begin,
      shapeOf(x).map((n, i) => n - (begin[i] ?? 0) - (size[i] ?? n)),
    ),
  ],
  pad: ({ attributes: { before }, args: [x] }, dy) => [slice(dy, before, shapeOf(x))],
  reverse: ({ attributes: { axis } }, dy) => [reverse(dy, axis)],
  gather: refuse,
  kthSmallest: refuse,
  argmax: refuse,
  bincount: refuse,
  uniform: refuse,
  // Losses of replicas are shares that add up: what each does with the sum, all do.
  across: ({ attributes }, dy) => [apply("across", attributes, [dy])],
  share: ({ attributes }, dy) => [apply("spread", attributes, [dy])],
  spread: ({ attributes }, dy) => [apply("share", attributes, [dy])],
};

/** Gradients of `node`'s arguments from that of its first output. */
export const pullback = <K extends OpName>(node: NodeOf<K>, dy: Node): Arguments<Node | null>[K] =>
  pullbacks[node.op](node, dy);
