/** The map of the compiler: a spec enters; a program leaves, plain data that can be printed, hashed and run. */

import { createHash } from "node:crypto";
import type { Graph } from "./graph/graph.js";
import { printGraph } from "./graph/print.js";
import type { Experiment } from "./normalize/experiment.js";
import { evaluationStep, predictionStep, trainingStep } from "./plan/step.js";
import { savedModel } from "./tensorflow/lower.js";
import type { SavedModel } from "./tensorflow/proto.js";

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

const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** A Map prints as its entries; everything else as JSON has it. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner) => (inner instanceof Map ? [...inner].sort() : inner));

/** From an experiment, which every rule has passed, to its training graph. */
export const lower = (experiment: Experiment): Program => {
  const training = trainingStep(experiment);
  const graph = hash(printGraph(training));
  const { data, train } = experiment;
  return {
    experiment,
    training,
    fingerprint: { graph, training: hash(graph + canonical({ data, train })) },
  };
};

export const sizeName = ({ height, width }: Size): string => `${height}x${width}`;

/** What a session must be able to do: signatures `train`, `evaluate_HxW` and `predict_HxW`. */
export interface Abilities {
  readonly train?: boolean;
  readonly evaluate?: readonly Size[];
  readonly predict?: readonly Size[];
}

/** One TensorFlow model with a signature an ability, all over one set of weights. */
export const modelFor = ({ experiment, training }: Program, can: Abilities): SavedModel => {
  const each = (
    name: string,
    sizes: readonly Size[],
    step: typeof evaluationStep,
  ): Record<string, Graph> =>
    Object.fromEntries(
      sizes.map((size) => [`${name}_${sizeName(size)}`, step(experiment, size.height, size.width)]),
    );
  return savedModel({
    ...(can.train ? { train: training } : {}),
    ...each("evaluate", can.evaluate ?? [], evaluationStep),
    ...each("predict", can.predict ?? [], predictionStep),
  });
};
