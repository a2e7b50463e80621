/** Values on their way to ONNX: each in the layout in which it was made, and turned into the other where one is asked for. */

import { invariant } from "../diagnostic/invariant.js";
import { product, type Shape, type Type } from "../graph/type.js";
import type { Attribute, DataType, Initializer, NodeDef } from "./proto.js";

/** Channels behind the pixels, as pspc has them, or before them, as ONNX's layers have them. */
export type Layout = "last" | "first";

export type Numbers = Float32Array | Int32Array | Uint8Array | BigInt64Array;

/** For each axis of the layout, the axis of `last`. Ranks 1, 5 and 6 have no channels: there both layouts are one. */
const orders: Readonly<Record<number, readonly number[]>> = {
  2: [1, 0],
  3: [0, 2, 1],
  4: [0, 3, 1, 2],
};

export const orderOf = (rank: number, layout: Layout): readonly number[] => {
  const same = Array.from({ length: rank }, (_, axis) => axis);
  return layout === "first" ? (orders[rank] ?? same) : same;
};

/** Whether a rank has two layouts. */
export const hasLayouts = (rank: number): boolean => rank in orders;

export const arranged = <A>(of: readonly A[], order: readonly number[]): readonly A[] =>
  order.map((axis) => {
    const value = of[axis];
    invariant(value !== undefined, `[${of}] has no axis ${axis}`);
    return value;
  });

const inverse = (order: readonly number[]): readonly number[] =>
  order.map((_, axis) => order.indexOf(axis));

/** The other layout, where a transposition of axes only goes over to it: the numbers stay where they are. */
export const relabelled = (permutation: readonly number[], layout: Layout): Layout | null => {
  const order = orderOf(permutation.length, "first");
  const wanted = layout === "first" ? order : inverse(order);
  const isOurs = permutation.length in orders && `${permutation}` === `${wanted}`;
  if (!isOurs) return null;
  return layout === "first" ? "last" : "first";
};

/** Where an axis of `last` stands. */
export const axisIn = (rank: number, layout: Layout, axis: number): number =>
  orderOf(rank, layout).indexOf(axis);

/** What an operation gives: the name of its tensor, in a layout. */
export interface Made {
  readonly name: string;
  readonly layout: Layout;
}

export interface Operand {
  /** In the layout `last`. */
  readonly type: Type;
  /** The layout that costs nothing; of numbers both. */
  readonly layout: Layout | "any";
  /** The tensor's name in a layout. */
  readonly as: (layout: Layout) => string;
  /** The same, its axes filled up with ones at the front to `rank`. */
  readonly aligned: (rank: number, layout: Layout) => string;
  /** In another order of axes, such as a kernel's. */
  readonly ordered: (order: readonly number[]) => string;
}

export interface Writer {
  /** The input that holds the pictures. */
  readonly pictures: string;
  readonly nodes: readonly NodeDef[];
  readonly initializers: readonly Initializer[];
  readonly emit: (
    op: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, Attribute>>,
    name?: string,
  ) => string;
  /** A tensor of the file; equal small ones are written once. */
  readonly numbers: (dtype: DataType, shape: Shape, values: Numbers, hint: string) => string;
  readonly integers: (values: readonly number[]) => string;
}

export const writer = (pictures: string): Writer => {
  const nodes: NodeDef[] = [];
  const initializers: Initializer[] = [];
  const small = new Map<string, string>();
  const taken = new Set<string>();
  const fresh = (hint: string): string => {
    let name = hint;
    for (let i = 2; taken.has(name); i++) name = `${hint}_${i}`;
    taken.add(name);
    return name;
  };
  const numbers: Writer["numbers"] = (dtype, shape, values, hint) => {
    const { buffer, byteOffset, byteLength } = values;
    const content = new Uint8Array(buffer, byteOffset, byteLength);
    const key = byteLength > 256 ? undefined : `${dtype}[${shape}]${content}`;
    const known = key === undefined ? undefined : small.get(key);
    if (known !== undefined) return known;
    const name = fresh(hint);
    initializers.push({ name, dtype, shape, content });
    if (key !== undefined) small.set(key, name);
    return name;
  };
  return {
    pictures,
    nodes,
    initializers,
    emit: (op, inputs, attributes = {}, name) => {
      const output = fresh(name ?? `${op}_${nodes.length}`);
      nodes.push({ op, inputs, output, attributes });
      return output;
    },
    numbers,
    integers: (values) =>
      numbers("i64", [values.length], BigInt64Array.from(values.map(BigInt)), "sizes"),
  };
};

