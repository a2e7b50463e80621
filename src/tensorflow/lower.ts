/** From the IR to one TensorFlow model: named graphs enter, a SavedModel whose signatures share their state leaves. */

import type { Graph, Update, Value } from "../graph/graph.js";
import { valuesOfOp } from "../graph/graph.js";
import type { Ops } from "../graph/op.js";
import { product, type Type } from "../graph/type.js";
import { isSaved } from "../graph/variable.js";
import { after, type Emitter, emitter, output, type TensorName } from "./emitter.js";
import { lowerOperation } from "./operation.js";
import type { NodeDef, SavedModel, Signature, TensorInfo } from "./proto.js";

type VariableAttributes = Ops["variable"];

const handleOf = (name: string): TensorName => `state/${name}:0`;

/** What lives on between steps, and so is written and read: every variable whose role is saved. */
export const stateOf = (graphs: Iterable<Graph>): VariableAttributes[] =>
  variablesOf(graphs).filter(isSaved);

/** The variables of every graph, each once. */
const variablesOf = (graphs: Iterable<Graph>): VariableAttributes[] => {
  const byName = new Map<string, VariableAttributes>();
  for (const graph of graphs) {
    for (const { attributes } of valuesOfOp(graph, "variable"))
      byName.set(attributes.name, attributes);
  }
  return [...byName.values()];
};

const lowerValue = (
  to: Emitter,
  graph: Graph,
  names: readonly TensorName[],
  value: Value,
): TensorName => {
  if (value.op === "part") return output(names[value.args[0]], value.attributes.index);
  const { op, attributes, args, types } = value;
  return lowerOperation(op, to, {
    attributes,
    args: args.map((id) => names[id]),
    argTypes: args.map((id) => graph.values[id].types[0]),
    types,
    handle: handleOf,
  });
};

const f32 = { T: { type: "f32" } } as const;

/**
 * An update runs when the variable has been read and everything that uses it so far has run: nobody sees a half-moved
 * weight, and TensorFlow may write in place. Updates that follow see what was read.
 */
const lowerUpdate = (
  to: Emitter,
  names: readonly TensorName[],
  graph: Graph,
  update: Update<number>,
): TensorName => {
  const variable = (id: number): VariableAttributes =>
    graph.values[id].attributes as VariableAttributes;
  const readers = (id: number): string[] => [after(names[id]), ...to.readers(names[id])];
  const { name, dtype } = variable(update.variable);
  if (update.kind === "assign") {
    const inputs = [handleOf(name), names[update.value], ...readers(update.variable)];
    return to.emit("AssignVariableOp", inputs, { dtype: { type: dtype } });
  }
  const number = (value: number): TensorName =>
    to.constant({ dtype: "f32", shape: [], content: value });
  const times = (a: TensorName, b: TensorName, ...later: readonly string[]): TensorName =>
    to.emit("Mul", [a, b, ...later], f32);
  const rate =
    update.scale === 1 ? names[update.rate] : times(names[update.rate], number(update.scale));
  const gradient = names[update.gradient];
  // Not before the gradient is there: what could start at once would keep a copy of every weight for a whole step.
  const decayed = (): TensorName =>
    times(names[update.variable], number(update.decay), after(gradient));
  const slope = update.decay === 0 ? gradient : to.emit("AddV2", [gradient, decayed()], f32);
  const handles = [handleOf(name), handleOf(variable(update.velocity).name)];
  const inputs = [...handles, rate, slope, number(update.momentum), ...readers(update.variable)];
  return to.emit("ResourceApplyMomentum", inputs, f32);
};

/** What enters: bytes come as 32-bit words (see `input.ts`). */
const entering = (name: string, { dtype, shape }: Type): TensorInfo =>
  dtype === "u8"
    ? { name, dtype: "i32", shape: [Math.ceil(product(shape) / 4)] }
    : { name, dtype, shape };

/** What leaves, after the updates: bytes go one to a word, for tfjs-node reads no others. */
const leaving = (
  to: Emitter,
  name: string,
  inputs: readonly string[],
  { dtype, shape }: Type,
): TensorInfo => {
  const hint = `result/${name}`;
  if (dtype !== "u8")
    return { name: to.emit("Identity", inputs, { T: { type: dtype } }, hint), dtype, shape };
  const wide = to.emit("Cast", inputs, { SrcT: { type: "u8" }, DstT: { type: "i32" } }, hint);
  return { name: wide, dtype: "i32", shape };
};

interface Lowered {
  readonly nodes: readonly NodeDef[];
  readonly signature: Signature;
}

