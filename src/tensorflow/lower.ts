/** From named graphs to one TensorFlow model: a signature for each, over one set of variables. */

import { invariant } from "../diagnostic/invariant.js";
import { type Update, valueAt, valuesOfOp } from "../graph/graph.js";
import type { Ops } from "../graph/op.js";
import { product, type Type } from "../graph/type.js";
import { after, type Emitter, emitter, output, type TensorName } from "./emitter.js";
import { type LegalArguments, type LegalGraph, type LegalValue, mapLegalArgs } from "./op.js";
import { type Emitted, lowerOperation, type Site } from "./operation.js";
import type { NodeDef, SavedModel, Signature, TensorInfo } from "./proto.js";

type VariableAttributes = Ops["variable"];

const handleOf = (name: string): TensorName => `state/${name}:0`;

/** A graph that is being written: its values by number, and the tensors of those that have been emitted. */
export interface Lowering {
  readonly to: Emitter;
  readonly graph: LegalGraph;
  readonly names: Map<number, TensorName>;
}

const nameAt = ({ names }: Lowering, id: number): TensorName => {
  const name = names.get(id);
  invariant(name !== undefined, `%${id} is asked for, and is no tensor`);
  return name;
};

const variableAt = (of: Lowering, id: number): VariableAttributes => {
  const value = valueAt(of.graph, id);
  invariant(value.op === "variable", `%${id} is no variable`);
  return value.attributes;
};

type Kernel = Extract<LegalValue, { readonly op: "applyMomentum" }>;

/** The kernel that writes `id` in place, if one does: it runs with the updates. */
const inPlace = (of: Lowering, id: number): Kernel | null => {
  const value = valueAt(of.graph, id);
  if (value.op === "applyMomentum") return value;
  return value.op === "part" ? inPlace(of, value.args[0]) : null;
};

/** Arguments that a value needs as tensors; of what a kernel writes in place it needs none, but for the decay. */
const readBy = (value: LegalValue): readonly number[] => {
  if (value.op !== "applyMomentum") return value.args;
  const [weight, , ...others] = value.args;
  return value.attributes.decay === 0 ? others : [weight, ...others];
};

/** Values that somebody reads. Variables that are only written are not: they may hold nothing yet. */
const readIn = ({ values, results }: LegalGraph): ReadonlySet<number> =>
  new Set([...values.flatMap(readBy), ...Object.values(results)]);

const lowerValue = (of: Lowering, value: LegalValue): TensorName | null => {
  if (inPlace(of, value.id) !== null || value.op === "applyMomentum") return null;
  return value.op === "part"
    ? output(nameAt(of, value.args[0]), value.attributes.index)
    : lowerPlainly(of, value);
};

export const lowerPlainly = <K extends Emitted>(
  of: Lowering,
  {
    op,
    attributes,
    args,
    types,
  }: Pick<Site<K>, "attributes" | "types"> & {
    readonly op: K;
    readonly args: LegalArguments<number>[K];
  },
): TensorName =>
  lowerOperation(op, of.to, {
    attributes,
    args: mapLegalArgs<K, number, TensorName>(args, (id) => nameAt(of, id)),
    argTypes: mapLegalArgs<K, number, Type>(args, (id) => valueAt(of.graph, id).types[0]),
    types,
    handle: handleOf,
  });

/**
 * An update runs when the variable has been read and everything that uses it so far has run: nobody sees a half-moved
 * weight, and TensorFlow may write in place. Updates that follow see what was read.
 */
const readersOf = ({ to, names }: Lowering, variable: number): readonly string[] => {
  const name = names.get(variable);
  return name === undefined ? [] : [after(name), ...to.readers(name)];
};

const f32 = { T: { type: "f32" } } as const;

/** The operation that writes a variable; none where the kernel of another update has written it too. */
const lowerUpdate = (of: Lowering, { variable, value }: Update<number>): TensorName | null => {
  const kernel = inPlace(of, value);
  if (kernel !== null) return kernel.id === value ? lowerMomentum(of, kernel) : null;
  const { name, dtype } = variableAt(of, variable);
  const inputs = [handleOf(name), nameAt(of, value), ...readersOf(of, variable)];
  return of.to.emit("AssignVariableOp", inputs, { dtype: { type: dtype } });
};