/** A value that is computed. */
export const computed = (to: Writer, type: Type, made: Made): Operand => {
  const rank = type.shape.length;
  const known = new Map<Layout, string>([[made.layout, made.name]]);
  if (!hasLayouts(rank)) known.set(made.layout === "last" ? "first" : "last", made.name);
  const as = (layout: Layout): string => {
    const found = known.get(layout);
    if (found !== undefined) return found;
    const order = orderOf(rank, "first");
    const perm = { ints: layout === "first" ? order : inverse(order) };
    const name = to.emit("Transpose", [made.name], { perm });
    known.set(layout, name);
    return name;
  };
  return {
    type,
    layout: made.layout,
    as,
    aligned: (wanted, layout) => {
      if (wanted === rank || rank === 0) return as(layout);
      const shape = [...new Array<number>(wanted - rank).fill(1), ...type.shape];
      const wide = to.emit("Reshape", [as("last"), to.integers(shape)]);
      const order = orderOf(wanted, layout);
      return layout === "last" ? wide : to.emit("Transpose", [wide], { perm: { ints: order } });
    },
    ordered: (order) => to.emit("Transpose", [as("last")], { perm: { ints: order } }),
  };
};

type Constant = Float32Array | Int32Array | Uint8Array;

/** Numbers of the file: turned here, so that no node turns them at run time. */
export const given = (to: Writer, type: Type, values: Constant, hint: string): Operand => {
  const { dtype, shape } = type;
  invariant(dtype !== "bf16", "an exported network computes with 32 bits");
  const known = new Map<string, string>();
  const written = (sizes: Shape, order: readonly number[]): string => {
    const turned = arranged(sizes, order);
    const key = `${turned}/${order}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const name = to.numbers(dtype, turned, transposed(values, sizes, order), hint);
    known.set(key, name);
    return name;
  };
  return {
    type,
    layout: "any",
    as: (layout) => written(shape, orderOf(shape.length, layout)),
    aligned: (rank, layout) => {
      if (shape.length === 0) return written(shape, []);
      const wide = [...new Array<number>(rank - shape.length).fill(1), ...shape];
      return written(wide, orderOf(rank, layout));
    },
    ordered: (order) => written(shape, order),
  };
};

const stridesOf = (shape: Shape): number[] =>
  shape.map((_, axis) => product(shape.slice(axis + 1)));

/** Axis i of the result is axis `order[i]` of what is given. The inner loop indexes typed arrays within their length. */
const transposed = (values: Constant, shape: Shape, order: readonly number[]): Constant => {
  if (order.every((axis, i) => axis === i)) return values;
  const result = values.slice();
  const sizes = arranged(shape, order);
  const steps = arranged(stridesOf(shape), order);
  const at = sizes.map(() => 0);
  const last = sizes.length - 1;
  const [inner, step] = [sizes[last] ?? 1, steps[last] ?? 1];
  for (let to = 0, from = 0; to < result.length; ) {
    for (let i = 0; i < inner; i++) result[to++] = values[from + i * step]!;
    // The next row: the axes count on like the digits of a number.
    for (let axis = last - 1; axis >= 0; axis--) {
      at[axis]!++;
      from += steps[axis]!;
      if (at[axis]! < sizes[axis]!) break;
      from -= at[axis]! * steps[axis]!;
      at[axis] = 0;
    }
  }
  return result;
};
