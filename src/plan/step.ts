/** The training step of an experiment as a graph: forward pass, backward pass, and what moves by how much. */

import { invariant } from "../diagnostic/invariant.js";
import { accumulatorOf, clipped, descend, type Gradient } from "../gradient/descend.js";
import { add, broadcast, input, scalar } from "../graph/compose.js";
import { type Graph, type Step, topological, type Update } from "../graph/graph.js";
import { graphOf } from "../graph/infer.js";
import { type Node, shapeOf } from "../graph/op.js";
import { isDecayed } from "../graph/variable.js";
import { followBatch, runningOf, stepCounter } from "../model/layer.js";
import type { RecomputeSegment } from "../model/stages.js";
import type { Experiment, Train } from "../normalize/experiment.js";
import { inHalfPrecision, type Passes, standard } from "../rewrite/passes.js";
import { rewriteStep } from "../rewrite/rewrite.js";
import { frugally } from "../target/kernels.js";
import type { KernelChoice } from "../target/target.js";
import { lossGradients, type Objective } from "./objective.js";
import { multiplierOf } from "./schedule.js";

/** Of every norm that normalises by the batch on the way to `root`. */
const runningStatistics = (root: Node, { norm }: Experiment["model"]): Update<Node>[] =>
  topological([root])
    .filter((node) => node.op === "batchNorm")
    .flatMap((node) => {
      const [, scale] = node.args;
      invariant(scale?.op === "variable", "a norm's scale is a variable");
      return followBatch(node, runningOf(scale), norm.momentum);
    });

const losses = ({ loss, main, auxiliary }: Objective): Step<Node>["results"] => ({
  loss,
  main,
  ...(auxiliary === null ? {} : { auxiliary }),
});

const assign = (variable: Node, value: Node): Update<Node> => ({ variable, value });

/** Those asked for, and what the precision brings with it. */
export const trainingPasses = ({ train }: Experiment, asked: Passes = standard): Passes =>
  train.precision === "bf16" ? inHalfPrecision(asked) : asked;

/** A training that says how to fit into memory has no room for kernels that are faster and need more. */
export const isFrugal = ({ train }: Experiment): boolean => train.memory != null;

/** What is chosen for a machine, as far as a training has room for it. */
export const trainingKernels = <Machine>(
  experiment: Experiment,
  kernels: KernelChoice<Machine>,
): KernelChoice<Machine> => (isFrugal(experiment) ? frugally(kernels) : kernels);

type Moving = Pick<Train, "accumulate" | "clip" | "optimizer" | "multipliers" | "ema">;

/**
 * How a training moves its variables by the gradients of a batch's last part. In order: the parts' gradients are
 * summed; the sum is clipped; the optimizer moves the weights; their average follows.
 */
export const moves = (
  { accumulate, clip, optimizer, multipliers, ema }: Moving,
  gradients: readonly Gradient[],
  rate: Node,
): readonly Update<Node>[] => {
  const sums = accumulate === 1 ? [] : gradients.map(({ variable }) => accumulatorOf(variable));
  const whole = gradients.map(({ variable, value }) =>
    accumulate === 1
      ? { variable, value }
      : { variable, value: add(accumulatorOf(variable), value) },
  );
  return [
    ...descend(clip === null ? whole : clipped(whole, clip), {
      rate,
      by: "momentum" in optimizer ? optimizer : { ...optimizer, step: stepCounter() },
      decay: ({ attributes }) =>
        isDecayed(attributes, optimizer.decay) ? optimizer.weight_decay : 0,
      scale: ({ attributes }) => multiplierOf({ multipliers }, attributes),
      average: ema,
    }),
    ...sums.map((sum) => assign(sum, broadcast(scalar(0), shapeOf(sum)))),
  ];
};

/**
 * (images u8 `[N, H, W, 3]`, labels u8 `[N, H, W]`, rate) → loss, with its two terms; weights, momentum, running
 * statistics and the step counter move. Where the batch comes in parts this is the last of them, which takes the
 * labels of all as `batch` too; the others are `accumulationStep`. The backward pass recomputes the blocks of each
 * segment.
 */
export const trainingStep = (
  experiment: Experiment,
  asked: Passes = standard,
  recompute: readonly RecomputeSegment[] = [],
): Graph => trainingStepBy(experiment, trainingPasses(experiment, asked), recompute);

/** By these passes and no others. */
export const trainingStepBy = (
  experiment: Experiment,
  passes: Passes,
  recompute: readonly RecomputeSegment[] = [],
): Graph => {
  const { train } = experiment;
  const last = lossGradients(experiment, scalar(train.accumulate - 1, "i32"), passes, recompute);
  const step: Step<Node> = {
    results: losses(last),
    updates: [
      ...moves(train, last.gradients, input("rate", "f32")),
      ...runningStatistics(last.loss, experiment.model),
      assign(stepCounter(), add(stepCounter(), scalar(1, "i32"))),
    ],
  };
  return graphOf(rewriteStep(passes.whole, step));
};

/**
 * A part of a batch that is not its last: (images u8 `[n, H, W, 3]`, labels u8 `[n, H, W]`, batch u8 `[N, H, W]`: the
 * labels of all parts, part i32 `[]`) → its share of the loss; gradients add up, running statistics move.
 */
export const accumulationStep = (
  experiment: Experiment,
  asked: Passes = standard,
  recompute: readonly RecomputeSegment[] = [],
): Graph => {
  const passes = trainingPasses(experiment, asked);
  const of = lossGradients(experiment, input("part", "i32"), passes, recompute);
  const sums = of.gradients.map(({ variable, value }) => {
    const sum = accumulatorOf(variable);
    return assign(sum, add(sum, value));
  });
  const step = {
    results: losses(of),
    updates: [...sums, ...runningStatistics(of.loss, experiment.model)],
  };
  return graphOf(rewriteStep(passes.whole, step));
};
