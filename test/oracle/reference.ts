/**
 * The IR's forward meaning a second time, in 64-bit floats and plain loops, from the definitions alone. What
 * TensorFlow computes is held against it. Every index of an array is computed from the shapes.
 */

import { valuesOf } from "../../src/graph/constant.js";
import { type Graph, type Value, valueAt } from "../../src/graph/graph.js";
import {
  type Arguments,
  type Binary,
  type Comparison,
  mapArgs,
  type NodeOf,
  type OpName,
  type Pool,
  type Unary,
} from "../../src/graph/op.js";
import { ofRank, product, type Shape, sameShape } from "../../src/graph/type.js";

export type Numbers = Float64Array;
/** Numbers of inputs and variables, by name. */
export type Leaves = ReadonlyMap<string, ArrayLike<number>>;

interface Site<K extends OpName> {
  readonly attributes: NodeOf<K>["attributes"];
  readonly shape: Shape;
  readonly args: Arguments<Numbers>[K];
  readonly shapes: Arguments<Shape>[K];
}
type Rule<K extends OpName> = (site: Site<K>) => Numbers | readonly Numbers[];

const filled = (shape: Shape, f: (i: number) => number): Numbers =>
  Float64Array.from({ length: product(shape) }, (_, i) => f(i));

/** Fills `shape` with what `f` says of each place; `at` is the same array every time. */
const mapped = (shape: Shape, f: (at: readonly number[]) => number): Numbers => {
  const out = new Float64Array(product(shape));
  const at = shape.map(() => 0);
  for (let flat = 0; flat < out.length; flat++) {
    out[flat] = f(at);
    for (let axis = shape.length - 1; axis >= 0 && ++at[axis]! === shape[axis]!; axis--)
      at[axis] = 0;
  }
  return out;
};
const position = (at: readonly number[], shape: Shape): number => {
  let flat = 0;
  for (let axis = 0; axis < shape.length; axis++) flat = flat * shape[axis]! + at[axis]!;
  return flat;
};

/** For each element of `out`, where it lies in an array of `shape` stretched to it. */
const offsets = (shape: Shape, out: Shape): Numbers => {
  const lead = out.length - shape.length;
  const steps = out.map((_, axis) =>
    axis < lead || shape[axis - lead] === 1 ? 0 : product(shape.slice(axis - lead + 1)),
  );
  return mapped(out, (at) => {
    let flat = 0;
    for (let axis = 0; axis < at.length; axis++) flat += at[axis]! * steps[axis]!;
    return flat;
  });
};

const stretched = (x: Numbers, from: Shape, to: Shape): Numbers =>
  sameShape(from, to) ? x : offsets(from, to).map((at) => x[at]!);

/** Takes each element of the result from where `source` says; 0 where it says nothing. */
const moved =
  <K extends OpName>(
    source: (at: readonly number[], site: Site<K>) => readonly number[] | undefined,
  ): Rule<K> =>
  (site) =>
    mapped(site.shape, (to) => {
      const from = source(to, site);
      return from === undefined ? 0 : site.args[0]![position(from, site.shapes[0]!)]!;
    });

const unary: Readonly<Record<Unary, (x: number) => number>> = {
  negate: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  reciprocal: (x) => 1 / x,
};
const binary: Readonly<Record<Binary | Comparison, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  equal: (a, b) => +(a === b),
  less: (a, b) => +(a < b),
  greaterEqual: (a, b) => +(a >= b),
};

const pairwise = ({ attributes: { kind }, shape, args, shapes }: Site<"binary" | "compare">) => {
  const f = binary[kind];
  const [[a, b], [sa, sb]] = [args, shapes];
  const right = stretched(b, sb, shape);
  return stretched(a, sa, shape).map((value, i) => f(value, right[i]!));
};

