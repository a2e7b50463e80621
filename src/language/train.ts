/** The section `train`: how long, on what crops, with which rates and losses. */

import { augment } from "./augment.js";
import { meaning } from "./codec.js";
import { absent, byKeys, computed, inferred, key, preset, required, usually } from "./key.js";
import { tagged } from "./map.js";
import { freeze, multipliers, optimizer, paper, schedule } from "./optimizer.js";
import { section } from "./section.js";
import { choice, integer, list, none, oneOf, real, size, text } from "./value.js";

const amount = /^(\d+(?:\.\d+)?) ?([kMGT]?)(i?)B?$/;

/** Powers of 1,024 with an i, of 1,000 without; NaN where the text is no amount. */
export const bytesIn = (written: string | number): number => {
  if (typeof written === "number") return written;
  const [, digits = "NaN", prefix = "", binary] = amount.exec(written) ?? [];
  const power = ["", "k", "M", "G", "T"].indexOf(prefix);
  return Math.round(Number(digits) * (binary === "i" ? 1024 : 1000) ** power);
};

const memory = tagged("way to save memory", {
  recompute: key(
    choice("blocks", "stages"),
    "Recomputes every residual block in the backward pass, one at a time, or every stage.",
    required("blocks"),
  ),
  budget: key(
    meaning(
      oneOf(integer({ min: 1 }), text("an amount of memory such as `6GiB`, or bytes", amount)),
      bytesIn,
    ),
    "What the training may need, as `6GiB`: recomputes as little as that takes.",
    required(1),
  ),
});

const miningSource = "mmsegmentation `OHEMPixelSampler`";

const mining = section("`mining`", {
  threshold: key(
    real({ above: 0, max: 1 }, "it is a probability"),
    "Pixels whose class has at most this probability are hard.",
    usually(0.7, miningSource),
  ),
  keep: key(
    integer({ min: 1 }, "the loss needs a pixel"),
    "How many pixels of each image are kept at least, the hardest first.",
    usually(100000, miningSource),
    "pixels",
  ),
});

const loss = section("`loss`", {
  mean_over: key(
    choice("valid", "all"),
    "Denominator of the cross-entropy: pixels that are not ignored, or all.",
    preset("train.loss.mean_over"),
  ),
  class_weights: key(
    oneOf(none, list("weights, one a class", real({ min: 0 }))),
    "Weight of each class in the order of `data.classes`: a weighted mean, as in PyTorch.",
    usually("none", "all classes weigh the same"),
  ),
  smoothing: key(
    real({ min: 0, below: 1 }, "the label keeps a share"),
    "Label smoothing: this share of each label is spread evenly over all classes (Szegedy et al. 2016, as in PyTorch).",
    usually(0, "the label alone"),
  ),
  focal: key(
    real({ min: 0, max: 16 }),
    "Focal loss: each pixel's cross-entropy times (1 − p)^γ, of this γ, p the probability that the softmax gives its class (Lin et al. 2017, equation 4, over all classes; mmsegmentation's `FocalLoss` takes a sigmoid a class). The mean is that of the cross-entropy.",
    usually(0, "every pixel's cross-entropy as it is"),
  ),
  mining: key(
    oneOf(none, mining),
    "Online hard example mining: the loss of the hard pixels alone.",
    usually("none", "easy pixels count too"),
  ),
  strips: key(
    integer({ min: 1, max: 64 }),
    "The loss at full resolution is computed in this many strips of rows, one after another, so that only one is in memory.",
    usually(1, "the whole map at once"),
  ),
  dice: key(
    real({ min: 0 }),
    "Weight of the soft Dice loss beside the cross-entropy: 1 − (2·Σpy + 1) / (Σp² + Σy² + 1) over the pixels that are not ignored, averaged over the classes that an image has (mmsegmentation keeps ignored pixels in Σp², and averages over all classes).",
    usually(0, "cross-entropy alone"),
  ),
});

