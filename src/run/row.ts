/** One row of a comparison: what the trainings of a variant reach over their seeds, and what its network costs. */

import { macs, parameterCount } from "../graph/cost.js";
import type { Experiment } from "../normalize/experiment.js";
import { networkGraph } from "../plan/inference.js";
import { fingerprintOf } from "../plan/program.js";
import type { Evaluation } from "./evaluation.js";
import type { Run } from "./record.js";

/** Over the seeds: the mean, and the distance from the worst to the best. */
export interface Spread {
  /** `null` where no seed was scored on any pixel. */
  readonly mean: number | null;
  readonly spread: number | null;
}

export interface Row {
  readonly variant: string;
  readonly seeds: readonly number[];
  /** The run of each seed. */
  readonly runs: readonly string[];
  /** Of inference: parameters, and multiply-accumulates of one image of the training crop. */
  readonly parameters: number;
  readonly macs: number;
  /** Training time of one run, mean. */
  readonly seconds: number;
  /** Most main memory of a training, in bytes; `null` where no run recorded it. */
  readonly peak_memory: number | null;
  readonly miou: Spread;
  readonly mean_accuracy: Spread;
  readonly pixel_accuracy: Spread;
  /** Mean over the seeds; `null` where a class is absent and left out. */
  readonly classes: readonly { readonly name: string; readonly iou: number | null }[];
  /** One a seed. */
  readonly evaluations: readonly Evaluation[];
}

/** A training and what its weights reach. */
export interface Result {
  readonly folder: string;
  readonly run: Run;
  readonly evaluation: Evaluation;
}

export const rowOf = (
  variant: string,
  experiment: Experiment,
  results: readonly [Result, ...Result[]],
): Row => {
  const evaluations = results.map(({ evaluation }) => evaluation);
  const over = (of: (evaluation: Evaluation) => number | null): Spread =>
    spread(evaluations.map(of));
  const peaks = results.flatMap(({ run }) => run.peak_memory ?? []);
  return {
    variant,
    seeds: results.map(({ run }) => run.experiment.train.seed),
    runs: results.map(({ folder }) => folder),
    ...costs(experiment),
    seconds: mean(results.map(({ run }) => run.seconds)),
    peak_memory: peaks.length === 0 ? null : Math.max(...peaks),
    miou: over(({ miou }) => miou),
    mean_accuracy: over(({ mean_accuracy }) => mean_accuracy),
    pixel_accuracy: over(({ pixel_accuracy }) => pixel_accuracy),
    classes: results[0].evaluation.classes.map(({ name }, c) => ({
      name,
      iou: meanOfPresent(evaluations.map(({ classes }) => classes[c]?.iou ?? null)),
    })),
    evaluations,
  };
};

type Costs = Pick<Row, "parameters" | "macs">;

/** Of the network as the paper draws it, on one crop. */
export const costs = (experiment: Experiment): Costs => {
  const { model, data, train } = experiment;
  const key = fingerprintOf({ model, classes: data.classes.length, crop: train.crop });
  const known = counted.get(key);
  if (known !== undefined) return known;
  const graph = networkGraph(experiment, "infer");
  const found = { parameters: parameterCount(graph), macs: macs(graph) };
  counted.set(key, found);
  return found;
};

/** Networks by what decides them: a live page asks for the same ones again and again. */
const counted = new Map<string, Costs>();

const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

const meanOfPresent = (xs: readonly (number | null)[]): number | null => {
  const present = xs.filter((x) => x !== null);
  return present.length === 0 ? null : mean(present);
};

const spread = (scores: readonly (number | null)[]): Spread => {
  const measured = scores.filter((score) => score !== null);
  return measured.length === 0
    ? { mean: null, spread: null }
    : { mean: mean(measured), spread: Math.max(...measured) - Math.min(...measured) };
};
