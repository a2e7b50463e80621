/** Types of values: what each operation makes of its arguments' types, and the verifier that holds a graph to it. */

import { invariant } from "../diagnostic/invariant.js";
import { type Graph, number, type Step, typesOfArgs, valueAt } from "./graph.js";
import type { Arguments, Node, OpName, Ops, Padding } from "./op.js";
import {
  broadcastShape,
  ofRank,
  printType,
  product,
  type Shape,
  sameShape,
  type Type,
  type Types,
} from "./type.js";

type Rule<K extends OpName> = (attributes: Ops[K], args: Arguments<Types>[K]) => Types;

/** Positions of a window of `size` along `n` pixels, both ends padded. */
export const outputSize = (
  n: number,
  size: number,
  stride: number,
  dilation: number,
  padding: number,
): number => Math.floor((n + padding - dilation * (size - 1) - 1) / stride) + 1;

const like = ([type]: Types): Types => [type];
const floats = (...shape: number[]): Type => ({ dtype: "f32", shape });

/** What a window makes of an image `[N, H, W, C]`, but for its channels. */
const windowed = (
  [n, h, w]: readonly [number, number, number, number],
  [kh, kw]: readonly [number, number],
  [down, across]: readonly [number, number],
  dilation: number,
  { top, bottom, left, right }: Padding,
): readonly [number, number, number] => [
  n,
  outputSize(h, kh, down, dilation, top + bottom),
  outputSize(w, kw, across, dilation, left + right),
];

/** Of a kernel each of whose outputs reads `reads` channels. */
const convolved = (
  { stride, dilation, padding }: Ops["convolution"],
  x: Type,
  kernel: Type,
  reads: number | undefined,
): Types => {
  const [kh, kw, from, to] = ofRank(kernel.shape, 4);
  invariant(from === reads, `${printType(x)} does not meet kernel ${printType(kernel)}`);
  invariant(x.dtype === kernel.dtype, "a convolution of two element types");
  const image = ofRank(x.shape, 4);
  const [n, h, w] = windowed(image, [kh, kw], [stride, stride], dilation, padding);
  invariant(h > 0 && w > 0, `kernel ${printType(kernel)} does not fit ${printType(x)}`);
  return [{ dtype: x.dtype, shape: [n, h, w, to] }];
};

const elementwise = ([a]: Types, [b]: Types): Shape => {
  const shape = broadcastShape(a.shape, b.shape);
  invariant(
    shape !== undefined && a.dtype === b.dtype,
    () => `${printType(a)} does not meet ${printType(b)}`,
  );
  return shape;
};

const matmulShape = (a: Shape, b: Shape, { transposeA, transposeB }: Ops["matmul"]): Shape => {
  const [m, k] = transposeA ? [a.at(-1), a.at(-2)] : [a.at(-2), a.at(-1)];
  const [k2, n] = transposeB ? [b.at(-1), b.at(-2)] : [b.at(-2), b.at(-1)];
  const batch = broadcastShape(a.slice(0, -2), b.slice(0, -2));
  invariant(m && n && k === k2 && batch, () => `a matrix [${a}] does not meet [${b}]`);
  return [...batch, m, n];
};

const reduced = (shape: Shape, axes: readonly number[], keep: boolean): Shape =>
  keep
    ? shape.map((n, i) => (axes.includes(i) ? 1 : n))
    : shape.filter((_, i) => !axes.includes(i));

