/** The scores of a network on a split, for programs to read: a confusion matrix enters, the answer of `eval --json` leaves. */

import type { Split } from "../data/layout.js";
import { boundaryScores } from "../metric/boundary.js";
import { type Scores, scores } from "../metric/scores.js";
import type { Evaluate, Experiment } from "../normalize/experiment.js";
import { fingerprintOf } from "../plan/program.js";
import type { Total } from "./tally.js";

export interface Evaluation {
  readonly split: string;
  readonly images: number;
  readonly miou: number;
  readonly mean_accuracy: number;
  readonly pixel_accuracy: number;
  readonly frequency_weighted_iou: number;
  /** Boundary F-score, the mean over the classes that occur; `null` where the spec does not ask for it. */
  readonly boundary: number | null;
  /** `null` where a class is absent and left out. */
  readonly classes: readonly {
    readonly name: string;
    readonly iou: number | null;
    readonly accuracy: number | null;
    readonly boundary: number | null;
  }[];
  /** Pixels [C][C]: row is truth, column is prediction. */
  readonly confusion: readonly (readonly number[])[];
  /** Of the training that made the weights, as far as the file says. */
  readonly fingerprint: string | null;
  /** How it was evaluated. */
  readonly evaluate: Evaluate;
}

/** Which weights: the training that made them, as far as their file says, and the steps it had done. */
export interface Weights {
  readonly training: string | null;
  readonly step: number;
}

/** Of everything that decides the scores: the pictures and what their labels mean, how it is evaluated, the weights. */
export const evaluationFingerprint = (
  { data, model, evaluate }: Experiment,
  split: Split,
  weights: Weights,
): string => {
  const { layout, root, classes, labels, label_format, label_map, mean, std } = data;
  const shown = { layout, root, name: data[split], classes, labels, label_format, label_map };
  const how = { align: model.align_corners, mean, std, ...evaluate };
  return fingerprintOf({ data: shown, how, split, weights });
};

export interface Scored {
  readonly scores: Scores;
  readonly evaluation: Evaluation;
}

export const scored = (
  { data, evaluate }: Experiment,
  { confusion, boundaries }: Total,
  about: Pick<Evaluation, "split" | "images" | "fingerprint">,
): Scored => {
  const found = scores(confusion, evaluate.absent_class);
  const near = boundaries === null ? null : boundaryScores(boundaries);
  const { classes, counts } = confusion;
  const evaluation: Evaluation = {
    split: about.split,
    images: about.images,
    miou: found.miou,
    mean_accuracy: found.mean_accuracy,
    pixel_accuracy: found.pixel_accuracy,
    frequency_weighted_iou: found.frequency_weighted_iou,
    boundary: near?.mean ?? null,
    classes: data.classes.map((name, c) => ({
      name,
      iou: found.iou[c] ?? null,
      accuracy: found.accuracy[c] ?? null,
      boundary: near?.classes[c] ?? null,
    })),
    confusion: data.classes.map((_, c) => [...counts.subarray(c * classes, (c + 1) * classes)]),
    fingerprint: about.fingerprint,
    evaluate,
  };
  return { scores: found, evaluation };
};
