/** What learns, and how fast: `optimizer`, `schedule`, `multipliers` and `freeze` of the section `train`. */

import { mapped } from "./codec.js";
import { byKeys, bySemantics, follows, key, preset, usually } from "./key.js";
import { tagged } from "./map.js";
import { section } from "./section.js";
import { choice, real } from "./value.js";

export const paper = "paper, section 4.1";

const sgd = section("`sgd`", {
  momentum: key(
    real({ min: 0, below: 1 }, "a momentum of 1 never forgets"),
    "Share of the last step that is kept in the next.",
    usually(0.9, paper),
  ),
  weight_decay: key(
    real({ min: 0 }),
    "Added to the gradient as a multiple of the weight.",
    usually(1e-4, paper),
  ),
  decay: key(
    choice("all", "kernels"),
    "What weight decay applies to: every parameter, or the kernels of convolutions alone.",
    preset("train.optimizer.sgd.decay"),
  ),
});

const trainedBySgd = "the paper trains by `sgd`, the only optimizer so far";

export const optimizer = mapped(
  tagged(
    "optimizer",
    { sgd: key(sgd, "With momentum and coupled weight decay.", byKeys({})) },
    { adam: trainedBySgd, adamw: trainedBySgd, rmsprop: trainedBySgd },
  ),
  (chosen) => chosen.sgd,
);

const poly = section("`poly`", {
  base: key(real({ above: 0 }), "Rate of the first step.", usually(0.01, paper)),
  power: key(
    real({ min: 0 }),
    "rate = (base − end)·(1 − i/iterations)^power + end.",
    usually(0.9, paper),
  ),
  end: key(real({ min: 0 }), "Rate that the schedule ends at.", preset("train.schedule.poly.end")),
});

export const schedule = mapped(
  tagged("schedule", {
    poly: key(poly, "Falls as a power of the steps that are left.", byKeys({})),
  }),
  (chosen) => chosen.poly,
);

/** Of all that is not the backbone, where the others do not differ. */
const fresh = key(
  real({ min: 0 }),
  "Of the layers that are not the backbone.",
  preset("train.multipliers.new"),
);

const asNew = follows(fresh, "`train.multipliers.new`");

export const multipliers = section("`multipliers`", {
  new: fresh,
  pyramid: key(real({ min: 0 }), "Of the pyramid.", asNew),
  head: key(real({ min: 0 }), "Of the head.", asNew),
  auxiliary: key(real({ min: 0 }), "Of the auxiliary head.", asNew),
  bias: key(
    real({ min: 0 }),
    "Of the classifiers' biases, in place of their layer's (Caffe: twice `new`).",
    bySemantics(
      "train.multipliers.bias",
      (factor, scope) => factor * scope.read(fresh),
      " × `train.multipliers.new`",
    ),
  ),
});

export const freeze = section("`freeze`", {
  stages: key(
    choice(0, 1, 2, 3, 4),
    "The stem and as many stages keep their weights and statistics (mmsegmentation's `frozen_stages`); 0 freezes nothing.",
    usually(0, "everything learns"),
  ),
  norm: key(
    choice("none", "backbone", "all"),
    "Batch norms that use their running statistics and leave them (mmsegmentation's `norm_eval`); scale and shift still learn.",
    usually("none", "batch statistics"),
  ),
});
