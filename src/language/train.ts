/** The section `train`: how long, on what crops, with which rates and losses. */

import { augment } from "./augment.js";
import { documented } from "./codec.js";
import { closed, tagged } from "./map.js";
import { choice, integer, list, oneOf, real, text, tuple } from "./value.js";

const pattern = /^(\d+(?:\.\d+)?) ?([kMGT]?)(i?)B?$/;

const bytes = oneOf(
  integer({ min: 1 }),
  text("an amount of memory such as `6GiB`, or bytes", pattern),
);

export const memory = tagged("way to save memory", {
  recompute: documented(
    choice("blocks", "stages"),
    "Makes every residual block again in the backward pass, one at a time, or every stage.",
  ),
  budget: documented(
    bytes,
    "What the training may need, as `6GiB`: makes again as little as that takes.",
  ),
});

/** Powers of 1,024 with an i, of 1,000 without; NaN where the text is no amount. */
export const bytesIn = (amount: string | number): number => {
  if (typeof amount === "number") return amount;
  const [, digits = "NaN", prefix = "", binary] = pattern.exec(amount) ?? [];
  const power = ["", "k", "M", "G", "T"].indexOf(prefix);
  return Math.round(Number(digits) * (binary === "i" ? 1024 : 1000) ** power);
};

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

const none = choice("none");

const mining = closed(
  "`mining`",
  {},
  {
    threshold: documented(
      real({ above: 0, max: 1 }, "it is a probability"),
      "Pixels whose class has at most this probability are hard. Default: 0.7.",
    ),
    keep: documented(
      integer({ min: 1 }, "the loss needs a pixel"),
      "How many pixels an image are kept at least, the hardest first. Default: 100000.",
    ),
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
      oneOf(none, list("weights, one a class", real({ min: 0 }))),
      "Weight of each class in the order of `data.classes`. Default: none.",
    ),
    mining: documented(
      oneOf(none, mining),
      "Online hard example mining: the loss of the hard pixels alone. Default: none.",
    ),
    strips: documented(
      integer({ min: 1, max: 64 }),
      "Rows at full resolution come in this many strips, one after another, so that only one is in memory. Default: 1.",
    ),
    dice: documented(
      real({ min: 0 }),
      "Weight of the soft Dice loss beside the cross-entropy. Default: 0, none.",
    ),
  },
);

const freeze = closed(
  "`freeze`",
  {},
  {
    stages: documented(
      choice(0, 1, 2, 3, 4),
      "The stem and as many stages keep their weights and statistics; 0 freezes nothing. Default: 0.",
    ),
    norm: documented(
      choice("none", "backbone", "all"),
      "Batch norms that use their running statistics and leave them; scale and shift still learn. Default: none.",
    ),
  },
);

const validate = closed(
  "`validate`",
  { every: documented(integer({ min: 1 }), "Steps between two validations.") },
  {
    images: documented(
      integer({ min: 1 }, "a score needs an image"),
      "How many images of the split, from its beginning. Default: all.",
    ),
  },
);

const checkpoints = closed(
  "`checkpoints`",
  {},
  {
    every: documented(integer({ min: 1 }), "Steps between two checkpoints. Default: by the clock."),
    keep: documented(
      integer({ min: 1 }, "a run resumes from its last one"),
      "How many of the last are kept. Default: 2.",
    ),
    best: documented(
      choice("none", "miou", "mean_accuracy", "pixel_accuracy"),
      "The score by which the best weights are kept beside the last. Default: miou where `validate` is written, else none.",
    ),
  },
);

const recover = closed(
  "`recover`",
  {},
  {
    factor: documented(
      real({ above: 0, below: 1 }, "the rate falls"),
      "What each attempt multiplies the rate by. Default: 0.5.",
    ),
    attempts: documented(integer({ min: 1 }), "How often, before the run stops. Default: 3."),
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
    accumulate: documented(
      integer({ min: 1 }, "the batch has at least one part"),
      "The batch goes through the device in this many equal parts, with one update. Default: 1.",
    ),
    memory: documented(
      oneOf(none, memory),
      "What the backward pass makes again instead of keeping it; the numbers stay the same. Default: none.",
    ),
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
    clip: documented(
      oneOf(none, real({ above: 0 })),
      "Largest norm of the whole gradient; a longer one is scaled down to it. Default: none.",
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
        {
          new: documented(real({ min: 0 }), "Of the layers that are not the backbone."),
          pyramid: documented(real({ min: 0 }), "Of the pyramid. Default: as `new`."),
          head: documented(real({ min: 0 }), "Of the head. Default: as `new`."),
          auxiliary: documented(real({ min: 0 }), "Of the auxiliary head. Default: as `new`."),
          bias: documented(
            real({ min: 0 }),
            "Of the classifiers' biases, in place of their layer's (Caffe: twice `new`).",
          ),
        },
      ),
      "Factors on the learning rate, by group of layers.",
    ),
    freeze: documented(freeze, "What does not learn."),
    ema: documented(
      oneOf(none, real({ min: 0, below: 1 }, "an average that keeps all never moves")),
      "Decay of an exponential moving average of the weights, which is what is scored and saved. Default: none.",
    ),
    loss: documented(loss, "The loss over the pixels."),
    augment: documented(
      augment,
      "What happens to image and label before the crop. Default: scale, rotate, blur, mirror as in the paper.",
    ),
    validate: documented(
      oneOf(none, validate),
      "Scores of the validation split while training. Default: none.",
    ),
    checkpoints: documented(checkpoints, "When the state is saved, and what is kept of it."),
    recover: documented(
      oneOf(none, recover),
      "After a loss that is not finite: back to the last checkpoint, with a lower rate. Default: none.",
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
