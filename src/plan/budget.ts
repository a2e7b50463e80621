/** Whether a training fits into the memory that its spec allows: a resolved spec enters, what is wrong leaves. */

import type { Diagnostic } from "../diagnostic/diagnostic.js";
import type { Experiment } from "../normalize/experiment.js";
import type { Resolved } from "../normalize/normalize.js";
import { standard } from "../rewrite/passes.js";
import { normValues } from "../rules/train.js";
import * as says from "./errors.js";
import { footprint } from "./footprint.js";
import { within } from "./recompute.js";
import { trainingKernels, trainingStep } from "./step.js";

/** A spec whose budget cannot be met, whatever is recomputed. */
export const withinBudget = ({
  experiment,
}: Pick<Resolved, "experiment">): readonly Diagnostic[] => {
  const { memory, batch, crop } = experiment.train;
  if (memory === null || !("budget" in memory)) return [];
  const { budget } = memory;
  const { needs, segments } = within(budget, experiment);
  if (needs <= budget) return [];
  const { state, initial, process } = footprint(
    trainingStep(experiment, standard, segments),
    trainingKernels(experiment),
  );
  const sizes = { budget, least: needs, fixed: state + initial + process };
  return [says.overBudget(sizes, batch, crop, fittingParts(budget, experiment))];
};

/** The fewest parts in which the batch fits, and its norms still have something to average. */
const fittingParts = (budget: number, { train, ...rest }: Experiment): number | null => {
  const inParts = (accumulate: number): Experiment => ({
    ...rest,
    train: { ...train, accumulate },
  });
  const more = Array.from({ length: train.batch }, (_, i) => i + 1).filter(
    (n) => n > train.accumulate && train.batch % n === 0,
  );
  const fits = (n: number): boolean =>
    normValues(inParts(n), {}).length === 0 && within(budget, inParts(n)).needs <= budget;
  return more.find(fits) ?? null;
};
