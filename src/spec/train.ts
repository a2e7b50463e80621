/** The section `train`: how long, on what crops, with which rates and losses. */

import { augment } from "./augment.js";
import { closed } from "./closed.js";
import { documented } from "./codec.js";
import { list, tuple } from "./list.js";
import { oneOf } from "./one-of.js";
import { choice, integer, real } from "./scalar.js";
import { tagged } from "./tagged.js";

export const size = oneOf(
  integer({ min: 1, max: 16384 }),
  tuple(2, "whole numbers (height, width)", integer({ min: 1, max: 16384 })),
);

const sgd = closed(
  "`sgd`",
  {},
  {
    momentum: documented(
      real({ min: 0, below: 1 }, "a momentum of 1 never forgets"),
      "Default: 0.9.",
    ),
    weight_decay: documented(real({ min: 0 }), "Default: 1e-4."),
    decay: documented(
      choice("all", "kernels"),
      "What weight decay applies to: every parameter, or the kernels of convolutions alone.",
    ),
  },
);

const trainedBySgd = "the paper trains by `sgd`, the only optimizer so far";
const otherOptimizers = { adam: trainedBySgd, adamw: trainedBySgd, rmsprop: trainedBySgd };

const poly = closed(
  "`poly`",
  {},
  {
    base: documented(real({ above: 0 }), "Rate of the first step. Default: 0.01."),
    power: documented(
      real({ min: 0 }),
      "rate = (base − end)·(1 − i/iterations)^power + end. Default: 0.9.",
    ),
    end: documented(real({ min: 0 }), "Rate that the schedule ends at."),
  },
);

const loss = closed(
  "`loss`",
  {},
  {
    mean_over: documented(
      choice("valid", "all"),
      "Denominator of the cross-entropy: pixels that are not ignored, or all.",
    ),
    class_weights: documented(
      oneOf(choice("none"), list("weights, one a class", real({ min: 0 }))),
      "Weight of each class in the order of `data.classes`. Default: none.",
    ),
  },
);

export const train = closed(
  "`train`",
  {
    iterations: documented(
      integer({ min: 1 }, "training takes at least one step"),
      "Steps of training.",
    ),
  },
  {
    batch: documented(integer({ min: 1 }, "a step needs an image"), "Images a step. Default: 16."),
    crop: documented(size, "Crop in pixels, one number or [height, width]. Default: 473."),
    seed: documented(
      integer({ min: 0, max: 4294967295 }, "seeds have 32 bits"),
      "Decides every random choice. Default: 0.",
    ),
    precision: documented(
      choice("f32", "bf16"),
      "Number format of the convolutions. Default: f32.",
    ),
    optimizer: documented(
      tagged(
        "optimizer",
        { sgd: documented(sgd, "With momentum and coupled weight decay.") },
        ["sgd"],
        otherOptimizers,
      ),
      "Stochastic gradient descent.",
    ),
    schedule: documented(
      tagged(
        "schedule",
        { poly: documented(poly, "Falls as a power of the steps that are left.") },
        ["poly"],
      ),
      "The learning rate over the steps.",
    ),
    multipliers: documented(
      closed(
        "`multipliers`",
        {},
        { new: documented(real({ min: 0 }), "Of the layers that are not the backbone.") },
      ),
      "Factors on the learning rate, by group of layers.",
    ),
    loss: documented(loss, "The cross-entropy over the pixels."),
    augment: documented(
      augment,
      "What happens to image and label before the crop. Default: scale, rotate, blur, mirror as in the paper.",
    ),
  },
  {
    lr: "the learning rate is `schedule: {poly: {base: 0.01}}`",
    learning_rate: "the learning rate is `schedule: {poly: {base: 0.01}}`",
    batch_size: "it is called `batch`",
    crop_size: "it is called `crop`",
    epochs: "write `iterations`: epochs × images / batch",
    momentum: "it belongs under `optimizer: {sgd: {momentum: 0.9}}`",
    weight_decay: "it belongs under `optimizer: {sgd: {weight_decay: 1e-4}}`",
    ignore: "it belongs under `data`",
    classes: "classes belong under `data`",
  },
);