export const inference: { readonly [K in OpName]: Rule<K> } = {
  input: ({ dtype, shape }) => [{ dtype, shape }],
  variable: ({ dtype, shape }) => [{ dtype, shape }],
  constant: ({ dtype, shape }) => [{ dtype, shape }],
  part: ({ index }, [whole]) => {
    const output = whole[index];
    invariant(index > 0 && output !== undefined, () => `an operation has no output ${index}`);
    return [output];
  },
  convolution: (window, [[x], [kernel]]) => convolved(window, x, kernel, x.shape[3]),
  convolutionInputGradient: ({ shape }, [, [dy]]) => [{ dtype: dy.dtype, shape }],
  convolutionKernelGradient: ({ shape }, [, [dy]]) => [{ dtype: dy.dtype, shape }],
  depthwise: (window, [[x], [kernel]]) => {
    invariant(
      window.dilation === 1 || window.stride === 1,
      "a depthwise kernel strides or dilates",
    );
    invariant(kernel.shape[3] === x.shape[3], "a depthwise kernel a channel");
    return convolved(window, x, kernel, 1);
  },
  depthwiseInputGradient: ({ shape }, [, [dy]]) => [{ dtype: dy.dtype, shape }],
  depthwiseKernelGradient: ({ shape }, [, [dy]]) => [{ dtype: dy.dtype, shape }],
  batchNorm: (_, [[x], ...weights]) => {
    const [, , , c] = ofRank(x.shape, 4);
    const channels = floats(c);
    invariant(
      weights.every(([t]) => t.shape[0] === c),
      "batch norm over other channels",
    );
    return [x, channels, channels];
  },
  batchNormGradient: (_, [, [x], [scale]]) => [x, scale, scale],
  batchNormInference: (_, [x]) => like(x),
  relu: (_, [x]) => like(x),
  reluGradient: (_, [dy]) => like(dy),
  relu6: (_, [x]) => like(x),
  relu6Gradient: (_, [dy]) => like(dy),
  maxPool: ({ size, stride, padding }, [[x]]) => {
    const image = ofRank(x.shape, 4);
    const [n, h, w] = windowed(image, size, stride, 1, padding);
    invariant(h > 0 && w > 0, () => `a window of ${size} does not fit ${printType(x)}`);
    return [{ dtype: x.dtype, shape: [n, h, w, image[3]] }];
  },
  maxPoolGradient: (_, [x]) => like(x),
  resize: ({ height, width }, [[x]]) => {
    const [n, , , c] = ofRank(x.shape, 4);
    return [floats(n, height, width, c)];
  },
  resizeGradient: (_, [, x]) => like(x),
  softmax: (_, [x]) => like(x),
  crossEntropy: (_, [[logits], [labels]]) => {
    const [pixels] = ofRank(logits.shape, 2);
    invariant(labels.dtype === "i32" && labels.shape[0] === pixels, "one label a row of logits");
    return [floats(pixels), logits];
  },
  matmul: (at, [[a], [b]]) => [{ dtype: a.dtype, shape: matmulShape(a.shape, b.shape, at) }],
  unary: (_, [x]) => like(x),
  binary: (_, [a, b]) => [{ dtype: a[0].dtype, shape: elementwise(a, b) }],
  compare: (_, [a, b]) => [{ dtype: "bool", shape: elementwise(a, b) }],
  select: (_, [[condition], [a], [b]]) => {
    invariant(
      condition.dtype === "bool" &&
        a.dtype === b.dtype &&
        [a, b].every((t) => sameShape(t.shape, condition.shape)),
      () => `${printType(condition)} does not choose between ${printType(a)} and ${printType(b)}`,
    );
    return [a];
  },
  largest: (_, [[x]]) => [{ dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] }],
  stop: (_, [x]) => like(x),
  after: (_, [x]) => like(x),
  sum: ({ axes, keep }, [[x]]) => [{ dtype: x.dtype, shape: reduced(x.shape, axes, keep) }],
  broadcast: ({ shape }, [[x]]) => {
    const to = broadcastShape(x.shape, shape);
    invariant(
      to && product(to) === product(shape),
      () => `${printType(x)} does not stretch to [${shape}]`,
    );
    return [{ dtype: x.dtype, shape }];
  },
  cast: ({ dtype }, [[x]]) => [{ dtype, shape: x.shape }],
  reshape: ({ shape }, [[x]]) => {
    invariant(
      product(shape) === product(x.shape),
      () => `${printType(x)} does not fill [${shape}]`,
    );
    return [{ dtype: x.dtype, shape }];
  },
  transpose: ({ permutation }, [[x]]) => [
    { dtype: x.dtype, shape: permutation.map((axis) => sizeOf(x, axis)) },
  ],
  concat: ({ axis }, args) => {
    const [[{ dtype, shape }]] = args;
    const fits = args.every(
      ([t]) => t.dtype === dtype && t.shape.every((n, i) => i === axis || n === shape[i]),
    );
    invariant(
      fits,
      () => `pieces do not meet along axis ${axis}: ${args.map(([t]) => printType(t)).join(" ")}`,
    );
    const total = args.reduce((sum, [t]) => sum + sizeOf(t, axis), 0);
    return [{ dtype, shape: shape.map((n, i) => (i === axis ? total : n)) }];
  },
  slice: ({ begin, size }, [[{ dtype, shape }]]) => {
    const inside = shape.every((n, i) => {
      const [from = -1, count = 0] = [begin[i], size[i]];
      return from >= 0 && from + count <= n;
    });
    invariant(inside, () => `slice [${begin}]+[${size}] leaves [${shape}]`);
    return [{ dtype, shape: size }];
  },
  pad: ({ before, after }, [[{ dtype, shape }]]) => [
    { dtype, shape: shape.map((n, i) => (before[i] ?? 0) + n + (after[i] ?? 0)) },
  ],
  reverse: (_, [x]) => like(x),
  gather: (_, [[table], [indices]]) => {
    invariant(indices.dtype === "i32", "indices are whole numbers");
    return [{ dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }];
  },
  kthSmallest: ({ k }, [[x]]) => {
    const [n] = ofRank(x.shape, 1);
    invariant(x.dtype === "f32", "only a list of numbers has a k-th");
    invariant(k >= 1 && k <= n, () => `no ${k}-th of ${n} numbers`);
    return [floats()];
  },
  argmax: (_, [[x]]) => [{ dtype: "i32", shape: x.shape.slice(0, -1) }],
  bincount: ({ size }, [[x]]) => {
    invariant(x.dtype === "i32", "only whole numbers are counted");
    return [{ dtype: "i32", shape: [size] }];
  },
  uniform: ({ shape }) => [{ dtype: "f32", shape }],
  across: (_, [x]) => like(x),
  share: ({ axis, replicas }, [[type]]) => {
    const part = sizeOf(type, axis) / replicas;
    invariant(Number.isInteger(part), `${printType(type)} has no ${replicas} equal parts`);
    return [{ dtype: type.dtype, shape: type.shape.with(axis, part) }];
  },
  spread: ({ axis, replicas }, [[type]]) => [
    { dtype: type.dtype, shape: type.shape.with(axis, sizeOf(type, axis) * replicas) },
  ],
};

