/** A trained network as a GraphModel of TensorFlow.js: `model.json`, and its numbers in shards beside it. */

import * as E from "fp-ts/lib/Either.js";
import { type Failure, failure } from "../diagnostic/failure.js";
import { invariant } from "../diagnostic/invariant.js";
import { product } from "../graph/type.js";
import type { Format, Precision } from "../target/format.js";
import { frozenNodes } from "./frozen.js";
import { type Attribute, type NodeDef, producer, type Tensor, type TensorInfo } from "./proto.js";

/** tfjs's loader fetches in pieces; browsers cache what is no larger than this. */
const SHARD = 4 * 2 ** 20;

/** Constants of fewer numbers (sizes, biases, means) keep 32 bits: they weigh nothing. */
const WORTH_IT = 64;

const types = { f32: "DT_FLOAT", i32: "DT_INT32", bool: "DT_BOOL" } as const;
const nameOf = (dtype: string): string => {
  invariant(dtype in types, () => `TensorFlow.js has no ${dtype}`);
  return types[dtype as keyof typeof types];
};

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const shapeJson = (sizes: readonly number[]) => ({
  dim: sizes.map((size) => ({ size: `${size}` })),
});

/** `AttrValue` in proto's JSON: whole numbers are texts, and texts are base64. */
const attributeJson = (value: Attribute): object => {
  if ("type" in value) return { type: nameOf(value.type) };
  if ("int" in value) return { i: `${value.int}` };
  if ("ints" in value) return { list: { i: value.ints.map(String) } };
  if ("float" in value) return { f: value.float };
  if ("floats" in value) return { list: { f: value.floats } };
  if ("bool" in value) return { b: value.bool };
  if ("text" in value) return { s: base64(value.text) };
  if ("texts" in value) return { list: { s: value.texts.map(base64) } };
  if ("shape" in value) return { shape: shapeJson(value.shape) };
  const { dtype, shape } = value.tensor;
  return { tensor: { dtype: nameOf(dtype), tensorShape: shapeJson(shape) } };
};

/** tfjs names the first output of a node by the node alone. */
const plain = (name: string): string => name.replace(/:0$/, "");

const nodeJson = ({ name, op, inputs, attributes }: NodeDef): object => ({
  name,
  op,
  ...(inputs.length > 0 ? { input: inputs.map(plain) } : {}),
  attr: Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, attributeJson(value)]),
  ),
});

const infoJson = ({ name, dtype, shape }: TensorInfo): object => ({
  name: plain(name),
  dtype: nameOf(dtype),
  tensorShape: shapeJson(shape ?? []),
});

const signatureJson = (of: Readonly<Record<string, TensorInfo>>): object =>
  Object.fromEntries(Object.entries(of).map(([name, info]) => [name, infoJson(info)]));

/** A constant in the manifest, and its bytes in the shards. */
interface Stored {
  readonly entry: object;
  readonly bytes: Uint8Array;
}

type Encoded = { readonly quantization?: object; readonly bytes: Uint8Array };

const viewed = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const floatsOf = ({ shape, content }: Tensor): Float32Array =>
  typeof content === "number"
    ? new Float32Array(product(shape)).fill(content)
    : new Float32Array(content.slice().buffer);

const stored = (name: string, tensor: Tensor, precision: Precision): E.Either<Failure, Stored> => {
  const { dtype, shape, content } = tensor;
  if (dtype === "i32") {
    const bytes =
      typeof content === "number" ? viewed(new Int32Array(product(shape)).fill(content)) : content;
    return E.right({ entry: { name, shape, dtype: "int32" }, bytes });
  }
  invariant(dtype === "f32", () => `no ${dtype} stands in a GraphModel`);
  const values = floatsOf(tensor);
  const encode = values.length > WORTH_IT ? encoders[precision] : encoders.f32;
  return E.map(({ bytes, ...quantised }: Encoded) => ({
    entry: { name, shape, dtype: "float32", ...quantised },
    bytes,
  }))(encode(values, name));
};