const validate = key(
  oneOf(
    none,
    section("`validate`", {
      every: key(integer({ min: 1 }), "Steps between two validations.", required(1), "steps"),
      images: key(
        integer({ min: 1 }, "a score needs an image"),
        "How many images of the split, from its beginning.",
        absent("all of them"),
        "images",
      ),
    }),
  ),
  "Scores of the validation split while training.",
  usually("none", "scored once, after training"),
);

const checkpoints = section("`checkpoints`", {
  every: key(
    integer({ min: 1 }),
    "Steps between two checkpoints.",
    absent("by the clock"),
    "steps",
  ),
  keep: key(
    integer({ min: 1 }, "a run resumes from its last one"),
    "How many of the last are kept.",
    usually(2, "the last, and a spare in case it is damaged"),
  ),
  best: key(
    choice("none", "miou", "mean_accuracy", "pixel_accuracy"),
    "The score by which the best weights are kept beside the last.",
    computed("`miou` where `train.validate` is written, else `none`", (scope) =>
      scope.read(validate) === null
        ? inferred("none", "nothing is scored before the end")
        : inferred("miou", "`train.validate` scores it"),
    ),
  ),
});

const recover = section("`recover`", {
  factor: key(
    real({ above: 0, below: 1 }, "the rate falls"),
    "What each attempt multiplies the rate by.",
    usually(0.5, "half the rate"),
  ),
  attempts: key(
    integer({ min: 1 }),
    "How often, before the run stops.",
    usually(3, "after that a person should look"),
  ),
});

export const crop = key(
  size,
  "Crop in pixels, one number or [height, width].",
  usually(473, "semseg, for ADE20K and VOC"),
  "pixels",
);

export const train = section(
  "`train`",
  {
    iterations: key(
      integer({ min: 1 }, "training takes at least one step"),
      "Steps of training.",
      required(1),
      "steps",
    ),
    batch: key(
      integer({ min: 1 }, "a step needs an image"),
      "Images a step.",
      usually(16, paper),
      "images",
    ),
    accumulate: key(
      integer({ min: 1 }, "the batch has at least one part"),
      "The batch goes through the device in this many equal parts, whose gradients are accumulated for one update.",
      usually(1, "the whole batch at once"),
    ),
    memory: key(
      oneOf(none, memory),
      "What the backward pass recomputes instead of keeping it; the numbers stay the same.",
      usually("none", "everything is kept"),
    ),
    crop,
    seed: key(
      integer({ min: 0, max: 4294967295 }, "seeds have 32 bits"),
      "Decides every random choice.",
      usually(0, "any number will do"),
    ),
    precision: key(
      choice("f32", "bf16"),
      "Number format of the convolutions.",
      usually("f32", "every device supports it"),
    ),
    optimizer: key(optimizer, "How the weights move by their gradients.", byKeys("sgd")),
    clip: key(
      oneOf(none, real({ above: 0 })),
      "Largest norm of the whole gradient before weight decay; a longer one is scaled down to it.",
      usually("none", "semseg does not clip"),
    ),
    schedule: key(schedule, "The learning rate over the steps.", byKeys("poly")),
    multipliers: key(multipliers, "Factors on the learning rate, by group of layers.", byKeys({})),
    freeze: key(freeze, "What does not learn.", byKeys({})),
    ema: key(
      oneOf(none, real({ min: 0, below: 1 }, "an average that keeps all never moves")),
      "Decay of an exponential moving average of the weights, which is what is scored and saved.",
      usually("none", "the weights of the last step"),
    ),
    loss: key(loss, "The loss over the pixels.", byKeys({})),
    augment,
    validate,
    checkpoints: key(checkpoints, "When the state is saved, and what is kept of it.", byKeys({})),
    recover: key(
      oneOf(none, recover),
      "After a loss that is not finite: back to the last checkpoint, with a lower rate.",
      usually("none", "a loss that is not finite stops the run"),
    ),
  },
  {
    hints: {
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
  },
);