const sizeOf = (type: Type, axis: number): number => {
  const size = type.shape[axis];
  invariant(size !== undefined, () => `${printType(type)} has no axis ${axis}`);
  return size;
};

/** Types of the outputs of `op`. A misfit is our own mistake: the author's were found in rules/. */
export const inferTypes = <K extends OpName>(
  op: K,
  attributes: Ops[K],
  args: Arguments<Types>[K],
): Types => inference[op](attributes, args);

const sameType = (a: Type, b: Type): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);

/**
 * Laws: ids are positions; arguments come first; types are what inference says; names of inputs and of variables are
 * unique; an update writes a variable, at most once, with a value of its type.
 */
export const verify = (graph: Graph): Graph => {
  const names = new Set<string>();
  graph.values.forEach((value, position) => {
    invariant(value.id === position, () => `value %${value.id} stands at ${position}`);
    invariant(
      value.args.every((id) => id >= 0 && id < position),
      () => `%${position} uses a later value`,
    );
    const inferred = inferTypes(value.op, value.attributes, typesOfArgs(value, graph));
    invariant(
      inferred.length === value.types.length &&
        value.types.every((type, i) => sameType(type, inferred[i] ?? type)),
      () =>
        `%${position} (${value.op}) claims ${value.types.map(printType)} and is ${inferred.map(printType)}`,
    );
    if (value.op === "input" || value.op === "variable") {
      const name = `${value.op} ${value.attributes.name}`;
      invariant(!names.has(name), () => `${name} stands twice, with different attributes`);
      names.add(name);
    }
  });
  verifyUpdates(graph);
  return graph;
};

const verifyUpdates = (graph: Graph): void => {
  const written = new Set<number>();
  for (const { variable: id, value } of graph.updates) {
    const variable = valueAt(graph, id);
    invariant(variable.op === "variable", () => `%${id} is written and no variable`);
    invariant(!written.has(id), () => `%${id} is written twice`);
    const fits = sameType(variable.types[0], valueAt(graph, value).types[0]);
    invariant(fits, () => `%${value} does not fit %${id}`);
    written.add(id);
  }
};

/** The graph of a step, numbered and held to its laws. */
export const graphOf = (step: Step<Node>): Graph => verify(number(step));
