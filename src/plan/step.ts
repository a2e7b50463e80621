/** The steps of a program as graphs: an experiment enters; training, evaluation and prediction leave, each pure. */

import { clipped, descend, gatheredOf } from "../gradient/descend.js";
import {
  add,
  argmax,
  bincount,
  broadcast,
  cast,
  equal,
  input,
  multiply,
  part,
  reshape,
  resize,
  scalar,
  select,
  slice,
  softmax,
} from "../graph/compose.js";
import { type Graph, number, type Step, topological, type Update } from "../graph/graph.js";
import { type Node, shapeOf, type Variable } from "../graph/op.js";
import { verify } from "../graph/verify.js";
import { scores } from "../model/evaluate.js";
import { type Context, normalise, stepCounter } from "../model/layer.js";
import { network } from "../model/network.js";
import { IGNORE } from "../model/pixels.js";
import type { Run } from "../model/segment.js";
import type { Experiment } from "../normalize/experiment.js";
import { frugal, type Kernels, plainCpu } from "../rewrite/kernels.js";
import { inHalfPrecision, type Passes, standard } from "../rewrite/passes.js";
import { rewriteStep } from "../rewrite/rewrite.js";
import { context, type Objective } from "./objective.js";
import { multiplierOf } from "./schedule.js";
import { slopesOf } from "./slopes.js";

/** Running means and variances move as the batch norms that training passes through say. */
const statistics = (roots: readonly Node[]): Update<Node>[] =>
  topological(roots)
    .filter((node) => node.op === "batchNorm")
    .flatMap((node) =>
      [1, 2].map(
        (index): Update<Node> => ({
          kind: "assign",
          variable: node.args[2 + index],
          value: part(node, index),
        }),
      ),
    );

const decays =
  (of: Experiment["train"]["optimizer"]) =>
  (variable: Variable): number =>
    of.decay === "all" || variable.attributes.role === "kernel" ? of.weight_decay : 0;

const losses = ({ loss, main, auxiliary }: Objective): Step<Node>["results"] => ({
  loss,
  main,
  ...(auxiliary === null ? {} : { auxiliary }),
});

const assign = (variable: Node, value: Node): Update<Node> => ({ kind: "assign", variable, value });

/** Those asked for, and what the precision brings with it. */
export const trainingPasses = ({ train }: Experiment, asked: Passes = standard): Passes =>
  train.precision === "bf16" ? inHalfPrecision(asked) : asked;

/** Those of a machine; a training that says how to fit into memory has no room for faster forms. */
export const trainingKernels = ({ train }: Experiment, kernels: Kernels = plainCpu): Kernels =>
  train.memory === null ? kernels : frugal(kernels);

/**
 * (images u8 `[N, H, W, 3]`, labels u8 `[N, H, W]`, rate) → loss, with its two terms; weights, momentum, running
 * statistics and the step counter move. Where the batch comes in parts this is the last of them, which takes the
 * labels of all as `batch` too; the others are `gatheringStep`.
 *
 * In order: the parts' gradients are summed; the sum is clipped; weight decay is added; momentum; the weights move;
 * their average follows. The backward pass makes the blocks of each run of `again` again.
 */
export const trainingStep = (
  experiment: Experiment,
  asked: Passes = standard,
  again: readonly Run[] = [],
): Graph => trainingStepBy(experiment, trainingPasses(experiment, asked), again);

/** By these passes and no others. */
export const trainingStepBy = (
  experiment: Experiment,
  passes: Passes,
  again: readonly Run[] = [],
): Graph => {
  const { train } = experiment;
  const last = slopesOf(experiment, scalar(train.accumulate - 1, "i32"), passes, again);
  const { variables } = last;
  const sums = train.accumulate === 1 ? [] : variables.map(gatheredOf);
  const total = last.slopes.map((slope, i) => (sums.length === 0 ? slope : add(sums[i], slope)));
  const step: Step<Node> = {
    results: losses(last),
    updates: [
      ...descend(variables, train.clip === null ? total : clipped(total, train.clip), {
        rate: input("rate", "f32"),
        momentum: train.optimizer.momentum,
        decay: decays(train.optimizer),
        scale: ({ attributes }: Variable) => multiplierOf(train, attributes),
        average: train.ema,
      }),
      ...sums.map((sum) => assign(sum, broadcast(scalar(0), shapeOf(sum)))),
      ...statistics([last.loss]),
      assign(stepCounter(), add(stepCounter(), scalar(1, "i32"))),
    ],
  };
  return verify(number(rewriteStep(passes.whole, step)));
};

/**
 * A part of a batch that is not its last: (images u8 `[n, H, W, 3]`, labels u8 `[n, H, W]`, batch u8 `[N, H, W]`: the
 * labels of all parts, part i32 `[]`) → its share of the loss; gradients add up, running statistics move.
 */