const lowerGraph = (scope: string, graph: Graph): Lowered => {
  const to = emitter(scope);
  const names: TensorName[] = [];
  for (const value of graph.values) names.push(lowerValue(to, graph, names, value));
  const updates = graph.updates.map((update) => after(lowerUpdate(to, names, graph, update)));
  const outputs = Object.entries(graph.results).map(([name, id]): [string, TensorInfo] => [
    name,
    leaving(to, name, [names[id], ...updates], graph.values[id].types[0]),
  ]);
  const inputs = valuesOfOp(graph, "input").map(({ attributes }): [string, TensorInfo] => {
    const placeholder = to.nodes.find(({ name }) =>
      name.startsWith(`${scope}/input/${attributes.name}_`),
    )!;
    return [attributes.name, entering(`${placeholder.name}:0`, attributes)];
  });
  return {
    nodes: to.nodes,
    signature: { inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) },
  };
};

const variableNode = ({ name, dtype, shape }: VariableAttributes): NodeDef => ({
  name: `state/${name}`,
  op: "VarHandleOp",
  inputs: [],
  attributes: { dtype: { type: dtype }, shape: { shape }, shared_name: { text: name } },
});

const assign = (to: Emitter, { name, dtype }: VariableAttributes, value: TensorName): string =>
  after(to.emit("AssignVariableOp", [handleOf(name), value], { dtype: { type: dtype } }));

/** Zeros for what is 0 between steps. All else comes by `write`: zeros until then would take a second state's memory. */
const initSignature = (passing: readonly VariableAttributes[]): Lowered => {
  const to = emitter("init");
  const assigned = passing.map((variable) => {
    const zero = to.constant({ dtype: variable.dtype, shape: [], content: 0 });
    const attributes = { T: { type: variable.dtype }, index_type: { type: "i32" } } as const;
    return assign(to, variable, to.emit("Fill", [to.integers(variable.shape), zero], attributes));
  });
  const done = to.emit("NoOp", assigned, {}, "done");
  // An operation, not one of its outputs: it has none.
  const name = after(done).slice(1);
  const outputs = { __saved_model_init_op: { name, dtype: "f32", shape: null } } as const;
  return { nodes: to.nodes, signature: { inputs: {}, outputs } };
};

/** Whole weights in, whole weights out: `write` has an input for each variable, `read` an output. */
const writeSignature = (variables: readonly VariableAttributes[]): Lowered => {
  const to = emitter("write");
  const inputs: Record<string, TensorInfo> = {};
  const assigned = variables.map((variable) => {
    const { name, dtype, shape } = variable;
    const given = to.emit("Placeholder", [], { dtype: { type: dtype }, shape: { shape } });
    inputs[name] = { name: given, dtype, shape };
    return assign(to, variable, given);
  });
  const count = to.constant({ dtype: "i32", shape: [], content: variables.length });
  const done = to.emit("Identity", [count, ...assigned], { T: { type: "i32" } }, "done");
  return {
    nodes: to.nodes,
    signature: { inputs, outputs: { written: { name: done, dtype: "i32", shape: [] } } },
  };
};

const readSignature = (variables: readonly VariableAttributes[]): Lowered => {
  const to = emitter("read");
  const outputs = Object.fromEntries(
    variables.map(({ name, dtype, shape }): [string, TensorInfo] => {
      const value = to.emit("ReadVariableOp", [handleOf(name)], { dtype: { type: dtype } });
      return [name, { name: value, dtype, shape }];
    }),
  );
  return { nodes: to.nodes, signature: { inputs: {}, outputs } };
};

/**
 * One SavedModel for all graphs. Signatures: one a graph under its name, with `write` and `read` for the state they
 * share and the init operation that TensorFlow runs on loading.
 */
export const savedModel = (graphs: Readonly<Record<string, Graph>>): SavedModel => {
  const variables = variablesOf(Object.values(graphs));
  const state = stateOf(Object.values(graphs));
  const lowered: Record<string, Lowered> = {
    __saved_model_init_op: initSignature(variables.filter((each) => !state.includes(each))),
    write: writeSignature(state),
    read: readSignature(state),
    ...Object.fromEntries(
      Object.entries(graphs).map(([name, graph]) => [name, lowerGraph(name, graph)]),
    ),
  };
  return {
    nodes: [
      ...variables.map(variableNode),
      ...Object.values(lowered).flatMap(({ nodes }) => nodes),
    ],
    signatures: Object.fromEntries(
      Object.entries(lowered).map(([name, { signature }]) => [name, signature]),
    ),
  };
};
