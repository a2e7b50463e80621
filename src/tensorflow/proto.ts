/** TensorFlow's protocol messages, as far as a SavedModel needs them: as plain data, and encoded. */

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { invariant } from "../diagnostic/invariant.js";

/** `DataType` of `types.proto`. */
export const dataType = { f32: 1, i32: 3, u8: 4, bool: 10, bf16: 14, resource: 20 } as const;
export type DataType = keyof typeof dataType;

/** `AttrValue` of `attr_value.proto`; a tensor is its bytes, or one value that fills its shape. */
export type Attribute =
  | { readonly type: DataType }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly shape: readonly number[] }
  | { readonly tensor: Tensor };

export interface Tensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly content: Uint8Array | number;
}

/** `NodeDef` of `node_def.proto`. An input is `name:output`, or `^name` where only the order counts. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  /** `/device:GPU:1`; where none is said, TensorFlow chooses. */
  readonly device?: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** `TensorInfo` of `meta_graph.proto`. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: DataType;
  /** `null` where the rank is unknown: the output of an operation that has none. */
  readonly shape: readonly number[] | null;
}

export interface Signature {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly outputs: Readonly<Record<string, TensorInfo>>;
}

export interface SavedModel {
  readonly nodes: readonly NodeDef[];
  readonly signatures: Readonly<Record<string, Signature>>;
  /** Where some of its signatures read what others leave, for whoever calls them; nothing of it is written. */
  readonly settling?: Settling;
}

/** `settle` computes what weights alone decide, and `forget` frees what is not needed then. */
export interface Settling {
  /** Signatures that answer right only after `settle`, run since a variable last moved. */
  readonly asking: ReadonlySet<string>;
  /** Signatures by which variables move. */
  readonly moving: ReadonlySet<string>;
  /** Whether weights are forgotten once all is settled; else what is settled is, before variables move again. */
  readonly forgetsWeights: boolean;
}

type Write = (writer: BinaryWriter) => void;

export const message = (writer: BinaryWriter, field: number, write: Write): void => {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
};
export const text = (writer: BinaryWriter, field: number, value: string): BinaryWriter =>
  writer.tag(field, WireType.LengthDelimited).string(value);
export const whole = (writer: BinaryWriter, field: number, value: number): BinaryWriter =>
  writer.tag(field, WireType.Varint).int64(value);

/** A `map<string, …>` is a repeated message of key 1 and value 2. */
const entries = <A>(
  writer: BinaryWriter,
  field: number,
  map: Readonly<Record<string, A>>,
  write: (writer: BinaryWriter, value: A) => void,
): void => {
  for (const [key, value] of Object.entries(map)) {
    message(writer, field, (entry) => {
      text(entry, 1, key);
      message(entry, 2, (inner) => write(inner, value));
    });
  }
};

const shape = (writer: BinaryWriter, sizes: readonly number[] | null): void => {
  if (sizes === null) whole(writer, 3, 1);
  else for (const size of sizes) message(writer, 2, (dimension) => whole(dimension, 1, size));
};

const tensor = (writer: BinaryWriter, { dtype, shape: sizes, content }: Tensor): void => {
  whole(writer, 1, dataType[dtype]);
  message(writer, 2, (w) => shape(w, sizes));
  if (typeof content !== "number") writer.tag(4, WireType.LengthDelimited).bytes(content);
  else if (dtype === "f32") message(writer, 5, (w) => w.float(content));
  else if (dtype === "bool") message(writer, 11, (w) => w.bool(content !== 0));
  else message(writer, 7, (w) => w.int32(content));
};

