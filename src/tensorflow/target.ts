/** TensorFlow as a target: neutral graphs become a SavedModel in the kernels that suit a machine. */

import { filter, filterWithIndex, map, mapWithIndex, partition } from "fp-ts/lib/Record.js";
import { products } from "../graph/cost.js";
import { type AnyGraph, type Graph, valuesOfOp } from "../graph/graph.js";
import type { Ops } from "../graph/op.js";
import type { Experiment } from "../normalize/experiment.js";
import { budgetRule } from "../plan/budget.js";
import { type Abilities, type Graphs, graphsOf, stateOf, withState } from "../plan/graphs.js";
import { lowerFor, stages as neutralStages, type Program } from "../plan/program.js";
import { trainingKernels } from "../plan/step.js";
import { settled } from "../rewrite/freeze.js";
import { agreeing, counting, wishing } from "../target/agreement.js";
import { chosen as chosenBy, inForms, sizing } from "../target/kernels.js";
import { replicated } from "../target/replicas.js";
import type { KernelChoice, Sizing, Target } from "../target/target.js";
import { emit, ofReplica } from "./emit.js";
import { legalize } from "./legalize.js";
import { footprint, form, type Machine } from "./machine.js";
import { type Memory, memory, timeline, total } from "./memory.js";
import type { LegalGraph } from "./op.js";
import type { SavedModel } from "./proto.js";
import { type Devices, oneDevice } from "./replica.js";
import { kernelOfTiles } from "./tiles.js";

export type Kernels = KernelChoice<Machine>;

export const tensorflow: Target<Machine, LegalGraph, SavedModel> = {
  name: "tensorflow",
  machine: { device: "cpu", dilatedGradients: true },
  form,
  legalize,
  memory: footprint,
  emit,
};

/** The machine that most have, of which nothing was measured. */
export const plainCpu: Kernels = { machine: tensorflow.machine, known: {} };

/** The memory that graphs need on a machine. */
export const sizesOn = (kernels: Kernels = plainCpu): Sizing => sizing(tensorflow, kernels);

const plainSizes = sizesOn();

/** From an experiment, which every rule has passed, to its program: what it recomputes is what TensorFlow's memory asks. */
export const lower = lowerFor(plainSizes);

/** A spec whose budget TensorFlow cannot keep, whatever is recomputed. */
export const withinBudget = budgetRule(plainSizes);

/** A graph with its layers in the forms that suit a machine. */
export const withKernels = (graph: Graph, kernels: Kernels): Graph =>
  inForms(tensorflow, graph, kernels);

const legalOn = (graph: Graph, { machine }: Kernels): LegalGraph => legalize(graph, machine);

/** What to keep of a choice, so that a graph comes out the same when guesses or measurements change. */
export const chosen = (graph: Graph, kernels: Kernels): Kernels["known"] =>
  chosenBy(tensorflow, graph, kernels);

/** Graphs as they stand, with those that set and tell their state. */
export const savedModel = (graphs: Graphs, kernels: Kernels = plainCpu): SavedModel =>
  emit(map((graph: Graph) => legalOn(graph, kernels))(withState(graphs)));

export interface Compiled {
  readonly model: SavedModel;
  /** What must be written before the first call. */
  readonly variables: readonly Ops["variable"][];
}

/** The one model of a program that can do all of `can`, in the kernels that suit a machine. */
export const modelFor = (
  program: Program,
  can: Abilities,
  kernels: Kernels = plainCpu,
  devices: Devices = oneDevice,
): Compiled => {
  const graphs = graphsOf(program, can);
  const replica = divided(graphs, devices, program.experiment.data.classes.length);
  const legal = map((graph: Graph) => legalOn(withKernels(graph, kernels), kernels))(replica);
  return { model: emit(legal, [], devices), variables: stateOf(Object.values(graphs)) };
};

/**
 * The same for a session of pspc's own, which settles: its networks read what weights alone decide, such as a kernel
 * with its norm folded in and transformed, where `settle` left it. Weights that nobody reads after that are forgotten,
 * unless they are trained on.
 */
