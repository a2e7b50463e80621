/** Types of values: what each operation makes of its arguments' types, and the verifier that holds a graph to it. */

import { invariant } from "../diagnostic/invariant.js";
import type { Graph } from "./graph.js";
import type { OpName, Ops, Padding } from "./op.js";
import { broadcastShape, printType, product, type Shape, sameShape, type Type } from "./type.js";

/** Types of every output of every argument. */
export type ArgTypes = readonly (readonly [Type, ...Type[]])[];
type Types = readonly [Type, ...Type[]];
type Rule<K extends OpName> = (attributes: Ops[K], args: ArgTypes) => Types;

/** Positions of a window of `size` along `n` pixels, both ends padded. */
export const outputSize = (
  n: number,
  size: number,
  stride: number,
  dilation: number,
  padding: number,
): number => Math.floor((n + padding - dilation * (size - 1) - 1) / stride) + 1;

const first = (args: ArgTypes, index = 0): Type => args[index][0];
const like = (type: Type): Types => [type];
const floats = (...shape: number[]): Type => ({ dtype: "f32", shape });

const windowed = (
  [n, h, w]: Shape,
  [kh, kw]: readonly [number, number],
  [down, across]: readonly [number, number],
  dilation: number,
  { top, bottom, left, right }: Padding,
): readonly [number, number, number] => [
  n,
  outputSize(h, kh, down, dilation, top + bottom),
  outputSize(w, kw, across, dilation, left + right),
];

const elementwise = (args: ArgTypes): Shape => {
  const [a, b] = [first(args, 0), first(args, 1)];
  const shape = broadcastShape(a.shape, b.shape);
  invariant(
    shape !== undefined && a.dtype === b.dtype,
    `${printType(a)} does not meet ${printType(b)}`,
  );
  return shape;
};

const matmulShape = (a: Shape, b: Shape, { transposeA, transposeB }: Ops["matmul"]): Shape => {
  const [m, k] = transposeA ? [a.at(-1), a.at(-2)] : [a.at(-2), a.at(-1)];
  const [k2, n] = transposeB ? [b.at(-1), b.at(-2)] : [b.at(-2), b.at(-1)];
  const batch = broadcastShape(a.slice(0, -2), b.slice(0, -2));
  invariant(m && n && k === k2 && batch, `a matrix [${a}] does not meet [${b}]`);
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
    invariant(index > 0 && index < whole.length, `an operation has no output ${index}`);
    return [whole[index]];
  },
  convolution: (at, args) => {
    const [x, kernel] = [first(args), first(args, 1)];
    const [kh, kw, from, to] = kernel.shape;
    invariant(
      x.shape.length === 4 && x.shape[3] === from,
      `${printType(x)} does not meet kernel ${printType(kernel)}`,
    );
    invariant(x.dtype === kernel.dtype, "a convolution of two element types");
    const [n, h, w] = windowed(x.shape, [kh, kw], [at.stride, at.stride], at.dilation, at.padding);
    invariant(h > 0 && w > 0, `kernel ${printType(kernel)} does not fit ${printType(x)}`);
    return [{ dtype: x.dtype, shape: [n, h, w, to] }];
  },
  convolutionInputGradient: ({ shape }, args) => [{ dtype: first(args, 1).dtype, shape }],
  convolutionKernelGradient: ({ shape }, args) => [{ dtype: first(args, 1).dtype, shape }],
  batchNorm: (_, args) => {
    const x = first(args);
    const channels = floats(x.shape[3]);
    invariant(
      args.slice(1).every(([t]) => t.shape[0] === x.shape[3]),
      "batch norm over other channels",
    );
    return [x, channels, channels];
  },
  batchNormGradient: (_, args) => [first(args, 1), first(args, 2), first(args, 2)],
  batchNormInference: (_, args) => like(first(args)),
  relu: (_, args) => like(first(args)),
  reluGradient: (_, args) => like(first(args)),
  maxPool: ({ size, stride, padding }, args) => {
    const x = first(args);
    const [n, h, w] = windowed(x.shape, size, stride, 1, padding);
    invariant(h > 0 && w > 0, `a window of ${size} does not fit ${printType(x)}`);
    return [{ dtype: x.dtype, shape: [n, h, w, x.shape[3]] }];
  },
  maxPoolGradient: (_, args) => like(first(args)),
  resize: ({ height, width }, args) => {
    const [n, , , c] = first(args).shape;
    return [floats(n, height, width, c)];
  },
  resizeGradient: (_, args) => like(first(args, 1)),
  softmax: (_, args) => like(first(args)),
  crossEntropy: (_, args) => {
    const [logits, labels] = [first(args), first(args, 1)];
    invariant(
      labels.dtype === "i32" && labels.shape[0] === logits.shape[0],
      "one label a row of logits",
    );
    return [floats(logits.shape[0]), logits];
  },
  matmul: (at, args) => [
    { dtype: first(args).dtype, shape: matmulShape(first(args).shape, first(args, 1).shape, at) },
  ],
  unary: (_, args) => like(first(args)),
  binary: (_, args) => [{ dtype: first(args).dtype, shape: elementwise(args) }],
  compare: (_, args) => [{ dtype: "bool", shape: elementwise(args) }],
  select: (_, args) => {
    const [condition, a, b] = args.map(([t]) => t);
    invariant(
      condition.dtype === "bool" &&
        a.dtype === b.dtype &&
        [a, b].every((t) => sameShape(t.shape, condition.shape)),
      `${printType(condition)} does not choose between ${printType(a)} and ${printType(b)}`,
    );
    return [a];
  },
  largest: (_, args) => [
    { dtype: first(args).dtype, shape: [...first(args).shape.slice(0, -1), 1] },
  ],
  stop: (_, args) => like(first(args)),
  after: (_, args) => like(first(args)),
  sum: ({ axes, keep }, args) => [
    { dtype: first(args).dtype, shape: reduced(first(args).shape, axes, keep) },
  ],
  broadcast: ({ shape }, args) => {
    const from = first(args);
    const to = broadcastShape(from.shape, shape);
    invariant(
      to && product(to) === product(shape),
      `${printType(from)} does not stretch to [${shape}]`,
    );
    return [{ dtype: from.dtype, shape }];
  },
  cast: ({ dtype }, args) => [{ dtype, shape: first(args).shape }],
  reshape: ({ shape }, args) => {
    invariant(
      product(shape) === product(first(args).shape),
      `${printType(first(args))} does not fill [${shape}]`,
    );
    return [{ dtype: first(args).dtype, shape }];
  },
  transpose: ({ permutation }, args) => [
    { dtype: first(args).dtype, shape: permutation.map((axis) => first(args).shape[axis]) },
  ],
  concat: ({ axis }, args) => {
    const { dtype, shape } = first(args);
    const fits = args.every(
      ([t]) => t.dtype === dtype && t.shape.every((n, i) => i === axis || n === shape[i]),
    );
    invariant(
      fits,
      `pieces do not meet along axis ${axis}: ${args.map(([t]) => printType(t)).join(" ")}`,
    );
    const total = args.reduce((sum, [t]) => sum + t.shape[axis], 0);
    return [{ dtype, shape: shape.map((n, i) => (i === axis ? total : n)) }];
  },
  slice: ({ begin, size }, args) => {
    const { dtype, shape } = first(args);
    const inside = shape.every((n, i) => begin[i] >= 0 && begin[i] + size[i] <= n);
    invariant(inside, `slice [${begin}]+[${size}] leaves [${shape}]`);
    return [{ dtype, shape: size }];
  },
  pad: ({ before, after }, args) => [
    { dtype: first(args).dtype, shape: first(args).shape.map((n, i) => before[i] + n + after[i]) },
  ],
  reverse: (_, args) => like(first(args)),
  gather: (_, args) => {
    const [table, indices] = [first(args), first(args, 1)];
    invariant(indices.dtype === "i32", "indices are whole numbers");
    return [{ dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }];
  },
  kthSmallest: ({ k }, args) => {
    const { dtype, shape } = first(args);
    invariant(dtype === "f32" && shape.length === 1, "only a list of numbers has a k-th");
    invariant(k >= 1 && k <= shape[0], `no ${k}-th of ${shape[0]} numbers`);
    return [floats()];
  },
  argmax: (_, args) => [{ dtype: "i32", shape: first(args).shape.slice(0, -1) }],
  bincount: ({ size }, args) => {
    invariant(first(args).dtype === "i32", "only whole numbers are counted");
    return [{ dtype: "i32", shape: [size] }];
  },
  uniform: ({ shape }) => [{ dtype: "f32", shape }],
};

