/**
 * The most bytes alive at once in a step, by what holds them. Values are made as soon as they can be, first come, first
 * served, as TensorFlow's executor makes them, and freed after their last use.
 */

import { invariant } from "../diagnostic/invariant.js";
import { type Numbered, type Update, valueAt } from "../graph/graph.js";
import { bytesOf, type Type } from "../graph/type.js";
import type { LegalGraph, LegalName, LegalNodeOf, LegalValue } from "./op.js";
import { isSummed } from "./op.js";

/** In bytes, at the moment when the sum is largest. */
export interface Memory {
  /** Weights, momentum and statistics: there before and after. */
  readonly state: number;
  /** Inputs and constants: there for the whole step. */
  readonly held: number;
  /** What the forward pass made and somebody still asks for. */
  readonly activations: number;
  /** Everything else: gradients, and the kernels' own copies and workspaces. */
  readonly passing: number;
}

export const total = ({ state, held, activations, passing }: Memory): number =>
  state + held + activations + passing;

/**
 * Where the first output lives: in the `state`, `held` outside the step, or `written` over a variable; as a `view` of
 * the first argument; in the bytes of an argument that nobody else needs (`reuse`); or in `fresh` bytes.
 */
type Storage = "state" | "held" | "written" | "view" | "reuse" | "fresh";

interface Needs<K extends LegalName> {
  readonly where: Storage;
  /** Bytes that the kernel needs for itself. */
  readonly workspace: (value: Numbered<LegalNodeOf<K>>, graph: LegalGraph) => number;
}

const plainly = (where: Storage): Needs<LegalName> => ({ where, workspace: () => 0 });
const [state, held, view] = [plainly("state"), plainly("held"), plainly("view")];
const [reuse, fresh] = [plainly("reuse"), plainly("fresh")];

const bytesAt = (graph: LegalGraph, id: number): number => bytesOf(valueAt(graph, id).types[0]);

/** The two maps once more, where a dilation is moved into the batch. */
const phased = (map: 0 | 1): Needs<"depthwise" | `depthwise${"Input" | "Kernel"}Gradient`> => ({
  where: "fresh",
  workspace: ({ attributes: { dilation }, args }, graph) =>
    dilation > 1 ? 2 * bytesAt(graph, args[map]) : 0,
});

/** What each operation's kernel needs. oneDNN keeps a convolution's weights once more, in an order of its own. */
const needs: { readonly [K in LegalName]: Needs<K> } = {
  input: held,
  variable: state,
  constant: held,
  part: fresh,
  convolution: { where: "fresh", workspace: ({ args }, graph) => bytesAt(graph, args[1]) },
  convolutionInputGradient: { where: "fresh", workspace: ({ args: [k] }, of) => bytesAt(of, k) },
  convolutionKernelGradient: { where: "fresh", workspace: ({ types }) => bytesOf(types[0]) },
  depthwise: phased(0),
  depthwiseInputGradient: phased(1),
  depthwiseKernelGradient: phased(0),
  fusedNorm: fresh,
  fusedNormGradient: fresh,
  ownNormGradient: reuse,
  givenNormGradient: fresh,
  batchNormInference: fresh,
  applyMomentum: {
    where: "written",
    workspace: ({ attributes: by, types }) => (isSummed(by) ? bytesOf(types[0]) : 0),
  },
  addInOrder: reuse,
  addBias: reuse,
  tiles: { where: "fresh", workspace: ({ attributes: { bytes } }) => bytes },
  tilesGradient: { where: "fresh", workspace: ({ attributes: { bytes } }) => bytes },
  largestOfEnlarged: { where: "fresh", workspace: ({ attributes: { bytes } }) => bytes },
  // Also where TensorFlow fuses it into the norm before it: the norm's own result is then never made.
  relu: reuse,
  reluGradient: reuse,
  relu6: reuse,
  relu6Gradient: reuse,
  maxPool: fresh,
  maxPoolGradient: fresh,
  resize: fresh,
  resizeGradient: fresh,
  softmax: reuse,
  crossEntropy: fresh,
  matmul: fresh,
  unary: reuse,
  binary: reuse,
  compare: fresh,
  select: fresh,
  largest: fresh,
  stop: view,
  after: view,
  sum: fresh,
  broadcast: fresh,
  cast: fresh,
  reshape: view,
  transpose: fresh,
  concat: fresh,
  slice: fresh,
  pad: fresh,
  reverse: fresh,
  gather: fresh,
  kthSmallest: fresh,
  argmax: fresh,
  bincount: fresh,
  uniform: fresh,
  across: fresh,
  share: fresh,
  spread: fresh,
};

