/** What a session must be able to do enters; the one TensorFlow model that can, over one set of variables, leaves. */

import { map } from "fp-ts/lib/Record.js";
import type { Graph } from "../graph/graph.js";
import type { Ops } from "../graph/op.js";
import {
  type Asked,
  averagePasses,
  evaluationStep,
  logitsStep,
  predictionStep,
} from "../plan/inference.js";
import type { Program } from "../plan/program.js";
import { type Kernels, plainCpu, withKernels } from "../rewrite/kernels.js";
import { standard } from "../rewrite/passes.js";
import { savedModel, stateOf } from "./lower.js";
import type { SavedModel } from "./proto.js";

export interface Size {
  readonly height: number;
  readonly width: number;
}

export const sizeName = ({ height, width }: Size): string => `${height}x${width}`;

/**
 * Signatures `train` (with `accumulate`, where a batch comes in parts), `evaluate_HxW`, `predict_HxW` and `logits_HxW`. In
 * a session that trains, networks are asked by the moving average of their weights where `train.ema` keeps one.
 */
export interface Abilities {
  readonly train?: boolean;
  readonly evaluate?: readonly Size[];
  readonly predict?: readonly Size[];
  readonly logits?: readonly Size[];
  /** Of each prediction. */
  readonly asked?: Asked;
  /** Whether an evaluation also gives the classes that it counts. */
  readonly classes?: boolean;
}

const graphsFor = (
  { experiment, training, accumulation }: Program,
  { train = false, evaluate = [], predict = [], logits = [], asked, classes = false }: Abilities,
): Readonly<Record<string, Graph>> => {
  const passes = train ? averagePasses(experiment.train, standard) : standard;
  type Compile = (height: number, width: number) => Graph;
  const each = (name: string, sizes: readonly Size[], compile: Compile) =>
    sizes.map((size): [string, Graph] => [
      `${name}_${sizeName(size)}`,
      compile(size.height, size.width),
    ]);
  return Object.fromEntries([
    ...(train ? [["train", training] as const] : []),
    ...(train && accumulation !== null ? [["accumulate", accumulation] as const] : []),
    ...each("evaluate", evaluate, (h, w) => evaluationStep(experiment, h, w, passes, { classes })),
    ...each("predict", predict, (h, w) => predictionStep(experiment, h, w, passes, asked)),
    ...each("logits", logits, (h, w) => logitsStep(experiment, h, w, passes)),
  ]);
};

export interface Compiled {
  readonly model: SavedModel;
  /** What must be written before the first call. */
  readonly variables: readonly Ops["variable"][];
}

/** With the kernels that suit a machine. */
export const modelFor = (
  program: Program,
  can: Abilities,
  kernels: Kernels = plainCpu,
): Compiled => {
  const onMachine = map((graph: Graph) => withKernels(graph, kernels));
  const graphs = onMachine(graphsFor(program, can));
  return { model: savedModel(graphs), variables: stateOf(Object.values(graphs)) };
};
