/** The graphs of a network in use: evaluation, prediction, its logits, and the network as the paper draws it. */

import { none, some } from "fp-ts/lib/Option.js";
import { averageOf } from "../gradient/descend.js";
import {
  add,
  argmax,
  bincount,
  broadcast,
  cast,
  equal,
  input,
  multiply,
  reshape,
  resize,
  scalar,
  select,
  slice,
  softmax,
} from "../graph/compose.js";
import type { Graph, Step } from "../graph/graph.js";
import { graphOf } from "../graph/infer.js";
import { type Node, sizesOf } from "../graph/op.js";
import { isTrained } from "../graph/variable.js";
import type { Size } from "../language/geometry.js";
import { areWide, ignoredOf } from "../language/labels.js";
import { scores } from "../model/evaluate.js";
import { type Context, normalise } from "../model/layer.js";
import { network } from "../model/network.js";
import { isFrozen } from "../model/stages.js";
import type { Experiment, Train } from "../normalize/experiment.js";
import { asking, exporting, type Passes, standard } from "../rewrite/passes.js";
import { type Rewrite, rewriteStep } from "../rewrite/rewrite.js";
import { context } from "./objective.js";

/** Scores `[N, H, W, C]` of images `[N, H, W, 3]` of 0 to 255. */
const imageScores = (experiment: Experiment, images: Node): Node => {
  const { data, model, evaluate } = experiment;
  const forward = (x: Node): Node => {
    const [, h, w] = sizesOf(x, 4);
    const { main } = network(context(experiment, "infer"), model, data.classes.length)(x);
    return resize(main, h, w, model.align_corners);
  };
  return scores(forward, evaluate)(normalise(data.mean, data.std)(images));
};

/** One image u8 `[H, W, 3]`, as a batch. */
const oneImage = (height: number, width: number): Node =>
  reshape(input("image", "u8", height, width, 3), [1, height, width, 3]);

/** A graph that only asks: nothing in it moves. */
const question = (
  results: Step<Node>["results"],
  { inference, forward, precision }: Passes,
): Graph => {
  const exact = rewriteStep(forward, rewriteStep(inference, { results, updates: [] }));
  return graphOf(rewriteStep(precision, exact));
};

/** What is asked of a prediction: images a call, and probabilities besides classes. */
export interface Asked {
  readonly batch?: number;
  readonly probabilities?: boolean;
}

/** Class indices as they leave a graph: bytes, or above 255 classes whole numbers of 32 bits. */
const indicesOf = ({ data }: Experiment, found: Node): Node =>
  areWide(data.classes.length) ? found : cast(found, "u8");

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
  const classes = reshape(indicesOf(experiment, argmax(found)), [batch, height, width]);
  const shares = experiment.evaluate.average === "logits" ? softmax(found) : found;
  const results = { classes, ...(probabilities ? { probabilities: shares } : {}) };
  return question(results, asking(passes, experiment.evaluate.precision));
};

/** Once over the whole image: no scales, no mirror, no windows, no softmax. */
const plainly = {
  mode: "whole",
  scales: [1],
  long_side: null,
  base: null,
  mirror: false,
  average: "logits",
} as const;

/** image u8 `[H, W, 3]` → the network's own numbers in f32 `[H, W, C]`, whatever but `grid` `evaluate` says. */
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

/** What an exported network can be asked for. */
export const answers = ["classes", "probabilities", "logits"] as const;
export type Answer = (typeof answers)[number];

/** How it looks: once at the whole picture, or as `evaluate` says. */
export const looks = ["whole", "evaluated"] as const;
export type Look = (typeof looks)[number];

/** What an exported network takes and gives. */
export interface Border extends Size {
  /** The type of a pixel's numbers, which are bytes: some targets have none. */
  readonly image: "u8" | "i32";
  readonly give: readonly Answer[];
  readonly look: Look;
  /** Pictures a call. */
  readonly batch: number;
  /** The size of the pictures, where it is another: they are scaled to the network's, and what it says back to theirs. */
  readonly pictures?: Size | undefined;
}

/** What its scores are: where the probabilities of several looks are averaged, there are no logits. */
export const scoresOf = ({ evaluate }: Experiment, look: Look): "logits" | "probabilities" =>
  look === "evaluated" ? evaluate.average : "logits";

/**
 * The network that leaves: images `[N, H, W, 3]` of 0 to 255 → what is asked of `classes` i32 `[N, H, W]`,
 * `probabilities` and `logits`, both f32 `[N, H, W, C]`.
 */
export const exportStep = (
  experiment: Experiment,
  { height, width, image, give, look, batch, pictures }: Border,
  passes: Passes = exporting,
): Graph => {
  const plain = { ...experiment, evaluate: { ...experiment.evaluate, ...plainly } };
  const size = pictures ?? { height, width };
  const isScaled = size.height !== height || size.width !== width;
  const images = input("images", image, batch, size.height, size.width, 3);
  const sized = isScaled ? resize(cast(images, "f32"), height, width, false) : images;
  const own = imageScores(look === "evaluated" ? experiment : plain, sized);
  const scores = isScaled ? resize(own, size.height, size.width, false) : own;
  const areLogits = scoresOf(experiment, look) === "logits";
  const all: Readonly<Record<Answer, () => Node>> = {
    classes: () => argmax(scores),
    probabilities: () => (areLogits ? softmax(scores) : scores),
    logits: () => scores,
  };
  const asked = answers.filter((name) => give.includes(name) && (name !== "logits" || areLogits));
  return question(Object.fromEntries(asked.map((name) => [name, all[name]()])), passes);
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
  const truth = reshape(cast(input("label", areWide(c) ? "i32" : "u8", height, width), "i32"), [
    height * width,
  ]);
  const ignored = equal(truth, scalar(ignoredOf(c), "i32"));
  const all = (value: number): Node => broadcast(scalar(value, "i32"), [height * width]);
  // Ignored pixels are counted in a bucket of their own, which is cut off.
  const bucket = select(ignored, all(c * c), add(multiply(truth, all(c)), predicted));
  const confusion = slice(bincount(bucket, c * c + 1), [0], [c * c]);
  const classes = asked.classes
    ? { classes: reshape(indicesOf(experiment, found), [height, width]) }
    : {};
  return question({ confusion, ...classes }, asking(passes, experiment.evaluate.precision));
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
  return graphOf({ results: { main, ...(auxiliary === null ? {} : { auxiliary }) }, updates: [] });
};

/** For graphs that share their variables with a training; a file of weights holds the averages under the weights' names. */
export const averagePasses = ({ ema, freeze }: Train, passes: Passes): Passes => {
  const readAverage: Rewrite = {
    name: "read-average",
    law: "a network is scored by the moving average of its weights (`train.ema`); what is frozen has none",
    rule: (node) =>
      node.op === "variable" &&
      isTrained(node.attributes) &&
      !isFrozen(node.attributes.site, freeze)
        ? some(averageOf(node))
        : none,
  };
  return ema === null ? passes : { ...passes, inference: [readAverage, ...passes.inference] };
};