/** A part of what is written over variables is one of them. */
export const storageOf = (value: LegalValue, graph: LegalGraph): Storage =>
  value.op === "part" && valueAt(graph, value.args[0]).op === "applyMomentum"
    ? "written"
    : needs[value.op].where;

const workspaceOf = <K extends LegalName>(
  value: Numbered<LegalNodeOf<K>> & { readonly op: K },
  graph: LegalGraph,
): number => needs[value.op].workspace(value, graph);

/** A value or an update, with those that wait for it. */
interface Task {
  readonly node: LegalValue | Update<number>;
  readonly next: Task[];
  waits: number;
}

const isValue = (node: Task["node"]): node is LegalValue => "op" in node;

/** What a node reads; for an event it only waits. */
const argsOf = (node: Task["node"]): readonly number[] => {
  if (!isValue(node)) return [node.variable, node.value];
  return node.op === "after" || node.op === "addInOrder" ? node.args.slice(0, -1) : node.args;
};

/** What changes a variable waits for everything that reads it (tensorflow/lower.ts). */
const tasksOf = (graph: LegalGraph): readonly Task[] => {
  const taskOf = (node: Task["node"]): Task => ({ node, next: [], waits: 0 });
  const [values, updates] = [graph.values.map(taskOf), graph.updates.map(taskOf)];
  const at = (id: number): Task => {
    const task = values[id];
    invariant(task !== undefined, () => `there is no value %${id}`);
    return task;
  };
  const waitFor = (task: Task, before: Task): void => {
    before.next.push(task);
    task.waits += 1;
  };
  const readersOf = (variable: number): readonly Task[] =>
    at(variable).next.filter(({ node }) => isValue(node));
  for (const { id, args } of graph.values) for (const arg of args) waitFor(at(id), at(arg));
  for (const value of graph.values) {
    if (value.op !== "applyMomentum") continue;
    const task = at(value.id);
    for (const reader of readersOf(value.args[0])) if (reader !== task) waitFor(task, reader);
  }
  for (const task of updates) {
    if (isValue(task.node)) continue;
    const { variable, value } = task.node;
    for (const before of [at(variable), at(value), ...readersOf(variable)]) waitFor(task, before);
  }
  return [...values, ...updates];
};

/** How often each value is asked for. */
const usesIn = (graph: LegalGraph): ReadonlyMap<number, number> => {
  const uses = new Map<number, number>();
  const asked = [...graph.values, ...graph.updates].flatMap(argsOf);
  for (const id of [...asked, ...Object.values(graph.results)])
    uses.set(id, (uses.get(id) ?? 0) + 1);
  return uses;
};

/** In the order in which they become ready; what moves no bytes goes at once. */
const scheduled = (tasks: readonly Task[]): readonly Task[] => {
  const isFree = ({ node }: Task): boolean =>
    isValue(node) &&
    (node.op === "part" || ["state", "held", "view"].includes(needs[node.op].where));
  const order: Task[] = [];
  const ready = tasks.filter(({ waits }) => waits === 0);
  const run = (task: Task): void => {
    order.push(task);
    for (const then of task.next) {
      then.waits -= 1;
      if (then.waits > 0) continue;
      if (isFree(then)) run(then);
      else ready.push(then);
    }
  };
  for (const task of ready) run(task);
  return order;
};

