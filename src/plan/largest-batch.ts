/** How large a batch a machine can train: an experiment and bytes enter, a number of images leaves. */

import type { Experiment } from "../normalize/experiment.js";
import { standard } from "../rewrite/passes.js";
import { footprint } from "./footprint.js";
import { recomputed, within } from "./recompute.js";
import { trainingKernels, trainingStep } from "./step.js";

/** The largest batch, in as many parts as the experiment says, whose training fits into `bytes`; 0 where none does. */
export const largestBatch = (experiment: Experiment, bytes: number): number => {
  const { train } = experiment;
  const { accumulate } = train;
  const needs = (size: number): number =>
    needsOf({ ...experiment, train: { ...train, batch: size * accumulate } });
  return accumulate * largest(needs, bytes);
};

/** Under a budget, the least that can be reached. */
const needsOf = (experiment: Experiment): number => {
  const { memory } = experiment.train;
  return memory != null && "budget" in memory
    ? within(0, experiment).needs
    : footprint(
        trainingStep(experiment, standard, recomputed(experiment)),
        trainingKernels(experiment),
      ).total;
};

/** Nobody trains with more. */
const MOST = 2 ** 16;

/**
 * The largest n with needs(n) ≤ limit, for a `needs` that grows. Memory is nearly a line in the batch, so that
 * following the line through the last two points finds it in a few looks.
 */
export const largest = (needs: (n: number) => number, limit: number): number => {
  let [fits, exceeds] = [0, MOST + 1];
  let [n, at] = [1, needs(1)];
  let slope = at;
  while (exceeds - fits > 1) {
    if (at <= limit) fits = Math.max(fits, n);
    else exceeds = Math.min(exceeds, n);
    if (exceeds - fits <= 1) break;
    const aim = n + Math.floor((limit - at) / slope);
    const next = Math.min(exceeds - 1, Math.max(fits + 1, aim));
    const there = needs(next);
    if (next !== n) slope = Math.max(1, (there - at) / (next - n));
    [n, at] = [next, there];
  }
  return fits;
};
