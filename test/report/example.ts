/** Experiments, evaluations and rows for tests of the reports. */

import * as E from "fp-ts/lib/Either.js";
import { checkStill } from "../../src/compile.js";
import { fromCounts } from "../../src/metric/scores.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import type { Compared } from "../../src/report/scores.js";
import { type Evaluation, scored } from "../../src/run/evaluation.js";

/** The experiment of a spec with the given model and training, in YAML's flow form. */
export const experiment = (model: string, train = "{iterations: 100, crop: 89}"): Experiment => {
  const text = `{pspc: 1, data: {root: ., train: t, classes: [sky, road, car]}, model: ${model}, train: ${train}}`;
  const { result } = checkStill({ cwd: "/", read: () => E.right(text) })({ entry: "spec.yaml" });
  if (E.isLeft(result)) throw new Error(result.left.map(({ message }) => message).join("; "));
  return result.right.experiment;
};

/** Of three classes; the last occurs nowhere when `car` is 0. */
export const evaluation = (right: number, car = 50): Evaluation => {
  const wrong = 100 - right;
  const counts = fromCounts([right, wrong, 0, wrong, right, 0, 0, 0, car], 3);
  const about = { split: "test", images: 1234, fingerprint: null } as const;
  const base = experiment("{}");
  const evaluate = { ...base.evaluate, absent_class: "skip" } as const;
  return scored({ ...base, evaluate }, { confusion: counts, boundaries: null }, about).evaluation;
};

const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

/** Of a split whose labels are all ignored. */
export const unscored = (): Evaluation => {
  const about = { split: "val", images: 3, fingerprint: null } as const;
  const nothing = {
    confusion: fromCounts(
      Array.from({ length: 9 }, () => 0),
      3,
    ),
    boundaries: null,
  };
  return scored(experiment("{}"), nothing, about).evaluation;
};

/** A row over one seed for each of `rights`. */
export const row = (variant: string, ...rights: readonly number[]): Compared => {
  const evaluations = rights.map((right) => evaluation(right));
  const over = (of: (one: Evaluation) => number | null) => {
    const all = evaluations.map((one) => of(one) ?? Number.NaN);
    return { mean: mean(all), spread: Math.max(...all) - Math.min(...all) };
  };
  return {
    variant,
    differences:
      variant === "fcn" ? [] : [{ path: "model.pyramid", left: null, right: { bins: [1, 2] } }],
    seeds: rights.map((_, i) => i),
    runs: rights.map((_, i) => `runs/${variant}-seed${i}`),
    parameters: 1_234_567,
    macs: 2.5e9,
    seconds: 125,
    peak_memory: 1.5 * 2 ** 30,
    miou: over(({ miou }) => miou),
    mean_accuracy: over(({ mean_accuracy }) => mean_accuracy),
    pixel_accuracy: over(({ pixel_accuracy }) => pixel_accuracy),
    classes: evaluation(rights[0] ?? 0).classes,
    evaluations,
  };
};
