/** From named graphs to one TensorFlow model: a signature for each, over one set of variables a replica. */

import { invariant } from "../diagnostic/invariant.js";
import { valueAt, valuesOfOp } from "../graph/graph.js";
import type { Ops } from "../graph/op.js";
import { product, type Type } from "../graph/type.js";
import { after, type Emitter, emitter, noShared, type Shared } from "./emitter.js";
import { type Lowering, lowerUpdate, lowerValues, nameAt, stateName } from "./lower.js";
import type { LegalGraph } from "./op.js";
import { placeholder } from "./operation.js";
import type { NodeDef, SavedModel, Signature, TensorInfo } from "./proto.js";
import { type Devices, oneByOne, oneDevice, sumsInOrder } from "./replica.js";

type VariableAttributes = Ops["variable"];

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

/** One graph of a model, under its name. */
interface Part {
  readonly name: string;
  readonly graph: LegalGraph;
  /** Which of them it is. */
  readonly at: number;
  /** The replica that is asked, of this process's. What moves the state does so in all. */
  readonly asked: number;
}

const replicasOf = ({ graph, asked }: Part, { names }: Devices) => {
  const isCommon = graph.updates.length > 0 || graph.values.some(({ op }) => op === "across");
  return [...names.entries()].filter(([index]) => isCommon || index === asked);
};

const lowerGraph = (part: Part, devices: Devices, shared: Shared): Lowered => {
  const { graph, at } = part;
  const scope = part.name;
  const host = emitter(scope, devices.host, shared);
  const keys = (order: number): number => at * MOST_SUMS + order + 1;
  const inputs = inputsOf(graph, devices);
  const given = inputs.map(({ id, ...input }) => [id, placeholder(host, input)] as const);
  const sums = sumsInOrder(graph);
  const order = new Map(sums.map((id, i) => [id, i]));
  const all = replicasOf(part, devices).map(([index, name]): Lowering => {
    const to = devices.count === 1 ? host : emitter(`${scope}/${index}`, name, shared);
    const replica = { devices, index, host, keys };
    const of = { to, graph, names: new Map(given), replica, order };
    lowerValues(of);
    return of;
  });
  const updates = all.flatMap((of) =>
    graph.updates
      .map((update) => lowerUpdate(of, update))
      .flatMap((name) => (name === null ? [] : [after(name)])),
  );
  // A sum that only one replica asked for would be waited for in vain.
  const last = sums.at(-1);
  const done =
    last === undefined ? updates : [...updates, ...all.map((of) => after(nameAt(of, last)))];
  const [first] = all;
  invariant(first !== undefined, "a training has a device");
  const outputs = Object.entries(graph.results).map(([name, id]): [string, TensorInfo] => [
    name,
    fetched(first.to, name, [nameAt(first, id), ...done], valueAt(graph, id).types[0]),
  ]);
  const nodes = placeholders(host);
  const takes = inputs.map((input): [string, TensorInfo] => [
    input.name,
    fed(`${nodes.get(input.name)}:0`, input),
  ]);
  const gives = scope === "init" ? [loaded(first.to, updates)] : outputs;
  const written = all.map((of) =>
    oneByOne(
      of.to.nodes,
      sums.map((id) => nameAt(of, id)),
    ),
  );
  return {
    nodes: devices.count === 1 ? written.flat() : [...host.nodes, ...written.flat()],
    signature: { inputs: Object.fromEntries(takes), outputs: Object.fromEntries(gives) },
  };
};

const MOST_SUMS = 2 ** 20;

/** What is fed once for all replicas of this process: of the rows that they divide, theirs. */
const inputsOf = (graph: LegalGraph, { count, names }: Devices) => {
  const divided = new Set(valuesOfOp(graph, "share").map(({ args: [x] }) => x));
  return valuesOfOp(graph, "input").map(({ id, attributes }) => {
    const [rows = 0, ...rest] = attributes.shape;
    const shape = divided.has(id) ? [(rows / count) * names.length, ...rest] : attributes.shape;
    return { ...attributes, id, shape };
  });
};