const convolution: Rule<"convolution"> = ({ attributes, shape, args: [x, kernel], shapes }) => {
  const { stride, dilation, padding } = attributes;
  const [, h, w, from] = ofRank(shapes[0], 4);
  const [kh, kw] = ofRank(shapes[1], 4);
  const [n, rows, columns, to] = ofRank(shape, 4);
  const out = new Float64Array(product(shape));
  for (let image = 0; image < n; image++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        for (let ki = 0; ki < kh; ki++)
          for (let kj = 0; kj < kw; kj++) {
            const y = i * stride + ki * dilation - padding.top;
            const z = j * stride + kj * dilation - padding.left;
            if (y < 0 || y >= h || z < 0 || z >= w) continue;
            const [start, tap] = [((image * h + y) * w + z) * from, (ki * kw + kj) * from];
            const to0 = ((image * rows + i) * columns + j) * to;
            for (let c = 0; c < from; c++)
              for (let o = 0; o < to; o++)
                out[to0 + o]! += x[start + c]! * kernel[(tap + c) * to + o]!;
          }
  return out;
};

const depthwise: Rule<"depthwise"> = ({ attributes, shape, args: [x, kernel], shapes }) => {
  const { stride, dilation, padding } = attributes;
  const [, h, w, channels] = ofRank(shapes[0], 4);
  const [kh, kw] = ofRank(shapes[1], 4);
  const [n, rows, columns] = ofRank(shape, 4);
  const out = new Float64Array(product(shape));
  for (let i = 0; i < out.length; i++) {
    const c = i % channels;
    const column = Math.floor(i / channels) % columns;
    const row = Math.floor(i / (channels * columns)) % rows;
    const image = Math.floor(i / (channels * columns * rows));
    if (image >= n) continue;
    for (let tap = 0; tap < kh * kw; tap++) {
      const y = row * stride + Math.floor(tap / kw) * dilation - padding.top;
      const z = column * stride + (tap % kw) * dilation - padding.left;
      if (y < 0 || y >= h || z < 0 || z >= w) continue;
      out[i]! += x[((image * h + y) * w + z) * channels + c]! * kernel[tap * channels + c]!;
    }
  }
  return out;
};

const normalised = (x: Numbers, c: number, mean: Numbers, variance: Numbers, epsilon: number) =>
  x.map((value, i) => (value - mean[i % c]!) / Math.sqrt(variance[i % c]! + epsilon));
const affine = (x: Numbers, c: number, scale: Numbers, shift: Numbers) =>
  x.map((value, i) => value * scale[i % c]! + shift[i % c]!);

const batchNorm: Rule<"batchNorm"> = ({ attributes: { epsilon }, shape, args }) => {
  const [x, scale, shift] = args;
  const [, , , c] = ofRank(shape, 4);
  const count = x.length / c;
  const [mean, variance] = [new Float64Array(c), new Float64Array(c)];
  x.forEach((value, i) => {
    mean[i % c]! += value / count;
  });
  x.forEach((value, i) => {
    variance[i % c]! += (value - mean[i % c]!) ** 2 / count;
  });
  return [affine(normalised(x, c, mean, variance, epsilon), c, scale, shift), mean, variance];
};

const maxPool: Rule<"maxPool"> = ({ attributes, shape, args: [x], shapes: [from] }) => {
  const { size, stride, padding }: Pool = attributes;
  const [, h, w, c] = ofRank(from, 4);
  return mapped(shape, (at) => {
    const [n, i, j, channel] = ofRank(at, 4);
    let most = Number.NEGATIVE_INFINITY;
    for (let ki = 0; ki < size[0]; ki++)
      for (let kj = 0; kj < size[1]; kj++) {
        const [y, z] = [i * stride[0] + ki - padding.top, j * stride[1] + kj - padding.left];
        if (y < 0 || y >= h || z < 0 || z >= w) continue;
        most = Math.max(most, x[((n * h + y) * w + z) * c + channel]!);
      }
    return most;
  });
};

/** Where pixel i of `to` lies between the pixels of `from`. */
const between = (i: number, from: number, to: number, alignCorners: boolean) => {
  const at = alignCorners
    ? to === 1
      ? 0
      : (i * (from - 1)) / (to - 1)
    : ((i + 0.5) * from) / to - 0.5;
  const inside = Math.min(Math.max(at, 0), from - 1);
  const low = Math.min(Math.floor(inside), Math.max(0, from - 2));
  return { low, high: Math.min(low + 1, from - 1), share: inside - low };
};

const resize: Rule<"resize"> = ({ attributes, shape, args: [x], shapes: [from] }) => {
  const [, h, w, c] = ofRank(from, 4);
  return mapped(shape, (place) => {
    const [n, i, j, channel] = ofRank(place, 4);
    const y = between(i, h, attributes.height, attributes.alignCorners);
    const z = between(j, w, attributes.width, attributes.alignCorners);
    const at = (row: number, column: number) => x[((n * h + row) * w + column) * c + channel]!;
    const upper = at(y.low, z.low) * (1 - z.share) + at(y.low, z.high) * z.share;
    const lower = at(y.high, z.low) * (1 - z.share) + at(y.high, z.high) * z.share;
    return upper * (1 - y.share) + lower * y.share;
  });
};

/** Runs `f` on each row along the last axis. */
const rows = (x: Numbers, shape: Shape, f: (row: Numbers, index: number) => ArrayLike<number>) => {
  const c = shape.at(-1) ?? 1;
  const each = Array.from({ length: x.length / c }, (_, i) => f(x.subarray(i * c, (i + 1) * c), i));
  const out = new Float64Array(each.reduce((total, row) => total + row.length, 0));
  each.forEach((row, i) => {
    out.set(row, i * row.length);
  });
  return out;
};
const softmaxOf = (row: Numbers): Numbers => {
  const top = Math.max(...row);
  const powers = row.map((value) => Math.exp(value - top));
  const total = powers.reduce((a, b) => a + b);
  return powers.map((value) => value / total);
};

const crossEntropy: Rule<"crossEntropy"> = ({ args: [logits, labels], shapes: [shape] }) => [
  rows(logits, shape, (row, i) => [-Math.log(softmaxOf(row)[labels[i]!]!)]),
  rows(logits, shape, (row, i) => softmaxOf(row).map((p, c) => p - +(c === labels[i]))),
];

const matmul: Rule<"matmul"> = ({ attributes, shape, args: [a, b], shapes: [sa, sb] }) => {
  const batch = shape.slice(0, -2);
  const [m, n] = ofRank(shape.slice(-2), 2);
  const k = sa.at(attributes.transposeA ? -2 : -1) ?? 1;
  const [at, bt] = [offsets(sa.slice(0, -2), batch), offsets(sb.slice(0, -2), batch)];
  const out = new Float64Array(product(shape));
  for (let image = 0; image < at.length; image++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let total = 0;
        for (let l = 0; l < k; l++) {
          const left = attributes.transposeA ? l * m + i : i * k + l;
          const right = attributes.transposeB ? j * k + l : l * n + j;
          total += a[at[image]! * m * k + left]! * b[bt[image]! * k * n + right]!;
        }
        out[(image * m + i) * n + j] = total;
      }
  return out;
};

/** `null` has no forward meaning of its own: leaves, parts of others, and gradients. */
const rules: { readonly [K in OpName]: Rule<K> | null } = {
  input: null,
  variable: null,
  part: null,
  convolutionInputGradient: null,
  convolutionKernelGradient: null,
  depthwiseInputGradient: null,
  depthwiseKernelGradient: null,
  batchNormGradient: null,
  relu6Gradient: null,
  reluGradient: null,
  maxPoolGradient: null,
  resizeGradient: null,
  uniform: null,
  // Of one replica.
  across: ({ args: [x] }) => x,
  share: ({ args: [x] }) => x,
  spread: ({ args: [x] }) => x,
  constant: ({ attributes: { content }, shape }) => Float64Array.from(valuesOf(content, shape)),
  convolution,
  depthwise,
  batchNorm,
  batchNormInference: ({ attributes: { epsilon }, args: [x, scale, shift, mean, v] }) =>
    affine(normalised(x, scale.length, mean, v, epsilon), scale.length, scale, shift),
  relu: ({ args: [x] }) => x.map((value) => Math.max(0, value)),
  relu6: ({ args: [x] }) => x.map((value) => Math.min(6, Math.max(0, value))),
  maxPool,
  resize,
  softmax: ({ shape, args: [x] }) => rows(x, shape, softmaxOf),
  crossEntropy,
  matmul,
  unary: ({ attributes: { kind }, args: [x] }) => x.map(unary[kind]),
  binary: pairwise,
  compare: pairwise,
  select: ({ args: [condition, a, b] }) => condition.map((yes, i) => (yes ? a[i]! : b[i]!)),
  largest: ({ args: [x], shapes: [shape] }) => rows(x, shape, (row) => [Math.max(...row)]),
  stop: ({ args: [x] }) => x,
  after: ({ args: [x] }) => x,
  sum: ({ attributes: { axes }, shape, args: [x], shapes: [from] }) => {
    const kept = from.map((n, axis) => (axes.includes(axis) ? 1 : n));
    const out = new Float64Array(product(shape));
    offsets(kept, from).forEach((to, i) => {
      out[to]! += x[i]!;
    });
    return out;
  },
  broadcast: ({ shape, args: [x], shapes: [from] }) => stretched(x, from, shape),
  cast: ({ args: [x] }) => x,
  reshape: ({ args: [x] }) => x,
  transpose: moved((at, { attributes: { permutation } }) =>
    permutation.map((_, axis) => at[permutation.indexOf(axis)]!),
  ),
  concat: ({ attributes: { axis }, shape, args, shapes }) =>
    mapped(shape, (to) => {
      const at = [...to];
      let piece = 0;
      while (at[axis]! >= shapes[piece]![axis]!) at[axis]! -= shapes[piece++]![axis]!;
      return args[piece]![position(at, shapes[piece]!)]!;
    }),
  slice: moved((at, { attributes: { begin } }) => at.map((i, axis) => begin[axis]! + i)),
  pad: moved((at, { attributes: { before }, shapes: [from] }) => {
    const inner = at.map((i, axis) => i - before[axis]!);
    return inner.every((i, axis) => i >= 0 && i < from[axis]!) ? inner : undefined;
  }),
  reverse: moved((at, { attributes: { axis }, shape }) =>
    at.map((i, each) => (each === axis ? shape[each]! - 1 - i : i)),
  ),
  gather: ({ shape, args: [table, indices], shapes: [from] }) => {
    const row = product(from.slice(1));
    return filled(shape, (i) => table[indices[Math.floor(i / row)]! * row + (i % row)]!);
  },
  kthSmallest: ({ attributes: { k }, args: [x] }) => x.toSorted().slice(k - 1, k),
  argmax: ({ args: [x], shapes: [shape] }) =>
    rows(x, shape, (row) => [row.indexOf(Math.max(...row))]),
  bincount: ({ attributes: { size }, args: [x] }) => {
    const out = new Float64Array(size);
    for (const value of x) if (value >= 0 && value < size) out[value]!++;
    return out;
  },
};

const evaluateValue = (graph: Graph, value: Value, done: readonly (readonly Numbers[])[]) => {
  if (value.op === "part") return [done[value.args[0]]![value.attributes.index]!];
  return ruled(graph, value, done);
};

const ruled = <K extends OpName>(
  graph: Graph,
  { op, attributes, types, args }: Pick<NodeOf<K>, "op" | "attributes" | "types"> & Numbered<K>,
  done: readonly (readonly Numbers[])[],
): readonly Numbers[] => {
  const rule: Rule<K> | null = rules[op];
  if (rule === null) throw new Error(`the reference does not know ${op}`);
  const result = rule({
    attributes,
    shape: types[0].shape,
    args: mapArgs<K, number, Numbers>(args, (id) => done[id]![0]!),
    shapes: mapArgs<K, number, Shape>(args, (id) => valueAt(graph, id).types[0].shape),
  });
  return result instanceof Float64Array ? [result] : result;
};

interface Numbered<K extends OpName> {
  readonly args: Arguments<number>[K];
}

/** Ids of the values that `roots` need. */
const needed = (graph: Graph, roots: readonly number[]): ReadonlySet<number> => {
  const found = new Set(roots);
  for (const { id, args } of graph.values.toReversed())
    if (found.has(id)) for (const arg of args) found.add(arg);
  return found;
};

export interface Evaluation {
  /** Outputs of each value, by id; empty where nothing asked for it. */
  readonly values: readonly (readonly Numbers[])[];
}

/**
 * Evaluates what `roots` need. Of an earlier evaluation, what none of the leaves in `changed` touches is taken over.
 */
export const evaluate = (
  graph: Graph,
  roots: readonly number[],
  leaves: Leaves,
  before?: Evaluation,
  changed: ReadonlySet<string> = new Set(),
): Evaluation => {
  const wanted = needed(graph, roots);
  const dirty = new Set<number>();
  const values: (readonly Numbers[])[] = [];
  for (const value of graph.values) {
    const { id, op, attributes, args } = value;
    const leaf = op === "input" || op === "variable";
    if (leaf ? changed.has(attributes.name) : args.some((arg) => dirty.has(arg))) dirty.add(id);
    if (!wanted.has(id)) values.push([]);
    else if (before !== undefined && !dirty.has(id)) values.push(before.values[id]!);
    else if (leaf) values.push([Float64Array.from(leaves.get(attributes.name)!)]);
    else values.push(evaluateValue(graph, value, values));
  }
  return { values };
};
