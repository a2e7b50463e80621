/** A program: an experiment enters; its training graph and its fingerprints leave, plain data to print, hash and run. */

import { createHash } from "node:crypto";
import type { Graph } from "../graph/graph.js";
import { printGraph } from "../graph/print.js";
import type { Experiment } from "../normalize/experiment.js";
import { trainingStep } from "./step.js";

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

const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** Sixteen hexadecimal digits of plain data. A Map counts as its entries; everything else as JSON has it. */
export const fingerprintOf = (value: unknown): string =>
  hash(JSON.stringify(value, (_, inner) => (inner instanceof Map ? [...inner].sort() : inner)));

/** From an experiment, which every rule has passed, to its program. */
export const lower = (experiment: Experiment): Program => {
  const training = trainingStep(experiment);
  const graph = hash(printGraph(training));
  const { data, model } = experiment;
  // What only watches a training decides none of its weights.
  const { validate: _, checkpoints: __, ...train } = experiment.train;
  const decides = { graph, data, weights: model.weights, train };
  return { experiment, training, fingerprint: { graph, training: fingerprintOf(decides) } };
};

/** The same experiment from other random numbers: weights, order, augmentation, dropout. */
export const withSeed = (experiment: Experiment, seed: number): Experiment => ({
  ...experiment,
  train: { ...experiment.train, seed },
});
