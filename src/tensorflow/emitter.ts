/** Collects the nodes of a GraphDef: whoever emits one names its operation, inputs and attributes, and gets its output's name. */

import { invariant } from "../diagnostic/invariant.js";
import type { DType, Type } from "../graph/type.js";
import type { Attribute, NodeDef, Tensor } from "./proto.js";

/** `name:0` of one output of a node. */
export type TensorName = string;

export type Attributes = Readonly<Record<string, Attribute>>;

/** The attribute by which most operations know what they compute on. */
export const elementType = ({ dtype }: Type): Attributes => elementTypes[dtype];

const elementTypes: Readonly<Record<DType, Attributes>> = {
  f32: { T: { type: "f32" } },
  bf16: { T: { type: "bf16" } },
  i32: { T: { type: "i32" } },
  u8: { T: { type: "u8" } },
  bool: { T: { type: "bool" } },
};

/** Name of output `index` of the node whose first output is `first`. */
export const output = (first: TensorName, index: number): TensorName =>
  first.replace(/:\d+$/, `:${index}`);

/** A node that must run before: `^name`. */
export const after = (tensor: TensorName): string => `^${tensor.replace(/:\d+$/, "")}`;

export interface Emitter {
  readonly nodes: readonly NodeDef[];
  /** Adds a node under a fresh name that begins with `hint`; returns its first output. */
  readonly emit: (
    op: string,
    inputs: readonly string[],
    attributes: Attributes,
    hint?: string,
  ) => TensorName;
  /** Nodes so far that take `tensor`, as `^name`. */
  readonly readers: (tensor: TensorName) => readonly string[];
  readonly constant: (tensor: Tensor) => TensorName;
  /** One that is known by a name, for all graphs of a model: it is made where nothing of that name stands yet. */
  readonly named: (name: string, make: () => Tensor) => TensorName;
  /** A vector of whole numbers, as TensorFlow wants sizes, axes and paddings. */
  readonly integers: (values: readonly number[]) => TensorName;
}

const constantOf = (tensor: Tensor): Attributes => ({
  dtype: { type: tensor.dtype },
  value: { tensor },
});

const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Little-endian bytes of a constant's numbers. */
export const tensorOf = (
  dtype: DType,
  shape: readonly number[],
  values: ArrayLike<number>,
): Tensor => {
  invariant(dtype === "f32" || dtype === "i32", () => `no constant is written as ${dtype}`);
  return {
    dtype,
    shape,
    content: bytesOf(dtype === "i32" ? Int32Array.from(values) : Float32Array.from(values)),
  };
};

/** Constants that the graphs of a model share: their nodes, and where each name stands on a device. */
export interface Shared {
  readonly nodes: NodeDef[];
  readonly names: Map<string, TensorName>;
}
export const noShared = (): Shared => ({ nodes: [], names: new Map() });

/** `scope` is the first part of every name, and all stands on `device`. Equal constants are emitted once. */
export const emitter = (scope: string, device?: string, shared?: Shared): Emitter => {
  const placed = device === undefined ? {} : { device };
  const nodes: NodeDef[] = [];
  const constants = new Map<string, TensorName>();
  const readers = new Map<string, string[]>();
  const emit: Emitter["emit"] = (op, inputs, attributes, hint = op) => {
    const name = `${scope}/${hint}_${nodes.length}`;
    nodes.push({ name, op, inputs, ...placed, attributes });
    for (const input of new Set(inputs)) {
      const known = readers.get(input);
      if (known === undefined) readers.set(input, [`^${name}`]);
      else known.push(`^${name}`);
    }
    return `${name}:0`;
  };
  const once = (key: string, make: () => Tensor): TensorName => {
    const known = constants.get(key);
    if (known !== undefined) return known;
    const tensor = make();
    const name = emit("Const", [], constantOf(tensor));
    constants.set(key, name);
    return name;
  };
  const constant: Emitter["constant"] = (tensor) => {
    const { content, dtype, shape } = tensor;
    const key = `${dtype}[${shape}]${typeof content === "number" ? content : Buffer.from(content).toString("latin1")}`;
    return once(key, () => tensor);
  };
  const named: Emitter["named"] = (name, make) => {
    if (shared === undefined) return once(`named ${name}`, make);
    const key = `${device} ${name}`;
    const known = shared.names.get(key) ?? `constant_${shared.nodes.length}:0`;
    if (!shared.names.has(key)) {
      const node = { name: known.slice(0, -2), op: "Const", inputs: [], ...placed };
      shared.nodes.push({ ...node, attributes: constantOf(make()) });
      shared.names.set(key, known);
    }
    return known;
  };
  return {
    nodes,
    emit,
    readers: (tensor) => readers.get(tensor) ?? [],
    constant,
    named,
    integers: (values) => constant(tensorOf("i32", [values.length], values)),
  };
};

/** Of its own kernels TensorFlow knows the result's shape, which its optimiser of graphs asks for; of ours it is told. */
export const told = (to: Emitter, x: TensorName, type: Type): TensorName =>
  to.emit("EnsureShape", [x], { ...elementType(type), shape: { shape: type.shape } });

/** x between zeros: `paddings` are those before and after it, axis by axis. */
export const padded = (
  to: Emitter,
  x: TensorName,
  type: Type,
  paddings: readonly number[],
): TensorName => {
  const matrix = to.constant(tensorOf("i32", [paddings.length / 2, 2], paddings));
  return to.emit("Pad", [x, matrix], { ...elementType(type), Tpaddings: { type: "i32" } });
};
