/** Two graphs of one question that differ in sizes alone → one graph for any of these sizes. */

import type { Graph, Value } from "../graph/graph.js";
import type { OpName } from "../graph/op.js";
import type { Shape, Type, Types } from "../graph/type.js";

/** In a shape: whatever comes. Of a slice: all that there is. */
export const ANY = -1;

/** Attributes that may say `ANY`; every other one must be the same in both. */
const open: Readonly<Partial<Record<OpName, readonly string[]>>> = {
  input: ["shape"],
  reshape: ["shape"],
  slice: ["size"],
  resize: ["height", "width"],
};

/**
 * Null where a number of another kind depends on the sizes: a constant, the place of a cut. The graph is for
 * those who write it down; what verifies and rewrites needs sizes.
 */
export const ofAnySize = (one: Graph, other: Graph): Graph | null => {
  if (one.values.length !== other.values.length || !isSame(one.results, other.results)) return null;
  const values: Value[] = [];
  for (const [id, value] of one.values.entries()) {
    const joined = both(value, other.values[id], one);
    if (joined === null) return null;
    values.push(joined);
  }
  return { ...one, values };
};

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const both = (a: Value, b: Value | undefined, graph: Graph): Value | null => {
  if (b === undefined || a.op !== b.op || !isSame(a.args, b.args)) return null;
  const attributes = bothAttributes(a.op, a.attributes, b.attributes);
  if (attributes === null) return null;
  const typed = ({ dtype, shape }: Type, i: number): Type => ({
    dtype,
    shape: joined(shape, b.types[i]?.shape ?? []),
  });
  const [first, ...others] = a.types;
  const types: Types = [typed(first, 0), ...others.map((type, i) => typed(type, i + 1))];
  // Sound: the operation is that of both, and so are its attributes but for their sizes.
  const made = { ...a, attributes, types } as Value;
  return isKnown(made, graph) ? made : null;
};

const joined = (a: Shape, b: Shape): Shape =>
  a.map((size, axis) => (size === b[axis] ? size : ANY));

const bothAttributes = (op: OpName, a: object, b: object): object | null => {
  const names = open[op] ?? [];
  const others = new Map<string, unknown>(Object.entries(b));
  const all = Object.entries(a).map(([name, value]): readonly [string, unknown] | null => {
    const other = others.get(name);
    if (isSame(value, other)) return [name, value];
    if (!names.includes(name)) return null;
    return [name, Array.isArray(value) && Array.isArray(other) ? joined(value, other) : ANY];
  });
  return all.includes(null) ? null : Object.fromEntries(all.filter((each) => each !== null));
};

/** Whether what is open follows from what comes: one side of a reshape, and slices that leave a side whole. */
const isKnown = (value: Value, graph: Graph): boolean => {
  // TensorFlow cuts the map into blocks of the dilation, and what it adds to fill the last is written down.
  if (value.op === "depthwise" && value.attributes.dilation > 1)
    return !value.types[0].shape.slice(1).includes(ANY);
  if (value.op === "reshape")
    return value.attributes.shape.filter((size) => size === ANY).length <= 1;
  if (value.op !== "slice") return true;
  const from = graph.values[value.args[0]]?.types[0].shape ?? [];
  const original = graph.values[value.id];
  const sizes = original?.op === "slice" ? original.attributes.size : [];
  return value.attributes.size.every((size, axis) => size !== ANY || sizes[axis] === from[axis]);
};
