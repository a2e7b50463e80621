/** A program: an experiment lowered to its training graphs, with its fingerprint and the stages of its compilation. */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { type Graph, printGraph } from "../graph/graph.js";
import type { RecomputeSegment } from "../model/stages.js";
import {
  type Augmentation,
  type Data,
  type Experiment,
  isShare,
  type Weights,
} from "../normalize/experiment.js";
import { type Passes, standard } from "../rewrite/passes.js";
import type { Rewrite } from "../rewrite/rewrite.js";
import type { Sizing } from "../target/target.js";
import { recomputed } from "./recompute.js";
import { accumulationStep, trainingPasses, trainingStep, trainingStepBy } from "./step.js";

export interface Program {
  readonly experiment: Experiment;
  /** The whole training step: forward, backward, update. */
  readonly training: Graph;
  /** Blocks that the backward pass recomputes, a segment at a time. */
  readonly recompute: readonly RecomputeSegment[];
  /** Where a batch comes in parts: what is done with each but the last, which is `training`'s. */
  readonly accumulation: Graph | null;
  readonly fingerprint: Fingerprint;
}

/**
 * Equal meaning, equal fingerprint, whatever the spelling. Sixteen hexadecimal digits each. No path stands in it:
 * which files a training reads, its own fingerprint tells by their bytes (run/training.ts).
 */
export interface Fingerprint {
  readonly graph: string;
  /** How a network is shown a pair: the classes, what each label value means, the colours' scale. */
  readonly data: string;
  /** The graph, and everything else in the spec that decides the weights at the end: data, augmentation, rate, seed. */
  readonly program: string;
}

/** Of SHA-256, which browsers only have as a promise. */
const hash = (text: string): string => bytesToHex(sha256(utf8ToBytes(text))).slice(0, 16);

/** Sixteen hexadecimal digits of plain data. A Map counts as its entries; everything else as JSON has it. */
export const fingerprintOf = (value: unknown): string =>
  hash(JSON.stringify(value, (_, inner) => (inner instanceof Map ? [...inner].sort() : inner)));

/**
 * Where the files are found decides nothing; scoring on other splits and drawing in other colours do not either, unless
 * a split is held out of what is trained on.
 */
const shown = (data: Data): object => {
  const { layout: _, root: __, train: ___, palette: ____, val, test, images, ...rest } = data;
  return {
    ...rest,
    ...(images === null ? {} : { images }),
    ...heldOut("val", val),
    ...heldOut("test", test),
  };
};

const heldOut = (split: "val" | "test", name: Data["val"]): object =>
  name === null || !isShare(name) ? {} : { [split]: name };

/** From an experiment, which every rule has passed, to its program. */
export const lowerFor =
  (sizes: Sizing) =>
  (experiment: Experiment): Program => {
    const recompute = recomputed(experiment, sizes);
    const steps = stepsOf(experiment, recompute);
    const [training, accumulation = null] = steps;
    // Recomputed values are equal to those kept: the fingerprint is that of the training that keeps all.
    const plain = recompute.length === 0 ? steps : stepsOf(experiment, []);
    const graph = hash(plain.map(printGraph).join(""));
    const data = fingerprintOf(shown(experiment.data));
    const file = experiment.model.weights;
    const weights = file && decisiveOf(file);
    // What only watches a training, and how it fits into its machine, decides none of its weights.
    const { validate: _, checkpoints: __, memory: ___, ...decisive } = experiment.train;
    // Strips stand in the graph.
    const { strips: ____, smoothing, focal, ...others } = decisive.loss;
    const later = { ...(smoothing === 0 ? {} : { smoothing }), ...(focal === 0 ? {} : { focal }) };
    const loss = { ...others, ...later };
    const train = { ...decisive, loss, augment: decisive.augment.map(decisiveStep) };
    const fingerprint = { graph, data, program: fingerprintOf({ graph, data, weights, train }) };
    return { experiment, training, recompute, accumulation, fingerprint };
  };

/** Where the factor is any one of the range, and of the picture, as before it could be another. */
const decisiveStep = (step: Augmentation): object => {
  if (step.op !== "scale") return step;
  const { step: apart, base, ...rest } = step;
  return {
    ...rest,
    ...(apart === null ? {} : { step: apart }),
    ...(base === null ? {} : { base }),
  };
};

/** Where nothing is replaced, as before anything could be. */
const decisiveOf = ({ file: _, replace, ...rest }: Weights) => ({
  ...rest,
  ...(replace === "none" ? {} : { replace }),
});

/** The step, and where a batch comes in parts what is done with each but the last. */
const stepsOf = (
  experiment: Experiment,
  recompute: readonly RecomputeSegment[],
): readonly [Graph, ...Graph[]] => {
  const training = trainingStep(experiment, standard, recompute);
  return experiment.train.accumulate === 1
    ? [training]
    : [training, accumulationStep(experiment, standard, recompute)];
};

/** The same experiment from other random numbers: weights, order, augmentation, dropout. */
export const withSeed = (experiment: Experiment, seed: number): Experiment => ({
  ...experiment,
  train: { ...experiment.train, seed },
});

export interface Stage {
  /** `as written`, or the rewrite's. */
  readonly name: string;
  /** Why the rewrite may be made. */
  readonly law: string | null;
  readonly graph: Graph;
}

/** What a target is given is the last. */
export const stages = (experiment: Experiment, sizes: Sizing): readonly Stage[] => {
  const { inference, forward, precision, whole } = trainingPasses(experiment);
  const all = [...forward, ...precision, ...whole];
  const through = (n: number): Passes => {
    const some = new Set(all.slice(0, n));
    const kept = (these: readonly Rewrite[]) => these.filter((rewrite) => some.has(rewrite));
    return { inference, forward: kept(forward), precision: kept(precision), whole: kept(whole) };
  };
  const rewrites = all.map(({ name, law }, i) => ({ name, law, n: i + 1 }));
  const steps = [{ name: "as written", law: null, n: 0 }, ...rewrites].map(({ name, law, n }) => ({
    name,
    law,
    graph: trainingStepBy(experiment, through(n)),
  }));
  const recompute = recomputed(experiment, sizes);
  return recompute.length === 0 ? steps : [...steps, recomputedStage(experiment, recompute)];
};

const recomputedStage = (
  experiment: Experiment,
  recompute: readonly RecomputeSegment[],
): Stage => ({
  name: "recompute",
  law: "equal operations on equal values make equal values, whenever they run",
  graph: trainingStep(experiment, standard, recompute),
});