/** Types of the outputs of `op`. A misfit is our own mistake: the author's were found in rules/. */
export const inferTypes = <K extends OpName>(op: K, attributes: Ops[K], args: ArgTypes): Types =>
  inference[op](attributes, args);

const sameType = (a: Type, b: Type): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);

/**
 * Laws: ids are positions; arguments come first; types are what inference says; names of inputs and of variables are
 * unique; an update writes a variable, at most once, with a value of its type.
 */
export const verify = (graph: Graph): Graph => {
  const names = new Set<string>();
  graph.values.forEach((value, position) => {
    invariant(value.id === position, `value %${value.id} stands at ${position}`);
    invariant(
      value.args.every((id) => id >= 0 && id < position),
      `%${position} uses a later value`,
    );
    const inferred = inferTypes(
      value.op,
      value.attributes,
      value.args.map((id) => graph.values[id].types),
    );
    invariant(
      inferred.length === value.types.length &&
        inferred.every((type, i) => sameType(type, value.types[i])),
      `%${position} (${value.op}) claims ${value.types.map(printType)} and is ${inferred.map(printType)}`,
    );
    if (value.op === "input" || value.op === "variable") {
      const name = `${value.op} ${value.attributes.name}`;
      invariant(!names.has(name), `${name} stands twice, with different attributes`);
      names.add(name);
    }
  });
  verifyUpdates(graph);
  return graph;
};

const verifyUpdates = (graph: Graph): void => {
  const written = new Set<number>();
  for (const { variable: id, value } of graph.updates) {
    invariant(id in graph.values && value in graph.values, "an update of nothing");
    invariant(graph.values[id]?.op === "variable", `%${id} is written and no variable`);
    invariant(!written.has(id), `%${id} is written twice`);
    invariant(
      sameType(graph.values[id].types[0], graph.values[value].types[0]),
      `%${value} does not fit %${id}`,
    );
    written.add(id);
  }
};