export const sessionModelFor = (
  program: Program,
  can: Abilities,
  kernels: Kernels = plainCpu,
  devices: Devices = oneDevice,
): Compiled => {
  const graphs = graphsOf(program, can);
  const { left: others, right: asked } = partition(isQuestion)(
    divided(graphs, devices, program.experiment.data.classes.length),
  );
  const { questions, settle } = settled(
    map((graph: Graph) => withKernels(graph, { ...kernels, settled: true }))(asked),
    kernels.machine.ownKernels === true ? kernelOfTiles : undefined,
  );
  const { read, ...kept } = map((graph: Graph) => withKernels(graph, kernels))(others);
  const forgetsWeights = can.train !== true;
  // Weights that are forgotten cannot be read.
  const all: Graphs = {
    ...kept,
    ...(forgetsWeights || !read ? {} : { read }),
    ...questions,
    settle,
  };
  const stillRead = new Set(Object.values(questions).flatMap(variableNames));
  const forgotten = valuesOfOp(settle, "variable")
    .map(({ attributes }) => attributes)
    .filter(
      ({ name, role }) =>
        (role === "settled") !== forgetsWeights && (role === "settled" || !stillRead.has(name)),
    );
  const asking = new Set(
    Object.keys(questions).flatMap((name) => devices.names.map((_, at) => ofReplica(name, at))),
  );
  const moving = new Set(Object.keys(filter(isMoving)(kept)));
  const model = emit(map((graph: Graph) => legalOn(graph, kernels))(all), forgotten, devices);
  return {
    model: { ...model, settling: { asking, moving, forgetsWeights } },
    variables: stateOf(Object.values(graphs)),
  };
};

const isMoving = ({ updates }: Graph): boolean => updates.length > 0;
const isQuestion = (graph: Graph): boolean =>
  !isMoving(graph) &&
  valuesOfOp(graph, "input").length > 0 &&
  valuesOfOp(graph, "across").length === 0;
const variableNames = (graph: Graph): readonly string[] =>
  valuesOfOp(graph, "variable").map(({ attributes }) => attributes.name);

/** What trains is divided among the devices; a gang agrees on more. */
const divided = (graphs: Graphs, { count, isGang = false }: Devices, classes: number): Graphs => {
  const all = isGang ? { ...graphs, ...agreements(graphs, count, classes) } : graphs;
  const among = ["train", "accumulate", "count"];
  return mapWithIndex((name, graph: Graph) =>
    among.includes(name) ? replicated(graph, count) : graph,
  )(all);
};

const agreements = (graphs: Graphs, count: number, classes: number): Graphs => ({
  ...map((graph: Graph) => wishing(graph, count))(filterWithIndex(isStep)(graphs)),
  // Each count in two words, and how many images were counted.
  count: counting(2 * classes * classes + 1, count),
  agree: agreeing(stateOf(Object.values(graphs)), count),
});

const isStep = (name: string): boolean => name === "train";

/** What a training step holds from its first kernel to its last, without what a process needs besides. */
export const moments = ({ training, experiment }: Program): readonly Memory[] => {
  const kernels = trainingKernels(experiment, plainCpu);
  return timeline(legalOn(withKernels(training, kernels), kernels));
};

/** A training step on its way to TensorFlow, with what it costs there. */
export interface Stage {
  /** `as written`, or what was done to it. */
  readonly name: string;
  /** Why it may be done. */
  readonly law: string | null;
  readonly graph: AnyGraph;
  /** Multiply-accumulates of convolutions and of products of matrices. */
  readonly products: number;
  /** Bytes alive at once. */
  readonly alive: number;
}

/** The last is what runs. */
export const stages = (experiment: Experiment, kernels: Kernels, devices = 1): readonly Stage[] => {
  const neutral = neutralStages(experiment, plainSizes);
  const priced = (name: string, law: string | null, graph: Graph): Stage => ({
    name,
    law,
    graph,
    products: products(graph),
    alive: total(memory(legalize(graph))),
  });
  const before = neutral.map(({ name, law, graph }) => priced(name, law, graph));
  const given = neutral.at(-1);
  if (given === undefined) return [];
  const replica = replicated(given.graph, devices);
  const graph = withKernels(replica, trainingKernels(experiment, kernels));
  const last = priced("choose-kernels", exactForms, graph);
  const shares = devices === 1 ? [] : [priced("divide", equalShares, replica)];
  return [
    ...before,
    ...shares,
    last,
    { ...last, name: "fuse", law: oneKernel, graph: legalOn(graph, kernels) },
  ];
};

const equalShares =
  "each device has its share of the images and all weights: what looks at the whole batch is a sum across all devices";
const exactForms =
  "a convolution and its gradients have several exact forms: the one that costs least on this machine is taken";
const oneKernel =
  "a norm with its running statistics, its gradient, and a step of momentum are each what one kernel computes";
