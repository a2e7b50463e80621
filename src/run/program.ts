/** A program as runs see it: plain data enters, the TensorFlow model that can do what a run asks of it leaves. */

import type { Graph } from "../graph/graph.js";
import type { Ops } from "../graph/op.js";
import type { Experiment } from "../normalize/experiment.js";
import { evaluationStep, predictionStep } from "../plan/step.js";
import { savedModel, stateOf } from "../tensorflow/lower.js";
import type { SavedModel } from "../tensorflow/proto.js";

export interface Program {
  readonly experiment: Experiment;
  /** The whole training step: forward, backward, update. */
  readonly training: Graph;
  readonly fingerprint: Fingerprint;
}

/** Equal meaning, equal fingerprint, whatever the spelling. Sixteen hexadecimal digits each. */
export interface Fingerprint {
  readonly graph: string;
  /** The graph, and everything else that decides the weights at the end: data, augmentation, rate, seed. */
  readonly training: string;
}

export interface Size {
  readonly height: number;
  readonly width: number;
}

export const sizeName = ({ height, width }: Size): string => `${height}x${width}`;

/** What a session must be able to do: signatures `train`, `evaluate_HxW` and `predict_HxW`. */
export interface Abilities {
  readonly train?: boolean;
  readonly evaluate?: readonly Size[];
  readonly predict?: readonly Size[];
}

const graphsFor = (
  { experiment, training }: Program,
  { train = false, evaluate = [], predict = [] }: Abilities,
): Readonly<Record<string, Graph>> => {
  const each = (name: string, sizes: readonly Size[], step: typeof evaluationStep) =>
    sizes.map((size): [string, Graph] => [
      `${name}_${sizeName(size)}`,
      step(experiment, size.height, size.width),
    ]);
  return Object.fromEntries([
    ...(train ? [["train", training] as const] : []),
    ...each("evaluate", evaluate, evaluationStep),
    ...each("predict", predict, predictionStep),
  ]);
};

export interface Compiled {
  readonly model: SavedModel;
  /** What must be written before the first call. */
  readonly variables: readonly Ops["variable"][];
}

/** One TensorFlow model with a signature an ability, all over one set of variables. */
export const modelFor = (program: Program, can: Abilities): Compiled => {
  const graphs = graphsFor(program, can);
  return { model: savedModel(graphs), variables: stateOf(Object.values(graphs)) };
};

/** The same experiment from other random numbers: weights, order, augmentation, dropout. */
export const withSeed = (experiment: Experiment, seed: number): Experiment => ({
  ...experiment,
  train: { ...experiment.train, seed },
});
