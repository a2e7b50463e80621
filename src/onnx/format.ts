/** A trained network as ONNX: bytes in, channels before pixels inside, answers as pspc has them. */

import * as E from "fp-ts/lib/Either.js";
import { invariant } from "../diagnostic/invariant.js";
import { valuesOf } from "../graph/constant.js";
import { type Graph, type Value, valueAt } from "../graph/graph.js";
import { type Arguments, mapArgs, type Node, type OpName, type Ops } from "../graph/op.js";
import type { Type, Types } from "../graph/type.js";
import { type Form, formsOf, type Layer, shapesOf } from "../rewrite/forms.js";
import { type Biased, biasedConvolutions } from "../target/biased.js";
import type { Format, FrozenNetwork } from "../target/format.js";
import { convolve } from "./convolution.js";
import { computed, given, type Operand, type Writer, writer } from "./operand.js";
import { type Translated, translate, untranslated } from "./operation.js";
import { encode, type Model, type TensorInfo } from "./proto.js";

type Leaf = Extract<Value, { readonly op: "input" | "variable" | "constant" }>;
type Inner = Extract<Value, { readonly op: Translated }>;

const isLeaf = (value: Value): value is Leaf =>
  value.op === "input" || value.op === "variable" || value.op === "constant";

const isInner = (value: Value): value is Inner =>
  !isLeaf(value) && !(untranslated as readonly OpName[]).includes(value.op);

const leaf = (to: Writer, value: Leaf, numbers: FrozenNetwork["numbers"]): Operand => {
  const [type] = value.types;
  if (value.op === "constant") {
    const values = valuesOf(value.attributes.content, type.shape);
    const typed = type.dtype === "i32" ? Int32Array.from(values) : Float32Array.from(values);
    return given(to, type, typed, value.attributes.content.kind);
  }
  invariant(value.op === "input", "a frozen network has no variables");
  const { name } = value.attributes;
  const known = numbers.get(name);
  return known === undefined
    ? computed(to, type, { name, layout: "last" })
    : given(to, type, known.data, name);
};

const translated = <K extends Translated>(
  to: Writer,
  {
    op,
    attributes,
    args,
    types: [type],
  }: {
    readonly op: K;
    readonly attributes: Ops[K];
    readonly args: Arguments<number>[K];
    readonly types: Types;
  },
  operandAt: (id: number) => Operand,
): Operand => {
  const operands = mapArgs<K, number, Operand>(args, operandAt);
  return computed(to, type, translate(op, to, { attributes, args: operands, type }));
};

const withBias = (
  to: Writer,
  graph: Graph,
  { convolution: id, bias }: Biased,
  operandAt: (id: number) => Operand,
): Operand => {
  const value = valueAt(graph, id);
  invariant(value.op === "convolution" || value.op === "depthwise", `%${id} is no convolution`);
  const [x, kernel] = value.args;
  const [type] = value.types;
  const args = [operandAt(x), operandAt(kernel)] as const;
  const made = convolve(to, { attributes: value.attributes, args }, operandAt(bias));
  return computed(to, type, made);
};

const infoOf = (name: string, { dtype, shape }: Type): TensorInfo => {
  invariant(dtype !== "bf16", "an exported network computes with 32 bits");
  return { name, dtype, shape };
};

/** The network's nodes and numbers. */
export const modelOf = ({ graph, numbers, about }: FrozenNetwork): Model => {
  const images = graph.values.flatMap((value) =>
    value.op === "input" && !numbers.has(value.attributes.name)
      ? [infoOf(value.attributes.name, value.types[0])]
      : [],
  );
  const to = writer(images[0]?.name ?? "");
  const operands: Operand[] = [];
  const operandAt = (id: number): Operand => {
    const operand = operands[id];
    invariant(operand !== undefined, `%${id} is asked for before it stands`);
    return operand;
  };
  const biased = new Map(biasedConvolutions(graph).map((one) => [one.sum, one]));
  const inside = new Set([...biased.values()].map(({ convolution }) => convolution));
  for (const value of graph.values) {
    invariant(isLeaf(value) || isInner(value), `${value.op} stands in no network in use`);
    const together = biased.get(value.id);
    if (together !== undefined) operands[value.id] = withBias(to, graph, together, operandAt);
    else if (isLeaf(value)) operands[value.id] = leaf(to, value, numbers);
    else if (!inside.has(value.id)) operands[value.id] = translated(to, value, operandAt);
  }
  const outputs = Object.entries(graph.results).map(([name, id]) => {
    to.emit("Identity", [operandAt(id).as("last")], {}, name);
    return infoOf(name, valueAt(graph, id).types[0]);
  });
  const words = Object.entries(about).map(([key, value]): [string, string] => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return {
    nodes: to.nodes,
    initializers: to.initializers,
    inputs: images,
    outputs,
    producer: { name: "pspc", version: `${about.pspc ?? ""}` },
    description: "A PSPNet, trained and exported by pspc.",
    metadata: Object.fromEntries(words),
  };
};

/**
 * A layer has to have so many channels on both sides, for Winograd's transforms to cost less than the products that they
 * save: measured on PSPNet50 at 473 in onnxruntime 1.32, where 256 gains nothing more (docs/export.md).
 */
const CHANNELS = 512;

const form = (layer: Layer & Node): Form => {
  const [, , from = 0, to = 0] = shapesOf(layer).kernel;
  const isWide = from >= CHANNELS && to >= CHANNELS;
  return isWide && formsOf(layer).includes("winograd-4") ? "winograd-4" : "native";
};

/** Servers and phones run it by onnxruntime. */
export const onnx: Format = {
  name: "ONNX",
  ending: ".onnx",
  kind: "file",
  image: "u8",
  precisions: ["f32"],
  form,
  write: (network) => E.right(new Map([["network.onnx", encode(modelOf(network))]])),
};