const attribute = (writer: BinaryWriter, value: Attribute): void => {
  if ("text" in value) text(writer, 2, value.text);
  else if ("int" in value) whole(writer, 3, value.int);
  else if ("float" in value) writer.tag(4, WireType.Bit32).float(value.float);
  else if ("bool" in value) writer.tag(5, WireType.Varint).bool(value.bool);
  else if ("type" in value) whole(writer, 6, dataType[value.type]);
  else if ("shape" in value) message(writer, 7, (w) => shape(w, value.shape));
  else if ("tensor" in value) message(writer, 8, (w) => tensor(w, value.tensor));
  else if ("texts" in value)
    message(writer, 1, (list) => value.texts.forEach((each) => void text(list, 2, each)));
  else if ("floats" in value)
    message(writer, 1, (list) =>
      message(list, 4, (w) => value.floats.forEach((float) => void w.float(float))),
    );
  else
    message(writer, 1, (list) =>
      message(list, 3, (w) => value.ints.forEach((int) => void w.int64(int))),
    );
};

const node = (writer: BinaryWriter, { name, op, inputs, device, attributes }: NodeDef): void => {
  text(writer, 1, name);
  text(writer, 2, op);
  for (const input of inputs) text(writer, 3, input);
  if (device !== undefined) text(writer, 4, device);
  entries(writer, 5, attributes, attribute);
};

const info = (writer: BinaryWriter, value: TensorInfo): void => {
  text(writer, 1, value.name);
  whole(writer, 2, dataType[value.dtype]);
  message(writer, 3, (w) => shape(w, value.shape));
};

const signature = (writer: BinaryWriter, { inputs, outputs }: Signature): void => {
  entries(writer, 1, inputs, info);
  entries(writer, 2, outputs, info);
  text(writer, 3, "tensorflow/serving/predict");
};

/** GraphDef version: that of TensorFlow 2.9, the oldest that tfjs-node-gpu ships with; newer ones read it. */
export const producer = 1087;

/** A message in parts, which are joined once: numbers of many megabytes are copied once, not at each depth. */
type Parts = readonly Uint8Array[];

const written = (write: (writer: BinaryWriter) => void): Uint8Array => {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
};

const inParts = (field: number, parts: Parts): Parts => {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  return [written((w) => void w.tag(field, WireType.LengthDelimited).uint32(size)), ...parts];
};

/** Bytes from which a constant is written in parts. */
const LARGE = 2 ** 16;

/** The numbers of a large constant. */
const numbersOf = ({ attributes: { value } }: NodeDef): Uint8Array | null => {
  const content = value !== undefined && "tensor" in value ? value.tensor.content : 0;
  return typeof content !== "number" && content.length >= LARGE ? content : null;
};

/** As `node` writes it, whose last field is then its value, and in that the numbers. */
const large = (of: NodeDef, numbers: Uint8Array): Parts => {
  const { value, ...others } = of.attributes;
  invariant(value !== undefined && "tensor" in value, "a constant has a value");
  const { dtype, shape: sizes } = value.tensor;
  const head = written((w) => {
    whole(w, 1, dataType[dtype]);
    message(w, 2, (inner) => shape(inner, sizes));
  });
  const tensorParts = [head, ...inParts(4, [numbers])];
  const entry = [written((w) => void text(w, 1, "value")), ...inParts(2, inParts(8, tensorParts))];
  return inParts(1, [written((w) => node(w, { ...of, attributes: others })), ...inParts(5, entry)]);
};

const nodesIn = (nodes: readonly NodeDef[]): Parts => {
  const parts: Uint8Array[] = [];
  let writer = new BinaryWriter();
  for (const each of nodes) {
    const numbers = numbersOf(each);
    if (numbers === null) message(writer, 1, (inner) => node(inner, each));
    else {
      parts.push(writer.finish(), ...large(each, numbers));
      writer = new BinaryWriter();
    }
  }
  return [...parts, writer.finish()];
};

/** `saved_model.pb` with one meta graph, tagged `serve`. */
export const encode = ({ nodes, signatures }: SavedModel): Uint8Array => {
  const version = written((w) => message(w, 4, (inner) => whole(inner, 1, producer)));
  const meta = [
    written((w) => message(w, 1, (inner) => text(inner, 4, "serve"))),
    ...inParts(2, [...nodesIn(nodes), version]),
    written((w) => entries(w, 5, signatures, signature)),
  ];
  return joined([written((w) => void whole(w, 1, 1)), ...inParts(2, meta)]);
};

const joined = (parts: Parts): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};