/** Values that the results need: the forward pass. */
const forwardOf = (graph: LegalGraph): ReadonlySet<number> => {
  const found = new Set<number>(Object.values(graph.results));
  for (const value of graph.values.toReversed()) {
    if (found.has(value.id)) for (const id of value.args) found.add(id);
  }
  return found;
};

interface Buffer {
  readonly bytes: number;
  readonly kind: "activations" | "passing";
  /** Uses to come. */
  uses: number;
}

const passingBy = ({ activations, passing }: Memory): number => activations + passing;

/** The most that is alive at once. */
export const memory = (graph: LegalGraph): Memory =>
  timeline(graph).reduce(
    (peak, now) => (passingBy(now) > passingBy(peak) ? now : peak),
    heldBytes(graph),
  );

/** What is alive at each kernel of the step, in the order in which they run. */
export const timeline = (graph: LegalGraph): readonly Memory[] => {
  const moments: Memory[] = [];
  walk(graph, (now) => moments.push(now));
  return moments;
};

/** @param see is told what is alive while each kernel runs. */
const walk = (graph: LegalGraph, see: (now: Memory) => void): void => {
  const tasks = tasksOf(graph);
  const forward = forwardOf(graph);
  const usesOf = usesIn(graph);
  const buffers: (Buffer | undefined)[] = [];
  const alive = { activations: 0, passing: 0 };
  const constant = heldBytes(graph);
  const note = (extra: number): void =>
    see({ ...constant, activations: alive.activations, passing: alive.passing + extra });
  const release = (buffer: Buffer | undefined): void => {
    if (buffer === undefined) return;
    buffer.uses -= 1;
    if (buffer.uses === 0) alive[buffer.kind] -= buffer.bytes;
  };
  const make = (value: LegalValue, uses: number): Buffer => {
    const kind = forward.has(value.id) ? "activations" : "passing";
    const buffer = { bytes: bytesOf(typeIn(value, graph)), kind, uses } as const;
    alive[kind] += buffer.bytes;
    return buffer;
  };
  for (const { node } of scheduled(tasks)) {
    const args = argsOf(node).map((id) => buffers[id]);
    if (!isValue(node)) {
      args.forEach(release);
      continue;
    }
    const uses = usesOf.get(node.id) ?? 0;
    const where = storageOf(node, graph);
    const [shown] = args;
    if (where === "view" && shown !== undefined) {
      buffers[node.id] = shown;
      shown.uses += uses;
      args.forEach(release);
    } else if (where === "fresh" || where === "reuse") {
      const bytes = bytesOf(node.types[0]);
      const free = args.find((one) => one?.uses === 1 && one.bytes === bytes);
      const taken = where === "reuse" ? free : undefined;
      release(taken);
      const buffer = make(node, Math.max(1, uses));
      buffers[node.id] = buffer;
      note(workspaceOf(node, graph));
      for (const arg of args) if (arg !== taken) release(arg);
      if (uses === 0) release(buffer);
    } else if (where === "written") {
      note(workspaceOf(node, graph));
      args.forEach(release);
    }
  }
};

/** oneDNN remembers in the norm's last output where a ReLU fused into it was 0: half a byte a value. */
const typeIn = (value: LegalValue, graph: LegalGraph): Type => {
  if (value.op !== "part" || value.attributes.index !== 5) return value.types[0];
  const of = valueAt(graph, value.args[0]);
  return of.op === "fusedNorm"
    ? { dtype: "u8", shape: [Math.ceil(bytesOf(of.types[0]) / 8)] }
    : value.types[0];
};

const heldBytes = (graph: LegalGraph): Memory => {
  const sum = (where: Storage): number =>
    graph.values
      .filter(({ op }) => needs[op].where === where)
      .reduce((bytes, { types }) => bytes + bytesOf(types[0]), 0);
  return { state: sum("state"), held: sum("held"), activations: 0, passing: 0 };
};