type Encoder = (values: Float32Array, name: string) => E.Either<Failure, Encoded>;

const encoders: Readonly<Record<Precision, Encoder>> = {
  f32: (values) => E.right({ bytes: viewed(values) }),
  f16: (values, name) => {
    const halves = new Uint16Array(values.length);
    for (const [i, value] of values.entries()) {
      const half = toHalf(value);
      if ((half & 0x7c00) === 0x7c00) return E.left(noHalf(name, value));
      halves[i] = half;
    }
    const quantization = { dtype: "float16", original_dtype: "float32" };
    return E.right({ quantization, bytes: viewed(halves) });
  },
  u8: (values) => {
    const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [0, 0]);
    const scale = (high - low) / 255 || 1;
    // A whole multiple of the scale, so that 0 stays 0.
    const min = -Math.round(-low / scale) * scale;
    const bytes = Uint8Array.from(values, (value) =>
      Math.max(0, Math.min(255, Math.round((value - min) / scale))),
    );
    return E.right({
      quantization: { dtype: "uint8", min, scale, original_dtype: "float32" },
      bytes,
    });
  },
};

const noHalf = (name: string, value: number): Failure =>
  failure(
    `the weights of ${name} cannot be stored as f16`,
    `${value} is beyond 65504, the largest number of 16 bits`,
    "Export with --numbers f32.",
  );

const asFloat = new Float32Array(1);
const asBits = new Uint32Array(asFloat.buffer);

/** The bits of the nearest 16-bit float, of two equally near the even one; infinity beyond the largest. */
export const toHalf = (value: number): number => {
  asFloat[0] = value;
  const [bits = 0] = asBits;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const mantissa = bits & 0x7fffff;
  const isNumberless = exponent === 143 && mantissa > 0;
  if (exponent >= 31) return sign | 0x7c00 | (isNumberless ? 0x200 : 0);
  // Below the least normal number a half has fewer bits, and none below 2⁻²⁵.
  if (exponent < -10) return sign;
  const whole = exponent > 0 ? (exponent << 23) | mantissa : mantissa | 0x800000;
  const shift = exponent > 0 ? 13 : 14 - exponent;
  const rest = whole & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const down = whole >>> shift;
  const isUp = rest > half || (rest === half && (down & 1) === 1);
  return sign | (down + (isUp ? 1 : 0));
};

/** `tf.loadGraphModel` reads it; images are whole numbers 0 to 255, `browser.fromPixels` gives them. */
export const graphModel: Format = {
  name: "TensorFlow.js GraphModel",
  ending: ".tfjs",
  kind: "folder",
  image: "i32",
  precisions: ["f32", "f16", "u8"],
  write: (network) => {
    const { nodes, inputs, outputs } = frozenNodes(network, "TensorFlow.js");
    const all: Stored[] = [];
    for (const { name, op, attributes } of nodes) {
      if (op !== "Const") continue;
      const { value } = attributes;
      invariant(value !== undefined && "tensor" in value, "a constant has a value");
      const one = stored(name, value.tensor, network.precision);
      if (E.isLeft(one)) return one;
      all.push(one.right);
    }
    const bytes = Buffer.concat(all.map((one) => one.bytes));
    const count = Math.max(1, Math.ceil(bytes.length / SHARD));
    const shards = Array.from({ length: count }, (_, i): [string, Uint8Array] => [
      `weights-${i + 1}-of-${count}.bin`,
      bytes.subarray(i * SHARD, (i + 1) * SHARD),
    ]);
    const model = {
      format: "graph-model",
      generatedBy: "pspc",
      convertedBy: null,
      signature: { inputs: signatureJson(inputs), outputs: signatureJson(outputs) },
      userDefinedMetadata: network.about,
      modelTopology: { node: nodes.map(nodeJson), library: {}, versions: { producer } },
      weightsManifest: [
        { paths: shards.map(([name]) => name), weights: all.map(({ entry }) => entry) },
      ],
    };
    return E.right(new Map([["model.json", Buffer.from(JSON.stringify(model))], ...shards]));
  },
};
