/** Functions from nodes to nodes, of which networks are written; each node is typed as it is made. */

import { invariant } from "../diagnostic/invariant.js";
import type { Content } from "./constant.js";
import { inferTypes } from "./infer.js";
import {
  type Arguments,
  type Binary,
  type Comparison,
  mapArgs,
  type Node,
  type NodeOf,
  type OpName,
  type Ops,
  type Padding,
  type Pool,
  shapeOf,
  typeOf,
  type Unary,
  type Variable,
  type Window,
} from "./op.js";
import { traits } from "./traits.js";
import { broadcastShape, type DType, type Shape, sameShape, type Types } from "./type.js";
import { type Initial, type Site, variableName } from "./variable.js";

/** Applies an operation; its types are inferred here, once. */
export const apply = <K extends OpName>(
  op: K,
  attributes: Ops[K],
  args: Arguments<Node>[K],
): NodeOf<K> & Node => {
  const argTypes = mapArgs<K, Node, Types>(args, ({ types }) => types);
  const node: NodeOf<K> = { op, attributes, args, types: inferTypes(op, attributes, argTypes) };
  // Sound by construction: K names one member of the union.
  return node as NodeOf<K> & Node;
};

/** The same operation on what `f` makes of its arguments. */
export const onArgs = <K extends OpName>(
  node: NodeOf<K> & Node,
  f: (arg: Node, index: number) => Node,
): NodeOf<K> & Node => {
  const args = mapArgs<K, Node, Node>(node.args, f);
  const same = args.every((arg, i) => arg === node.args[i]);
  return same ? node : apply<K>(node.op, node.attributes, args);
};

export const input = (name: string, dtype: DType, ...shape: number[]): Node =>
  apply("input", { name, dtype, shape }, []);
export const variable = (attributes: Ops["variable"]): Variable =>
  apply("variable", attributes, []);
/** A variable of the network, named after the place where it stands. */
export const parameter = (site: Site, shape: Shape, initial: Initial): Variable =>
  variable({
    name: variableName(site),
    dtype: "f32",
    shape,
    role: site.word,
    site,
    initial,
  });
export const constant = (content: Content, dtype: DType, ...shape: number[]): Node =>
  apply("constant", { dtype, shape, content }, []);
export const scalar = (value: number, dtype: DType = "f32"): Node =>
  constant({ kind: "fill", value }, dtype);
export const vector = (values: readonly number[], dtype: DType = "f32"): Node =>
  constant({ kind: "values", values }, dtype, values.length);
export const part = (node: Node, index: number): Node =>
  index === 0 ? node : apply("part", { index }, [node]);

export const padding = (all: number): Padding => ({ top: all, bottom: all, left: all, right: all });
export const convolution = (x: Node, kernel: Node, window: Window): Node =>
  apply("convolution", window, [x, kernel]);
/** Each channel by a kernel of its own; `kernel` is `[h, w, 1, C]`. */
export const depthwise = (x: Node, kernel: Node, window: Window): Node =>
  apply("depthwise", window, [x, kernel]);
export const relu6 = (x: Node): Node => apply("relu6", {}, [x]);
export const relu = (x: Node): Node => apply("relu", {}, [x]);
export const maxPool = (
  x: Node,
  size: Pool["size"],
  stride: Pool["stride"],
  around: Padding,
): Node => apply("maxPool", { size, stride, padding: around }, [x]);
export const softmax = (x: Node): Node => apply("softmax", {}, [x]);
export const crossEntropy = (logits: Node, labels: Node): Node =>
  apply("crossEntropy", {}, [logits, labels]);

/** Bilinear resampling of `[N, h, w, C]` to `[N, height, width, C]`; nothing where the size is already so. */
export const resize = (x: Node, height: number, width: number, alignCorners: boolean): Node =>
  shapeOf(x)[1] === height && shapeOf(x)[2] === width
    ? x
    : apply("resize", { height, width, alignCorners }, [x]);

export const matmul = (a: Node, b: Node, transposeA = false, transposeB = false): Node =>
  apply("matmul", { transposeA, transposeB }, [a, b]);

const unary =
  (kind: Unary) =>
  (x: Node): Node =>
    apply("unary", { kind }, [x]);
export const negate = unary("negate");
export const exp = unary("exp");
export const log = unary("log");
export const sqrt = unary("sqrt");
export const reciprocal = unary("reciprocal");