const lowerMomentum = (of: Lowering, { args, attributes }: Kernel): TensorName => {
  const { to } = of;
  const { momentum, decay, scale } = attributes;
  const [weight, velocity, gradient, rate] = args;
  const number = (value: number): TensorName =>
    to.constant({ dtype: "f32", shape: [], content: value });
  const times = (a: TensorName, b: TensorName, ...later: readonly string[]): TensorName =>
    to.emit("Mul", [a, b, ...later], f32);
  const given = nameAt(of, gradient);
  const scaled = scale === 1 ? nameAt(of, rate) : times(nameAt(of, rate), number(scale));
  // Not before the gradient is there: what could start at once would keep a copy of every weight for a whole step.
  const decayed = (): TensorName => times(nameAt(of, weight), number(decay), after(given));
  const whole = decay === 0 ? given : to.emit("AddV2", [given, decayed()], f32);
  const handles = [weight, velocity].map((id) => handleOf(variableAt(of, id).name));
  const inputs = [...handles, scaled, whole, number(momentum), ...readersOf(of, weight)];
  return to.emit("ResourceApplyMomentum", inputs, f32);
};

/** What is fed: bytes come as 32-bit words (`operation.ts`). */
const fed = (name: string, { dtype, shape }: Type): TensorInfo =>
  dtype === "u8"
    ? { name, dtype: "i32", shape: [Math.ceil(product(shape) / 4)] }
    : { name, dtype, shape };

/** What is fetched, after the updates: bytes go one to a word, for tfjs-node reads no others. */
const fetched = (
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

const lowerGraph = (scope: string, graph: LegalGraph): Lowered => {
  const to = emitter(scope);
  const of: Lowering = { to, graph, names: new Map() };
  const read = readIn(graph);
  for (const value of graph.values) {
    const name = value.op === "variable" && !read.has(value.id) ? null : lowerValue(of, value);
    if (name !== null) of.names.set(value.id, name);
  }
  const updates = graph.updates
    .map((update) => lowerUpdate(of, update))
    .flatMap((name) => (name === null ? [] : [after(name)]));
  const outputs = Object.entries(graph.results).map(([name, id]): [string, TensorInfo] => [
    name,
    fetched(to, name, [nameAt(of, id), ...updates], valueAt(of.graph, id).types[0]),
  ]);
  const placeholders = new Map(
    to.nodes.filter(({ op }) => op === "Placeholder").map(({ name }) => [inputOf(name), name]),
  );
  const inputs = valuesOfOp(graph, "input").map(({ attributes }): [string, TensorInfo] => [
    attributes.name,
    fed(`${placeholders.get(attributes.name)}:0`, attributes),
  ]);
  const done = scope === "init" ? [loaded(to, updates)] : outputs;
  return {
    nodes: to.nodes,
    signature: { inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(done) },
  };
};

/** `train/input/images_12` is where `images` are fed. */
const inputOf = (placeholder: string): string =>
  placeholder.replace(/^[^/]*\/input\//, "").replace(/_\d+$/, "");

/** What TensorFlow runs on loading is an operation, which has no output. */
const loaded = (to: Emitter, updates: readonly string[]): [string, TensorInfo] => [
  ON_LOADING,
  { name: after(to.emit("NoOp", updates, {}, "done")).slice(1), dtype: "f32", shape: null },
];

const ON_LOADING = "__saved_model_init_op";

const variableNode = ({ name, dtype, shape }: VariableAttributes): NodeDef => ({
  name: `state/${name}`,
  op: "VarHandleOp",
  inputs: [],
  attributes: { dtype: { type: dtype }, shape: { shape }, shared_name: { text: name } },
});

/** A signature that frees the variables: to be read again, they must be written again. */
const forgetting = (variables: readonly VariableAttributes[]): Lowered => {
  const to = emitter("forget");
  const freed = variables.map(({ name }) =>
    after(to.emit("DestroyResourceOp", [handleOf(name)], { ignore_lookup_error: { bool: true } })),
  );
  const count = to.constant({ dtype: "i32", shape: [], content: variables.length });
  const name = to.emit("Identity", [count, ...freed], { T: { type: "i32" } }, "forgotten");
  return {
    nodes: to.nodes,
    signature: { inputs: {}, outputs: { forgotten: { name, dtype: "i32", shape: [] } } },
  };
};

/**
 * One SavedModel for all graphs, each a signature under its name; `init` is what TensorFlow runs on loading, and
 * `forget` frees the variables that are `forgotten`.
 */
export const emit = (
  graphs: Readonly<Record<string, LegalGraph>>,
  forgotten: readonly VariableAttributes[] = [],
): SavedModel => {
  const lowered = Object.entries(graphs).map(([name, graph]) => ({
    name: name === "init" ? ON_LOADING : name,
    ...lowerGraph(name, graph),
  }));
  if (forgotten.length > 0) lowered.push({ name: "forget", ...forgetting(forgotten) });
  const variables = new Map(
    Object.values(graphs)
      .flatMap((graph) => valuesOfOp(graph, "variable"))
      .map(({ attributes }) => [attributes.name, attributes]),
  );
  return {
    nodes: [...[...variables.values()].map(variableNode), ...lowered.flatMap(({ nodes }) => nodes)],
    signatures: Object.fromEntries(lowered.map(({ name, signature }) => [name, signature])),
  };
};
