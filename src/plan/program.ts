/** A program: an experiment enters; its training graph and its fingerprints leave, plain data to print, hash and run. */

import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Graph } from "../graph/graph.js";
import { printGraph } from "../graph/print.js";
import type { Run } from "../model/segment.js";
import type { Data, Experiment } from "../normalize/experiment.js";
import { standard } from "../rewrite/passes.js";
import { recomputed } from "./recompute.js";
import { gatheringStep, trainingStep } from "./step.js";

export interface Program {
  readonly experiment: Experiment;
  /** The whole training step: forward, backward, update. */
  readonly training: Graph;
  /** What the backward pass makes again. */
  readonly again: readonly Run[];
  /** Where a batch comes in parts: what is done with each but the last, which is `training`'s. */
  readonly gathering: Graph | null;
  readonly fingerprint: Fingerprint;
}

/**
 * Equal meaning, equal fingerprint, whatever the spelling and wherever the files lie. Sixteen hexadecimal digits each.
 */
export interface Fingerprint {
  readonly graph: string;
  /** What a network is shown: the list of pairs, the classes, what each label value means, the colours' scale. */
  readonly data: string;
  /** The graph, and everything else that decides the weights at the end: data, augmentation, rate, seed. */
  readonly training: string;
}

const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** Sixteen hexadecimal digits of plain data. A Map counts as its entries; everything else as JSON has it. */
export const fingerprintOf = (value: unknown): string =>
  hash(JSON.stringify(value, (_, inner) => (inner instanceof Map ? [...inner].sort() : inner)));

/** Moving a dataset changes nothing; scoring on other splits and drawing in other colours do not either. */
const shown = ({
  root: _,
  val: __,
  test: ___,
  palette: ____,
  ...data
}: Data): Omit<Data, "root" | "val" | "test" | "palette"> => data;

/** From an experiment, which every rule has passed, to its program. */
export const lower = (experiment: Experiment): Program => {
  const again = recomputed(experiment);
  const steps = stepsOf(experiment, again);
  const [training, gathering = null] = steps;
  // Values that are made again are the same values: a training is what it would be if all were kept.
  const plain = again.length === 0 ? steps : stepsOf(experiment, []);
  const graph = hash(plain.map(printGraph).join(""));
  const data = fingerprintOf(shown(experiment.data));
  const file = experiment.model.weights;
  const weights = file && { ...file, file: basename(file.file) };
  // What only watches a training, and how it fits into its machine, decides none of its weights.
  const { validate: _, checkpoints: __, memory: ___, ...decisive } = experiment.train;
  // Strips stand in the graph.
  const { strips: ____, ...loss } = decisive.loss;
  const train = { ...decisive, loss };
  const fingerprint = { graph, data, training: fingerprintOf({ graph, data, weights, train }) };
  return { experiment, training, again, gathering, fingerprint };
};

/** The step, and where a batch comes in parts what is done with each but the last. */
const stepsOf = (experiment: Experiment, again: readonly Run[]): readonly [Graph, ...Graph[]] => {
  const training = trainingStep(experiment, standard, again);
  return experiment.train.accumulate === 1
    ? [training]
    : [training, gatheringStep(experiment, standard, again)];
};

/** The same experiment from other random numbers: weights, order, augmentation, dropout. */
export const withSeed = (experiment: Experiment, seed: number): Experiment => ({
  ...experiment,
  train: { ...experiment.train, seed },
});
