/** What fits into memory: whether a training keeps to its spec's budget, and the largest batch that a machine can train. */

import type { Diagnostic } from "../diagnostic/diagnostic.js";
import type { Experiment } from "../normalize/experiment.js";
import type { Resolved } from "../normalize/normalize.js";
import { standard } from "../rewrite/passes.js";
import { binNorms, stageNorms } from "../rules/train.js";
import type { Sizing } from "../target/target.js";
import * as says from "./errors.js";
import { recomputed, within } from "./recompute.js";
import { isFrugal, trainingStep } from "./step.js";

/** A spec whose budget cannot be met, whatever is recomputed. */
export const budgetRule =
  (sizes: Sizing) =>
  ({ experiment }: Pick<Resolved, "experiment">): readonly Diagnostic[] => {
    const { memory, batch, crop } = experiment.train;
    if (memory === null || !("budget" in memory)) return [];
    const { budget } = memory;
    const { needs, segments } = within(budget, experiment, sizes);
    if (needs <= budget) return [];
    const step = trainingStep(experiment, standard, segments);
    const { state, initial, process } = sizes(step, isFrugal(experiment));
    const found = { budget, least: needs, fixed: state + initial + process };
    return [says.overBudget(found, batch, crop, fittingParts(budget, experiment, sizes))];
  };

/** The fewest parts in which the batch fits, and its norms still have something to average. */
const fittingParts = (
  budget: number,
  { train, ...rest }: Experiment,
  sizes: Sizing,
): number | null => {
  const inParts = (accumulate: number): Experiment => ({
    ...rest,
    train: { ...train, accumulate },
  });
  const more = Array.from({ length: train.batch }, (_, i) => i + 1).filter(
    (n) => n > train.accumulate && train.batch % n === 0,
  );
  const fits = (n: number): boolean =>
    [binNorms, stageNorms].every((rule) => rule(inParts(n), {}).length === 0) &&
    within(budget, inParts(n), sizes).needs <= budget;
  return more.find(fits) ?? null;
};

/** The largest batch, in as many parts as the experiment says, whose training fits into `bytes`; 0 where none does. */
export const largestBatch = (experiment: Experiment, bytes: number, sizes: Sizing): number => {
  const { train } = experiment;
  const { accumulate } = train;
  const needs = (size: number): number =>
    needsOf({ ...experiment, train: { ...train, batch: size * accumulate } }, sizes);
  return accumulate * largest(needs, bytes);
};

/** Under a budget, the least that can be reached. */
const needsOf = (experiment: Experiment, sizes: Sizing): number => {
  const { memory } = experiment.train;
  if (memory != null && "budget" in memory) return within(0, experiment, sizes).needs;
  const step = trainingStep(experiment, standard, recomputed(experiment, sizes));
  return sizes(step, isFrugal(experiment)).total;
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

/** A function of what decides sizes, with its last answers: an editor asks at every keystroke. */
export interface Remembered<A> {
  readonly of: (experiment: Experiment) => A;
  /** The answer if it was given before. */
  readonly known: (experiment: Experiment) => A | undefined;
  /** Takes an answer that was found elsewhere. */
  readonly learn: (experiment: Experiment, answer: A) => void;
}

const MOST_REMEMBERED = 256;

/** @param make composes the network, which takes a while. */
export const remembered = <A>(make: (experiment: Experiment) => A): Remembered<A> => {
  const answers = new Map<string, { readonly answer: A }>();
  const known = (experiment: Experiment) => answers.get(decisive(experiment));
  const learn = (experiment: Experiment, answer: A): void => {
    if (answers.size >= MOST_REMEMBERED) answers.clear();
    answers.set(decisive(experiment), { answer });
  };
  const of = (experiment: Experiment): A => {
    const answer = (known(experiment) ?? { answer: make(experiment) }).answer;
    learn(experiment, answer);
    return answer;
  };
  return { of, learn, known: (experiment) => known(experiment)?.answer };
};

/** Whatever the graph of a training step depends on, and more rather than less. */
const decisive = ({ data, model, train }: Experiment): string => {
  const { batch, crop, accumulate, memory, precision, optimizer } = train;
  const { clip, multipliers, freeze, ema, loss } = train;
  const ofTrain = [batch, crop, accumulate, memory, precision, optimizer, clip, freeze, ema, loss];
  return JSON.stringify([data.classes.length, model, multipliers, ofTrain]);
};
