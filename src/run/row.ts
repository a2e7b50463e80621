/** One line of a comparison: what a variant costs and what it reaches, over its seeds. */

import type { Evaluation } from "./evaluation.js";

/** Over the seeds: the mean, and the distance from the worst to the best. */
export interface Spread {
  readonly mean: number;
  readonly spread: number;
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
  readonly miou: Spread;
  readonly mean_accuracy: Spread;
  readonly pixel_accuracy: Spread;
  /** Mean over the seeds; `null` where a class is absent and left out. */
  readonly classes: readonly { readonly name: string; readonly iou: number | null }[];
  /** One a seed. */
  readonly evaluations: readonly Evaluation[];
}
