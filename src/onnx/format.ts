/** A trained network as ONNX: bytes in, channels before pixels inside, answers as pspc has them. */

import * as E from "fp-ts/lib/Either.js";
import { invariant } from "../diagnostic/invariant.js";
import { valuesOf } from "../graph/constant.js";
import { type Graph, type Value, valueAt } from "../graph/graph.js";
import { type Arguments, mapArgs, type OpName, type Ops } from "../graph/op.js";
import { product, type Shape, type Sizes, type Type, type Types } from "../graph/type.js";
import { ANY } from "../rewrite/any-size.js";
import { exportingByLayers } from "../rewrite/passes.js";
import { resizeAsProducts } from "../rewrite/products.js";
import { winogradByFilters } from "../rewrite/winograd.js";
import { type Biased, biasedConvolutions } from "../target/biased.js";
import type { Format, FrozenNetwork } from "../target/format.js";
import { convolve } from "./convolution.js";
import {
  arranged,
  computed,
  given,
  type Operand,
  orderOf,
  type Writer,
  writer,
} from "./operand.js";
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

const known = (shape: Shape): number => product(shape.filter((size) => size !== ANY));

/** How many batches each value's open axis counts; undefined where pictures do not come in any number. */
const batchesOf = ({ values }: Graph): readonly (number | undefined)[] => {
  const counts: (number | undefined)[] = [];
  for (const { op, args, types } of values) {
    const [{ shape }] = types;
    const from = args.find((id) => counts[id] !== undefined);
    const before = from === undefined ? undefined : counts[from];
    const sizes = from === undefined ? [] : (values[from]?.types[0].shape ?? []);
    if (op === "input") counts.push(shape[0] === ANY ? 1 : undefined);
    else if (op !== "reshape" || before === undefined) counts.push(before);
    else counts.push((before * known(sizes)) / known(shape));
  }
  return counts;
};

/**
 * What a value measures, where its first axis is the batch and a reader would not know it: onnxruntime adds two maps
 * within a convolution only if it knows that they are of one size.
 */
const measured = (value: Inner, operand: Operand, batches: number | undefined): TensorInfo[] => {
  const [{ dtype, shape }] = value.types;
  const isOurs = (value.op === "reshape" || value.op === "resize") && shape.length > 2;
  const [first, ...others] = shape;
  if (!isOurs || batches !== 1 || first !== ANY || others.includes(ANY)) return [];
  const layout = operand.layout === "any" ? "last" : operand.layout;
  const sizes = arranged(shape, orderOf(shape.length, layout));
  return [infoOf(operand.as(layout), { dtype, shape: sizes })];
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
  const batches = batchesOf(graph);
  const values: TensorInfo[] = [];
  const inside = new Set([...biased.values()].map(({ convolution }) => convolution));
  for (const value of graph.values) {
    invariant(isLeaf(value) || isInner(value), `${value.op} stands in no network in use`);
    const together = biased.get(value.id);
    if (together !== undefined) operands[value.id] = withBias(to, graph, together, operandAt);
    else if (isLeaf(value)) operands[value.id] = leaf(to, value, numbers);
    else if (!inside.has(value.id)) {
      const operand = translated(to, value, operandAt);
      operands[value.id] = operand;
      values.push(...measured(value, operand, batches[value.id]));
    }
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
    values,
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

const isWide = ([, , from, to]: Sizes[4]): boolean => from >= CHANNELS && to >= CHANNELS;

/** Servers and phones run it by onnxruntime. */
export const onnx: Format = {
  name: "ONNX",
  ending: ".onnx",
  kind: "file",
  image: "u8",
  precisions: ["f32"],
  passes: exportingByLayers,
  late: [resizeAsProducts],
  forms: [winogradByFilters(4, isWide)],
  write: (network) => E.right(new Map([["network.onnx", encode(modelOf(network))]])),
};