const binary =
  (kind: Binary) =>
  (a: Node, b: Node): Node =>
    apply("binary", { kind }, [a, b]);
export const add = binary("add");
export const subtract = binary("subtract");
export const multiply = binary("multiply");
export const divide = binary("divide");
export const maximum = binary("maximum");
export const minimum = binary("minimum");

const compare =
  (kind: Comparison) =>
  (a: Node, b: Node): Node =>
    apply("compare", { kind }, [a, b]);
export const equal = compare("equal");
export const greaterEqual = compare("greaterEqual");

export const select = (condition: Node, a: Node, b: Node): Node =>
  apply("select", {}, [condition, a, b]);
/** Not before `event`. What only shows its argument otherwise does so afterwards: the wait keeps the smaller value. */
export const after = (x: Node, event: Node): Node =>
  traits[x.op].isRecast
    ? onArgs(x, (arg) => after(arg, event))
    : apply("after", {}, [x, recastFrom(event)]);
const recastFrom = (node: Node): Node => {
  const [arg] = node.args;
  return arg !== undefined && traits[node.op].isRecast ? recastFrom(arg) : node;
};
export const largest = (x: Node): Node => apply("largest", {}, [x]);
export const stop = (x: Node): Node => apply("stop", {}, [x]);
export const sum = (
  x: Node,
  axes: readonly number[] = shapeOf(x).map((_, i) => i),
  keep = false,
): Node => (axes.length === 0 ? x : apply("sum", { axes, keep }, [x]));
export const broadcast = (x: Node, shape: Shape): Node =>
  sameShape(shapeOf(x), shape) ? x : apply("broadcast", { shape }, [x]);
export const cast = (x: Node, dtype: DType): Node =>
  typeOf(x).dtype === dtype ? x : apply("cast", { dtype }, [x]);

export const reshape = (x: Node, shape: Shape): Node =>
  sameShape(shapeOf(x), shape) ? x : apply("reshape", { shape }, [x]);
export const transpose = (x: Node, permutation: readonly number[]): Node =>
  apply("transpose", { permutation }, [x]);
/** `[N, H, W, C]` → `[N, C, H, W]`. */
export const channelsFirst = (x: Node): Node => transpose(x, [0, 3, 1, 2]);
/** `[N, C, H, W]` → `[N, H, W, C]`. */
export const channelsLast = (x: Node): Node => transpose(x, [0, 2, 3, 1]);
export const concat = (pieces: readonly Node[], axis: number): Node => {
  const [first, ...others] = pieces;
  invariant(first !== undefined, "nothing is laid end to end");
  return others.length === 0 ? first : apply("concat", { axis }, [first, ...others]);
};
export const slice = (x: Node, begin: readonly number[], size: Shape): Node =>
  sameShape(shapeOf(x), size) && begin.every((n) => n === 0)
    ? x
    : apply("slice", { begin, size }, [x]);
export const pad = (x: Node, before: readonly number[], after: readonly number[]): Node =>
  [...before, ...after].every((n) => n === 0) ? x : apply("pad", { before, after }, [x]);
export const reverse = (x: Node, axis: number): Node => apply("reverse", { axis }, [x]);
export const gather = (table: Node, indices: Node): Node => apply("gather", {}, [table, indices]);
export const kthSmallest = (x: Node, k: number): Node => apply("kthSmallest", { k }, [x]);
export const argmax = (x: Node): Node => apply("argmax", {}, [x]);
export const bincount = (x: Node, size: number): Node => apply("bincount", { size }, [x]);
export const uniform = (step: Node, shape: Shape, seed: number, stream: number): Node =>
  apply("uniform", { shape, seed, stream }, [step]);

/** keep·old + (1 − keep)·next: what a variable holds that follows another value from step to step. */
export const movingAverage = (old: Node, next: Node, keep: number): Node =>
  add(multiply(old, scalar(keep)), multiply(next, scalar(1 - keep)));

/** Sums `dy` over the axes along which an argument of `shape` was stretched. */
export const unbroadcast = (dy: Node, shape: Shape): Node => {
  const from = shapeOf(dy);
  if (sameShape(from, shape)) return dy;
  invariant(broadcastShape(from, shape), () => `[${from}] was not stretched from [${shape}]`);
  const lead = from.length - shape.length;
  const axes = from
    .map((_, i) => i)
    .filter((i) => i < lead || (shape[i - lead] === 1 && from[i] !== 1));
  return reshape(sum(dy, axes), shape);
};
