/** ONNX's protocol messages, as far as a network needs them: as plain data, and encoded. */

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** `TensorProto.DataType` of `onnx.proto`. */
export const dataType = { f32: 1, u8: 2, i32: 6, i64: 7, bool: 9 } as const;
export type DataType = keyof typeof dataType;

export interface TensorInfo {
  readonly name: string;
  readonly dtype: DataType;
  /** What is below 0 is open. */
  readonly shape: readonly number[];
}

export interface Initializer extends TensorInfo {
  /** Little-endian. */
  readonly content: Uint8Array;
}

/** `AttributeProto`. */
export type Attribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly text: string };

/** `NodeProto`, with one output. An input that is left out is "". */
export interface NodeDef {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Model {
  readonly nodes: readonly NodeDef[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Of values between them, whose sizes a reader may not find by itself. */
  readonly values: readonly TensorInfo[];
  readonly producer: { readonly name: string; readonly version: string };
  /** What viewers show beside the graph. */
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The operations' version. 13 is the oldest that has them all; 17 is what runtimes of the last years read. */
const OPSET = 17;
/** The file's version, which came with that opset. */
const IR = 8;

/** `AttributeProto.AttributeType`. */
const kinds = { float: 1, int: 2, text: 3, ints: 7 } as const;

/** What the open sizes of pictures and of their answers are called. */
const open = ["batch", "height", "width"];

type Write = (writer: BinaryWriter) => void;

const message = (writer: BinaryWriter, field: number, write: Write): void => {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
};
const text = (writer: BinaryWriter, field: number, value: string): void =>
  void writer.tag(field, WireType.LengthDelimited).string(value);
const whole = (writer: BinaryWriter, field: number, value: number): void =>
  void writer.tag(field, WireType.Varint).int64(value);

const attribute = (writer: BinaryWriter, name: string, value: Attribute): void => {
  text(writer, 1, name);
  if ("float" in value) {
    writer.tag(2, WireType.Bit32).float(value.float);
    whole(writer, 20, kinds.float);
  } else if ("int" in value) {
    whole(writer, 3, value.int);
    whole(writer, 20, kinds.int);
  } else if ("text" in value) {
    text(writer, 4, value.text);
    whole(writer, 20, kinds.text);
  } else {
    for (const each of value.ints) whole(writer, 8, each);
    whole(writer, 20, kinds.ints);
  }
};

const node = (writer: BinaryWriter, { op, inputs, output, attributes }: NodeDef): void => {
  for (const input of inputs) text(writer, 1, input);
  text(writer, 2, output);
  text(writer, 3, output);
  text(writer, 4, op);
  for (const [name, value] of Object.entries(attributes))
    message(writer, 5, (w) => attribute(w, name, value));
};

const initializer = (writer: BinaryWriter, { name, dtype, shape, content }: Initializer): void => {
  for (const size of shape) whole(writer, 1, size);
  whole(writer, 2, dataType[dtype]);
  text(writer, 8, name);
  writer.tag(9, WireType.LengthDelimited).bytes(content);
};

const info = (writer: BinaryWriter, { name, dtype, shape }: TensorInfo): void => {
  text(writer, 1, name);
  message(writer, 2, (type) =>
    message(type, 1, (tensor) => {
      whole(tensor, 1, dataType[dtype]);
      message(tensor, 2, (sizes) => {
        for (const [axis, size] of shape.entries())
          message(sizes, 1, (dimension) =>
            size < 0 ? text(dimension, 2, open[axis] ?? "size") : whole(dimension, 1, size),
          );
      });
    }),
  );
};

/** `ModelProto`. */
export const encode = (model: Model): Uint8Array => {
  const writer = new BinaryWriter();
  whole(writer, 1, IR);
  text(writer, 2, model.producer.name);
  text(writer, 3, model.producer.version);
  text(writer, 6, model.description);
  message(writer, 7, (graph) => {
    for (const each of model.nodes) message(graph, 1, (w) => node(w, each));
    text(graph, 2, "network");
    for (const each of model.initializers) message(graph, 5, (w) => initializer(w, each));
    for (const each of model.inputs) message(graph, 11, (w) => info(w, each));
    for (const each of model.outputs) message(graph, 12, (w) => info(w, each));
    for (const each of model.values) message(graph, 13, (w) => info(w, each));
  });
  message(writer, 8, (opset) => {
    text(opset, 1, "");
    whole(opset, 2, OPSET);
  });
  for (const [key, value] of Object.entries(model.metadata))
    message(writer, 14, (entry) => {
      text(entry, 1, key);
      text(entry, 2, value);
    });
  return writer.finish();
};
