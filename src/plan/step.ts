/** The steps of a program as graphs: an experiment enters; training, evaluation and prediction leave, each pure. */

import { descend } from "../gradient/descend.js";
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
} from "../graph/compose.js";
import { type Graph, number, type Step, topological, type Update } from "../graph/graph.js";
import { type Node, shapeOf, type Variable } from "../graph/op.js";
import { verify } from "../graph/verify.js";
import { scores } from "../model/evaluate.js";
import { type Context, normalise, stepCounter } from "../model/layer.js";
import { IGNORE, pixelLoss, totalLoss } from "../model/loss.js";
import { network } from "../model/network.js";
import type { Experiment } from "../normalize/experiment.js";
import { inHalfPrecision, type Passes, standard } from "../rewrite/passes.js";
import { rewriteNodes, rewriteStep } from "../rewrite/rewrite.js";

const context = ({ model, train }: Experiment, phase: Context["phase"]): Context => ({
  phase,
  norm: model.norm,
  alignCorners: model.align_corners,
  seed: train.seed,
});

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

const scales =
  (of: Experiment["train"]["multipliers"]) =>
  (variable: Variable): number =>
    variable.attributes.group === "backbone" ? 1 : of.new;

/**
 * (images u8 `[N, H, W, 3]`, labels u8 `[N, H, W]`, rate) → loss, with its two terms; weights, momentum, running
 * statistics and the step counter move.
 */
export const trainingStep = (experiment: Experiment, asked: Passes = standard): Graph => {
  const { data, model, train } = experiment;
  const passes = train.precision === "bf16" ? inHalfPrecision(asked) : asked;
  const [height, width] = train.crop;
  const images = input("images", "u8", train.batch, height, width, 3);
  const labels = input("labels", "u8", train.batch, height, width);
  const rate = input("rate", "f32");
  const logits = network(
    context(experiment, "train"),
    model,
    data.classes.length,
  )(normalise(data.mean, data.std)(images));
  const lossOf = (of: Node): Node => pixelLoss(of, labels, model.align_corners, train.loss);
  const main = lossOf(logits.main);
  const auxiliary = logits.auxiliary === null ? null : lossOf(logits.auxiliary);
  const written = totalLoss(main, auxiliary, model.auxiliary?.weight ?? 0);
  const cheaper = rewriteNodes(passes.forward, [written]);
  const rounded = rewriteNodes(passes.precision, [cheaper(written)]);
  const rewritten = (node: Node): Node => rounded(cheaper(node));
  const loss = rewritten(written);
  const step: Step<Node> = {
    results: {
      loss,
      main: rewritten(main),
      ...(auxiliary === null ? {} : { auxiliary: rewritten(auxiliary) }),
    },
    updates: [
      ...descend(loss, {
        rate,
        momentum: train.optimizer.momentum,
        decay: decays(train.optimizer),
        scale: scales(train.multipliers),
      }),
      ...statistics([loss]),
      { kind: "assign", variable: stepCounter(), value: add(stepCounter(), scalar(1, "i32")) },
    ],
  };
  return verify(number(rewriteStep(passes.whole, step)));
};

/** Scores `[1, H, W, C]` of one image u8 `[H, W, 3]`. */
const imageScores = (experiment: Experiment, height: number, width: number): Node => {
  const { data, model, evaluate } = experiment;
  const image = reshape(input("image", "u8", height, width, 3), [1, height, width, 3]);
  const forward = (x: Node): Node => {
    const [, h, w] = shapeOf(x);
    const { main } = network(context(experiment, "infer"), model, data.classes.length)(x);
    return resize(main, h, w, model.align_corners);
  };
  return scores(forward, evaluate)(normalise(data.mean, data.std)(image));
};

/** A graph that only asks: nothing in it moves. */
const question = (results: Step<Node>["results"], { inference, forward }: Passes): Graph =>
  verify(number(rewriteStep(forward, rewriteStep(inference, { results, updates: [] }))));

/** image u8 `[H, W, 3]` → the class of each pixel, u8 `[H, W]`. */
export const predictionStep = (
  experiment: Experiment,
  height: number,
  width: number,
  passes: Passes = standard,
): Graph => {
  const classes = argmax(imageScores(experiment, height, width));
  return question({ classes: reshape(cast(classes, "u8"), [height, width]) }, passes);
};

/** Once over the whole image: no scales, no mirror, no windows, no softmax. */
const plainly = { mode: "whole", scales: [1], mirror: false, average: "logits" } as const;

/** image u8 `[H, W, 3]` → the network's own numbers, f32 `[H, W, C]`, whatever `evaluate` says. */
export const logitsStep = (
  experiment: Experiment,
  height: number,
  width: number,
  passes: Passes = standard,
): Graph => {
  const plain = { ...experiment, evaluate: { ...experiment.evaluate, ...plainly } };
  const logits = imageScores(plain, height, width);
  const shape = [height, width, experiment.data.classes.length];
  return question({ logits: reshape(logits, shape) }, passes);
};

/** (image u8 `[H, W, 3]`, label u8 `[H, W]`) → confusion counts i32 `[C·C]`, row = truth. */
export const evaluationStep = (
  experiment: Experiment,
  height: number,
  width: number,
  passes: Passes = standard,
): Graph => {
  const c = experiment.data.classes.length;
  const predicted = reshape(argmax(imageScores(experiment, height, width)), [height * width]);
  const truth = reshape(cast(input("label", "u8", height, width), "i32"), [height * width]);
  const ignored = equal(truth, scalar(IGNORE, "i32"));
  const all = (value: number): Node => broadcast(scalar(value, "i32"), [height * width]);
  // Ignored pixels are counted in a bucket of their own, which is cut off.
  const bucket = select(ignored, all(c * c), add(multiply(truth, all(c)), predicted));
  return question({ confusion: slice(bincount(bucket, c * c + 1), [0], [c * c]) }, passes);
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
