/** What a session must be able to do enters; the one TensorFlow model that can, over one set of variables, leaves. */

import type { Graph } from "../graph/graph.js";
import type { Ops } from "../graph/op.js";
import { averagePasses } from "../plan/average.js";
import type { Program } from "../plan/program.js";
import { evaluationStep, logitsStep, predictionStep } from "../plan/step.js";
import { standard } from "../rewrite/passes.js";
import { savedModel, stateOf } from "./lower.js";
import type { SavedModel } from "./proto.js";

export interface Size {
  readonly height: number;
  readonly width: number;
}

export const sizeName = ({ height, width }: Size): string => `${height}x${width}`;

/**
 * Signatures `train` (with `gather`, where a batch comes in parts), `evaluate_HxW`, `predict_HxW` and `logits_HxW`. In
 * a session that trains, networks are asked by the moving average of their weights where `train.ema` keeps one.
 */
export interface Abilities {
  readonly train?: boolean;
  readonly evaluate?: readonly Size[];
  readonly predict?: readonly Size[];
  readonly logits?: readonly Size[];
}

const graphsFor = (
  { experiment, training, gathering }: Program,
  { train = false, evaluate = [], predict = [], logits = [] }: Abilities,
): Readonly<Record<string, Graph>> => {
  const passes = train ? averagePasses(experiment.train, standard) : standard;
  const each = (name: string, sizes: readonly Size[], step: typeof evaluationStep) =>
    sizes.map((size): [string, Graph] => [
      `${name}_${sizeName(size)}`,
      step(experiment, size.height, size.width, passes),
    ]);
  return Object.fromEntries([
    ...(train ? [["train", training] as const] : []),
    ...(train && gathering !== null ? [["gather", gathering] as const] : []),
    ...each("evaluate", evaluate, evaluationStep),
    ...each("predict", predict, predictionStep),
    ...each("logits", logits, logitsStep),
  ]);
};

export interface Compiled {
  readonly model: SavedModel;
  /** What must be written before the first call. */
  readonly variables: readonly Ops["variable"][];
}

export const modelFor = (program: Program, can: Abilities): Compiled => {
  const graphs = graphsFor(program, can);
  return { model: savedModel(graphs), variables: stateOf(Object.values(graphs)) };
};
