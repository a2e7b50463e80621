/** What learns, and how fast: `optimizer`, `schedule`, `multipliers` and `freeze` of the section `train`. */

import { mapped } from "./codec.js";
import { byKeys, bySemantics, follows, key, preset, required, usually } from "./key.js";
import { tagged } from "./map.js";
import { type DecidedBy, section } from "./section.js";
import { choice, integer, list, real, tuple } from "./value.js";

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

const adamwSource = "PyTorch's `AdamW`";
const forgets = "a mean that keeps everything never moves";

const adamw = section("`adamw`", {
  betas: key(
    tuple(2, "numbers", real({ min: 0, max: 0.999999 }, forgets)),
    "Shares of the old means of the gradient and of its square that a step keeps.",
    usually([0.9, 0.999], adamwSource),
  ),
  epsilon: key(
    real({ above: 0 }),
    "Added to the root of the mean square.",
    usually(1e-8, adamwSource),
  ),
  weight_decay: key(
    real({ min: 0 }),
    "Share of the weight, times the rate, that a step takes off beside its move (decoupled).",
    usually(0.01, adamwSource),
  ),
  decay: key(
    choice("all", "kernels"),
    "What weight decay applies to: every parameter, or the kernels of convolutions alone.",
    usually("all", adamwSource),
  ),
});

const neither = "the optimizers are `sgd` and `adamw`";

/** A decided one is told by its keys: SGD alone has `momentum`, and is written as it was when there was no other. */
export const optimizer = mapped(
  tagged(
    "optimizer",
    {
      sgd: key(
        sgd,
        "Stochastic gradient descent with momentum and coupled weight decay.",
        byKeys({}),
      ),
      adamw: key(
        adamw,
        "Moves by the mean gradient over the root of its mean square, with decoupled weight decay (Loshchilov and Hutter 2019).",
        byKeys({}),
      ),
    },
    { adam: `${neither}; adamw without \`weight_decay\` is Adam`, rmsprop: neither, lars: neither },
  ),
  (chosen) => ("sgd" in chosen ? chosen.sgd : chosen.adamw),
);

const base = key(real({ above: 0 }), "Rate of the first step.", usually(0.01, paper));

const poly = section("`poly`", {
  base,
  power: key(
    real({ min: 0 }),
    "rate = (base − end)·(1 − i/iterations)^power + end.",
    usually(0.9, paper),
  ),
  end: key(real({ min: 0 }), "Rate that the schedule ends at.", preset("train.schedule.poly.end")),
});

const constant = section("`constant`", { base });

const cosine = section("`cosine`", {
  base,
  end: key(
    real({ min: 0 }),
    "rate = (base − end)·(1 + cos(π·i/iterations))/2 + end (Loshchilov and Hutter 2017).",
    usually(0, "PyTorch's `CosineAnnealingLR`"),
  ),
});

const milestones = section("`milestones`", {
  base,
  at: key(
    list("steps", integer({ min: 1 }), { min: 1, max: 64 }),
    "Steps at which the rate is multiplied by `factor`, counted from where this schedule begins.",
    required([1]),
    "steps",
  ),
  factor: key(
    real({ above: 0 }),
    "What the rate is multiplied by at each.",
    usually(0.1, "PyTorch's `MultiStepLR`"),
  ),
});

const plain = {
  poly: key(poly, "Falls as a power of the steps that are left.", byKeys({})),
  constant: key(constant, "Stays as it is.", byKeys({})),
  cosine: key(cosine, "Falls along half a cosine.", byKeys({})),
  milestones: key(milestones, "Falls in steps, at given steps.", required({ at: [1] })),
};

type Poly = DecidedBy<typeof plain.poly>;
type Plain =
  | Poly
  | ({ readonly kind: "constant" } & DecidedBy<typeof plain.constant>)
  | ({ readonly kind: "cosine" } & DecidedBy<typeof plain.cosine>)
  | ({ readonly kind: "milestones" } & DecidedBy<typeof plain.milestones>);

type Chosen =
  | { readonly poly: Poly }
  | { readonly constant: DecidedBy<typeof plain.constant> }
  | { readonly cosine: DecidedBy<typeof plain.cosine> }
  | { readonly milestones: DecidedBy<typeof plain.milestones> };

/** Poly has no `kind`: it is written as it was when there was no other. */
const kindOf = (chosen: Chosen): Plain => {
  if ("poly" in chosen) return chosen.poly;
  if ("constant" in chosen) return { kind: "constant", ...chosen.constant };
  if ("cosine" in chosen) return { kind: "cosine", ...chosen.cosine };
  return { kind: "milestones", ...chosen.milestones };
};

const warmup = section("`warmup`", {
  steps: key(
    integer({ min: 2 }, "the rate rises between the first and the last of them"),
    "Over these steps the rate rises on a line to the base of the schedule behind it.",
    required(2),
    "steps",
  ),
  from: key(
    real({ min: 0, max: 1 }, "it is a share of the base"),
    "Share of the base that the first step has; the last of the steps has all of it.",
    usually(0.001, "mmsegmentation's `LinearLR`"),
  ),
  schedule: key(
    mapped(tagged("schedule", plain), kindOf),
    "The schedule behind it, for which steps count from its own beginning.",
    byKeys("poly"),
  ),
});

/** A schedule alone, or behind a warm-up. */
export const schedule = mapped(
  tagged("schedule", {
    ...plain,
    warmup: key(
      warmup,
      "Rises on a line first, and goes on as another schedule.",
      required({ steps: 2 }),
    ),
  }),
  (chosen) => ("warmup" in chosen ? { kind: "warmup" as const, ...chosen.warmup } : kindOf(chosen)),
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
