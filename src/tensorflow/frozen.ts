/** From a frozen network to TensorFlow's nodes: weights are constants, and results have their plain names. */

import { invariant } from "../diagnostic/invariant.js";
import { valueAt, valuesOfOp } from "../graph/graph.js";
import { ofRank } from "../graph/type.js";
import { ANY } from "../rewrite/any-size.js";
import { type Biased, biasedConvolutions } from "../target/biased.js";
import type { FrozenNetwork, NumberArray } from "../target/format.js";
import { windowAttributes } from "./convolution.js";
import { depthwiseKernel } from "./depthwise.js";
import { type Emitter, elementType, emitter, type TensorName } from "./emitter.js";
import { legalize } from "./legalize.js";
import { isBetweenReplicas, type Lowering, lowerPlainly } from "./lower.js";
import type { LegalGraph, LegalValue } from "./op.js";
import type { NodeDef, Signature, TensorInfo } from "./proto.js";

export interface FrozenNodes extends Signature {
  readonly nodes: readonly NodeDef[];
}

/**
 * TensorFlow.js has one kernel for a convolution with its bias and ReLU, and its depthwise kernels know dilation;
 * TensorFlow joins nodes by itself.
 */
export type Reader = "TensorFlow" | "TensorFlow.js";

export const frozenNodes = (
  { graph, numbers }: Pick<FrozenNetwork, "graph" | "numbers">,
  reader: Reader,
): FrozenNodes => {
  const of: Lowering = { to: emitter("network"), graph: legalize(graph), names: new Map() };
  const { values, results } = of.graph;
  const leaves = values.filter(({ op }) => op === "input" || op === "constant");
  const all = reader === "TensorFlow.js" ? biasedConvolutions(of.graph) : [];
  const fused = new Map(all.map((one) => [one.relu ?? one.sum, one]));
  // What is never seen alone.
  const inside = new Set(
    all.flatMap(({ convolution, sum, relu }) => [convolution, ...(relu === null ? [] : [sum])]),
  );
  // A bias may stand behind the convolution that takes it.
  for (const value of leaves) of.names.set(value.id, leaf(of.to, value, numbers));
  for (const value of values) {
    if (of.names.has(value.id) || inside.has(value.id)) continue;
    const together = fused.get(value.id);
    const made = together === undefined ? alone(of, value, reader) : fusedNode(of, together);
    of.names.set(value.id, made);
  }
  const images = valuesOfOp(of.graph, "input").filter(
    ({ attributes }) => !numbers.has(attributes.name),
  );
  const info = (name: string, id: number): [string, TensorInfo] => [
    name,
    { name: `${name}:0`, ...valueAt(of.graph, id).types[0] },
  ];
  const outputs = Object.entries(results).map(([name, id]) => {
    const identity = of.to.emit(
      "Identity",
      [nameAt(of, id)],
      elementType(valueAt(of.graph, id).types[0]),
      name,
    );
    return { plain: name, emitted: identity, info: info(name, id) };
  });
  const inputs = images.map(({ id, attributes: { name } }) => ({
    plain: name,
    emitted: nameAt(of, id),
    info: info(name, id),
  }));
  const plain = new Map([...inputs, ...outputs].map((one) => [one.emitted, one.plain]));
  return {
    nodes: of.to.nodes.map((node) => renamed(node, plain)),
    inputs: Object.fromEntries(inputs.map((one) => one.info)),
    outputs: Object.fromEntries(outputs.map((one) => one.info)),
  };
};

const renamed = (node: NodeDef, names: ReadonlyMap<TensorName, string>): NodeDef => {
  const inputs = node.inputs.map((input) => {
    const name = names.get(input);
    return name === undefined ? input : `${name}:0`;
  });
  return { ...node, name: names.get(`${node.name}:0`) ?? node.name, inputs };
};

const nameAt = ({ names }: Lowering, id: number): TensorName => {
  const name = names.get(id);
  invariant(name !== undefined, () => `%${id} is asked for before it stands`);
  return name;
};

const leaf = (
  to: Emitter,
  value: LegalValue,
  numbers: ReadonlyMap<string, NumberArray>,
): TensorName => {
  if (value.op === "constant") return lowerPlainly({ to, graph: nothing, names: new Map() }, value);
  invariant(value.op === "input", "a leaf is an input or a constant");
  const { name, dtype, shape } = value.attributes;
  const given = numbers.get(name);
  if (given === undefined)
    return to.emit("Placeholder", [], { dtype: { type: dtype }, shape: { shape } }, name);
  const { buffer, byteOffset, byteLength } = given.data;
  const content = new Uint8Array(buffer, byteOffset, byteLength);
  return to.emit(
    "Const",
    [],
    { dtype: { type: dtype }, value: { tensor: { dtype, shape, content } } },
    name,
  );
};