export const gatheringStep = (
  experiment: Experiment,
  asked: Passes = standard,
  again: readonly Run[] = [],
): Graph => {
  const passes = trainingPasses(experiment, asked);
  const of = slopesOf(experiment, input("part", "i32"), passes, again);
  const gathered = of.variables.map((each, i) => {
    const sum = gatheredOf(each);
    return assign(sum, add(sum, of.slopes[i]));
  });
  const step = { results: losses(of), updates: [...gathered, ...statistics([of.loss])] };
  return verify(number(rewriteStep(passes.whole, step)));
};

/** Scores `[N, H, W, C]` of images u8 `[N, H, W, 3]`. */
const imageScores = (experiment: Experiment, images: Node): Node => {
  const { data, model, evaluate } = experiment;
  const forward = (x: Node): Node => {
    const [, h, w] = shapeOf(x);
    const { main } = network(context(experiment, "infer"), model, data.classes.length)(x);
    return resize(main, h, w, model.align_corners);
  };
  return scores(forward, evaluate)(normalise(data.mean, data.std)(images));
};

/** One image u8 `[H, W, 3]`, as a batch. */
const oneImage = (height: number, width: number): Node =>
  reshape(input("image", "u8", height, width, 3), [1, height, width, 3]);

/** A graph that only asks: nothing in it moves. */
const question = (results: Step<Node>["results"], { inference, forward }: Passes): Graph =>
  verify(number(rewriteStep(forward, rewriteStep(inference, { results, updates: [] }))));

/** What is asked of a prediction: images a call, and probabilities besides classes. */
export interface Asked {
  readonly batch?: number;
  readonly probabilities?: boolean;
}

/**
 * images u8 `[N, H, W, 3]` → the class of each pixel, u8 `[N, H, W]`, and if asked the probabilities of all, f32
 * `[N, H, W, C]`: where logits are averaged, of their mean.
 */
export const predictionStep = (
  experiment: Experiment,
  height: number,
  width: number,
  passes: Passes = standard,
  { batch = 1, probabilities = false }: Asked = {},
): Graph => {
  const images = input("images", "u8", batch, height, width, 3);
  const found = imageScores(experiment, images);
  const classes = reshape(cast(argmax(found), "u8"), [batch, height, width]);
  const shares = experiment.evaluate.average === "logits" ? softmax(found) : found;
  return question({ classes, ...(probabilities ? { probabilities: shares } : {}) }, passes);
};

/** Once over the whole image: no scales, no mirror, no windows, no softmax. */
const plainly = {
  mode: "whole",
  scales: [1],
  long_side: null,
  mirror: false,
  average: "logits",
} as const;

/** image u8 `[H, W, 3]` → the network's own numbers, f32 `[H, W, C]`, whatever `evaluate` says. */
export const logitsStep = (
  experiment: Experiment,
  height: number,
  width: number,
  passes: Passes = standard,
): Graph => {
  const plain = { ...experiment, evaluate: { ...experiment.evaluate, ...plainly } };
  const logits = imageScores(plain, oneImage(height, width));
  const shape = [height, width, experiment.data.classes.length];
  return question({ logits: reshape(logits, shape) }, passes);
};

/**
 * (image u8 `[H, W, 3]`, label u8 `[H, W]`) → confusion counts i32 `[C·C]`, row = truth, and if asked the class of each
 * pixel, u8 `[H, W]`.
 */
export const evaluationStep = (
  experiment: Experiment,
  height: number,
  width: number,
  passes: Passes = standard,
  asked: { readonly classes?: boolean } = {},
): Graph => {
  const c = experiment.data.classes.length;
  const found = argmax(imageScores(experiment, oneImage(height, width)));
  const predicted = reshape(found, [height * width]);
  const truth = reshape(cast(input("label", "u8", height, width), "i32"), [height * width]);
  const ignored = equal(truth, scalar(IGNORE, "i32"));
  const all = (value: number): Node => broadcast(scalar(value, "i32"), [height * width]);
  // Ignored pixels are counted in a bucket of their own, which is cut off.
  const bucket = select(ignored, all(c * c), add(multiply(truth, all(c)), predicted));
  const confusion = slice(bincount(bucket, c * c + 1), [0], [c * c]);
  const classes = asked.classes ? { classes: reshape(cast(found, "u8"), [height, width]) } : {};
  return question({ confusion, ...classes }, passes);
};

/**
 * The network alone, as the paper draws it, on one crop: normalised images `[1, H, W, 3]` → logits. What tables of
 * layers, parameters and multiply-accumulates are made from.
 */
export const networkGraph = (experiment: Experiment, phase: Context["phase"]): Graph => {
  const { data, model, train } = experiment;
  const image = input("image", "f32", 1, train.crop[0], train.crop[1], 3);
  const { main, auxiliary } = network(
    context(experiment, phase),
    model,
    data.classes.length,
  )(image);
  return verify(
    number({ results: { main, ...(auxiliary === null ? {} : { auxiliary }) }, updates: [] }),
  );
};
