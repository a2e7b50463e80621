/**
 * The memory of a step: a numbered graph enters; the most bytes alive at once leave, by what holds them. Values are
 * made as soon as they can be, first come, first served, as TensorFlow's executor makes them, and freed after their
 * last use.
 */

import { type Graph, refsOf, type Update, type Value } from "./graph.js";
import type { OpName } from "./op.js";
import { bytesOf, type Type } from "./type.js";

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
 * Where the first output lives: in the `state`, or `held` outside the step; as a `view` of the first argument; in the
 * bytes of an argument that nobody else needs (`reuse`); or in `fresh` bytes.
 */
type Storage = "state" | "held" | "view" | "reuse" | "fresh";

const storage: { readonly [K in OpName]: Storage } = {
  input: "held",
  variable: "state",
  constant: "held",
  part: "fresh",
  convolution: "fresh",
  convolutionInputGradient: "fresh",
  convolutionKernelGradient: "fresh",
  batchNorm: "fresh",
  batchNormGradient: "fresh",
  batchNormInference: "fresh",
  // Also where TensorFlow fuses it into the norm before it: the norm's own result is then never made.
  relu: "reuse",
  reluGradient: "reuse",
  maxPool: "fresh",
  maxPoolGradient: "fresh",
  resize: "fresh",
  resizeGradient: "fresh",
  softmax: "reuse",
  crossEntropy: "fresh",
  matmul: "fresh",
  unary: "reuse",
  binary: "reuse",
  compare: "fresh",
  select: "fresh",
  largest: "fresh",
  stop: "view",
  after: "view",
  sum: "fresh",
  broadcast: "fresh",
  cast: "fresh",
  reshape: "view",
  transpose: "fresh",
  concat: "fresh",
  slice: "fresh",
  pad: "fresh",
  reverse: "fresh",
  gather: "fresh",
  kthSmallest: "fresh",
  argmax: "fresh",
  bincount: "fresh",
  uniform: "fresh",
};

/** Bytes that a kernel needs for itself: oneDNN keeps a convolution's weights in an order of its own. */
const workspace: { readonly [K in OpName]?: (value: Value, graph: Graph) => number } = {
  convolution: (value, graph) => bytesOf(graph.values[value.args[1]].types[0]),
  convolutionInputGradient: (value, graph) => bytesOf(graph.values[value.args[0]].types[0]),
  convolutionKernelGradient: (value) => bytesOf(value.types[0]),
};

/** A value or an update, with those that wait for it. */
interface Task {
  readonly node: Value | Update<number>;
  readonly next: number[];
  waits: number;
}

const isValue = (node: Task["node"]): node is Value => "op" in node;

/** What a node reads; for an event it only waits. */
const argsOf = (node: Task["node"]): readonly number[] => {
  if (!isValue(node)) return refsOf(node);
  return node.op === "after" ? node.args.slice(0, 1) : node.args;
};

/** An update of a variable waits for everything that reads it (tensorflow/lower.ts). */
const tasksOf = (graph: Graph): readonly Task[] => {
  const tasks = [...graph.values, ...graph.updates].map(
    (node): Task => ({ node, next: [], waits: 0 }),
  );
  const waitFor = (task: number, before: number): void => {
    tasks[before].next.push(task);
    tasks[task].waits += 1;
  };
  graph.values.forEach(({ id, args }) => {
    for (const arg of args) waitFor(id, arg);
  });
  graph.updates.forEach((update, i) => {
    const task = graph.values.length + i;
    const readers = tasks[update.variable].next.filter((id) => id < graph.values.length);
    for (const before of [...refsOf(update), ...readers]) waitFor(task, before);
  });
  return tasks;
};

/** How often each value is asked for. */
const usesIn = (graph: Graph): readonly number[] => {
  const uses = graph.values.map(() => 0);
  const asked = [...graph.values, ...graph.updates].flatMap(argsOf);
  for (const id of [...asked, ...Object.values(graph.results)]) uses[id] += 1;
  return uses;
};

/** In the order in which they become ready; what moves no bytes goes at once. */
const scheduled = (tasks: readonly Task[]): readonly Task[] => {
  const isFree = ({ node }: Task): boolean =>
    isValue(node) && ["state", "held", "view"].includes(storage[node.op]);
  const order: Task[] = [];
  const ready = tasks.filter(({ waits }) => waits === 0);
  const run = (task: Task): void => {
    order.push(task);
    for (const id of task.next) {
      const then = tasks[id];
      then.waits -= 1;
      if (then.waits > 0) continue;
      if (isFree(then) || (isValue(then.node) && then.node.op === "part")) run(then);
      else ready.push(then);
    }
  };
  for (const task of ready) run(task);
  return order;
};

/** Values that the results need: the forward pass. */
const forwardOf = (graph: Graph): ReadonlySet<number> => {
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

/** The most that is alive at once. */
export const memory = (graph: Graph): Memory => {
  const tasks = tasksOf(graph);
  const forward = forwardOf(graph);
  const usesOf = usesIn(graph);
  const buffers: (Buffer | undefined)[] = [];
  const alive = { activations: 0, passing: 0 };
  const constant = heldBytes(graph);
  let peak: Memory = { ...constant, ...alive };
  const note = (extra: number): void => {
    if (alive.activations + alive.passing + extra > peak.activations + peak.passing) {
      peak = { ...constant, activations: alive.activations, passing: alive.passing + extra };
    }
  };
  const release = (buffer: Buffer | undefined): void => {
    if (buffer === undefined) return;
    buffer.uses -= 1;
    if (buffer.uses === 0) alive[buffer.kind] -= buffer.bytes;
  };
  const make = (value: Value, uses: number): Buffer => {
    const kind = forward.has(value.id) ? "activations" : "passing";
    const buffer = { bytes: bytesOf(typeIn(value, graph)), kind, uses } as const;
    alive[kind] += buffer.bytes;
    return buffer;
  };
  for (const { node } of scheduled(tasks)) {
    const args = argsOf(node).map((id) => buffers[id]);
    if (!isValue(node)) {
      note(updateBytes(node, graph));
      args.forEach(release);
      continue;
    }
    const uses = usesOf[node.id];
    const where = storage[node.op];
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
      note(workspace[node.op]?.(node, graph) ?? 0);
      for (const arg of args) if (arg !== taken) release(arg);
      if (uses === 0) release(buffer);
    }
  }
  return peak;
};

/** The gradient's sum with the decayed weight; a value that is assigned becomes the state. */
const updateBytes = (update: Update<number>, graph: Graph): number =>
  update.kind === "momentum" && update.decay > 0
    ? bytesOf(graph.values[update.variable].types[0])
    : 0;

/** oneDNN remembers in the norm's last output where a ReLU fused into it was 0: half a byte a value. */
const typeIn = (value: Value, graph: Graph): Type => {
  const of = value.op === "part" ? graph.values[value.args[0]] : value;
  if (value.op !== "part" || of.op !== "batchNorm" || value.attributes.index !== 5) {
    return value.types[0];
  }
  return { dtype: "u8", shape: [Math.ceil(bytesOf(of.types[0]) / 8)] };
};

const heldBytes = (graph: Graph): Memory => {
  const sum = (where: Storage): number =>
    graph.values
      .filter(({ op }) => storage[op] === where)
      .reduce((bytes, { types }) => bytes + bytesOf(types[0]), 0);
  return { state: sum("state"), held: sum("held"), activations: 0, passing: 0 };
};