const nothing: LegalGraph = { values: [], results: {}, updates: [] };

const alone = (of: Lowering, value: LegalValue, reader: Reader): TensorName =>
  value.op === "depthwise" && reader === "TensorFlow.js"
    ? depthwiseNode(of, value)
    : plainly(of, value);

const plainly = (of: Lowering, value: LegalValue): TensorName => {
  // A training adds in order so that its bits repeat; an answer that nobody learns from need not.
  if (value.op === "addInOrder") {
    const [a, b] = value.args;
    return of.to.emit("AddV2", [nameAt(of, a), nameAt(of, b)], elementType(value.types[0]));
  }
  if (value.op === "resize" && value.attributes.height === ANY) return resizedToPictures(of, value);
  invariant(
    !isBetweenReplicas(value) &&
      value.op !== "part" &&
      value.op !== "applyMomentum" &&
      value.op !== "variable",
    () => `${value.op} stands in no frozen network`,
  );
  return lowerPlainly(of, value);
};

/** To as many pixels as the pictures have. */
const resizedToPictures = (
  of: Lowering,
  value: Extract<LegalValue, { readonly op: "resize" }>,
): TensorName => {
  const pictures = of.graph.values.find(
    ({ op, types: [{ shape }] }) => op === "input" && shape[1] === ANY,
  );
  invariant(pictures !== undefined, "what has the size of the pictures is made of them");
  const i32 = { type: "i32" } as const;
  const all = of.to.emit("Shape", [nameAt(of, pictures.id)], {
    ...elementType(pictures.types[0]),
    out_type: i32,
  });
  const sides = of.to.emit("Slice", [all, of.to.integers([1]), of.to.integers([2])], {
    T: i32,
    Index: i32,
  });
  const scratch = emitter("scratch");
  lowerPlainly({ ...of, to: scratch }, value);
  const node = scratch.nodes.at(-1);
  invariant(node !== undefined, "a resize is one node");
  const [x = ""] = node.inputs;
  return of.to.emit(node.op, [x, sides], node.attributes);
};

type Convolution = Extract<LegalValue, { readonly op: "convolution" | "depthwise" }>;

/** As one node takes it, whatever its dilation. */
const convolutionNode = (
  of: Lowering,
  { op, attributes, args, types: [type] }: Convolution,
): Pick<NodeDef, "inputs" | "attributes"> => {
  const [x, kernel] = args.map((id) => valueAt(of.graph, id).types[0]);
  invariant(x !== undefined && kernel !== undefined, "a convolution has an image and a kernel");
  const [image, weights] = [nameAt(of, args[0]), nameAt(of, args[1])];
  const window = windowAttributes(ofRank(x.shape, 4), ofRank(kernel.shape, 4), attributes);
  return {
    inputs: [image, op === "depthwise" ? depthwiseKernel(of.to, weights, kernel) : weights],
    attributes: { ...elementType(type), ...window },
  };
};

const depthwiseNode = (of: Lowering, value: Convolution): TensorName => {
  const { inputs, attributes } = convolutionNode(of, value);
  return of.to.emit("DepthwiseConv2dNative", inputs, attributes);
};

const fusedOps = { convolution: "_FusedConv2D", depthwise: "FusedDepthwiseConv2dNative" } as const;

const fusedNode = (of: Lowering, { convolution, bias, relu }: Biased): TensorName => {
  const value = valueAt(of.graph, convolution);
  invariant(
    value.op === "convolution" || value.op === "depthwise",
    () => `%${convolution} is no convolution`,
  );
  const { inputs, attributes } = convolutionNode(of, value);
  const rectifier = relu !== null && valueAt(of.graph, relu).op === "relu6" ? "Relu6" : "Relu";
  return of.to.emit(fusedOps[value.op], [...inputs, nameAt(of, bias)], {
    ...attributes,
    num_args: { int: 1 },
    fused_ops: { texts: ["BiasAdd", ...(relu === null ? [] : [rectifier])] },
    epsilon: { float: 0 },
  });
};