const placeholders = ({ nodes }: Emitter): ReadonlyMap<string, string> =>
  new Map(nodes.filter(({ op }) => op === "Placeholder").map(({ name }) => [inputOf(name), name]));

/** `train/input/images_12` is where `images` are fed. */
const inputOf = (placeholder: string): string =>
  placeholder.replace(/^[^/]*\/input\//, "").replace(/_\d+$/, "");

/** What TensorFlow runs on loading is an operation, which has no output. */
const loaded = (to: Emitter, updates: readonly string[]): [string, TensorInfo] => [
  ON_LOADING,
  { name: after(to.emit("NoOp", updates, {}, "done")).slice(1), dtype: "f32", shape: null },
];

const ON_LOADING = "__saved_model_init_op";

const variableNode = (
  { name, dtype, shape }: VariableAttributes,
  devices: Devices,
  at: number,
): NodeDef => ({
  name: stateName(name, at),
  op: "VarHandleOp",
  inputs: [],
  ...(devices.count === 1 ? {} : { device: devices.names[at] ?? "" }),
  attributes: {
    dtype: { type: dtype },
    shape: { shape },
    shared_name: { text: at === 0 ? name : `${at}/${name}` },
  },
});

/** A signature that frees variables of the first replica: to be read again, they must be written again. */
const forgetting = (variables: readonly VariableAttributes[]): Lowered => {
  const to = emitter("forget");
  const freed = variables.map(({ name }) =>
    after(
      to.emit("DestroyResourceOp", [`${stateName(name, 0)}:0`], {
        ignore_lookup_error: { bool: true },
      }),
    ),
  );
  const count = to.constant({ dtype: "i32", shape: [], content: variables.length });
  const name = to.emit("Identity", [count, ...freed], { T: { type: "i32" } }, "forgotten");
  return {
    nodes: to.nodes,
    signature: { inputs: {}, outputs: { forgotten: { name, dtype: "i32", shape: [] } } },
  };
};

/** A signature of the replica `at` alone, of those of this process. */
export const ofReplica = (name: string, at: number): string => (at === 0 ? name : `${name}_${at}`);

/** What each replica can be asked: its variables, and to score a picture. */
const isAskedOfEach = (name: string): boolean => /^(read|evaluate_.*)$/.test(name);

/**
 * One SavedModel for all graphs, each a signature under its name; `init` is what TensorFlow runs on loading, and
 * `forget` frees the variables that are `forgotten`. Over several devices each replica has variables of its own, which
 * begin and stay equal: `read_1` tells those of the second, and `evaluate_HxW_1` asks it.
 */
export const emit = (
  graphs: Readonly<Record<string, LegalGraph>>,
  forgotten: readonly VariableAttributes[] = [],
  devices: Devices = oneDevice,
): SavedModel => {
  const all = Object.entries(graphs).map(([name, graph], at) => ({ name, graph, at, asked: 0 }));
  const others = all
    .filter(({ name }) => isAskedOfEach(name))
    .flatMap((part) =>
      devices.names
        .map((_, asked) => ({ ...part, name: ofReplica(part.name, asked), asked }))
        .slice(1),
    );
  const shared = noShared();
  const lowered = [...all, ...others].map((part) => ({
    name: part.name === "init" ? ON_LOADING : part.name,
    ...lowerGraph(part, devices, shared),
  }));
  if (forgotten.length > 0) lowered.push({ name: "forget", ...forgetting(forgotten) });
  const variables = new Map(
    Object.values(graphs)
      .flatMap((graph) => valuesOfOp(graph, "variable"))
      .map(({ attributes }) => [attributes.name, attributes]),
  );
  const state = devices.names.flatMap((_, at) =>
    [...variables.values()].map((each) => variableNode(each, devices, at)),
  );
  return {
    nodes: [...state, ...shared.nodes, ...lowered.flatMap(({ nodes }) => nodes)],
    signatures: Object.fromEntries(lowered.map(({ name, signature }) => [name, signature])),
  };
};
