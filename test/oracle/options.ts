/** Trainings with one option each, and some with several, that PyTorch is asked about: three steps a case. */

import type { Training } from "./cases.js";
import { type Differs, tiny } from "./experiment.js";

export interface Option extends Training {
  /** Much is ignored in the first image and all of the last; else one pixel in eleven. */
  readonly uneven?: true;
}

const option = (name: string, differs: Differs, uneven?: true): Option => ({
  name: `option-${name}`,
  title: name.replaceAll("-", " "),
  experiment: tiny({
    ...differs,
    // Not narrower: of two channels one is often dead, and the norm behind a 1×1 kernel on the other takes its whole
    // gradient away; what is left is rounding.
    backbone: { stem: { kind: "conv7", channels: 4 }, ...differs.backbone },
    pyramid: { bins: [1, 3], channels: 4 },
    model: {
      head: { channels: 6, dropout: 0 },
      ...differs.model,
    },
    train: { batch: 4, crop: [49, 41], ...differs.train },
  }),
  ...(uneven && { uneven }),
});

const weighted = [1, 2, 0.5, 1, 3];
const dropout: Differs["model"] = {
  head: { channels: 6, dropout: 0.4 },
  auxiliary: { after: 3, channels: 6, dropout: 0.2, weight: 0.4 },
};

export const options: readonly Option[] = [
  option("dropout", { model: dropout }),
  option("dropout-of-elements", {
    model: { ...dropout, dropout: "elements" },
    train: { accumulate: 2 },
  }),
  // First blocks with stride 2 and dilation 2 and 4, which TensorFlow has no gradients of on a CPU.
  option("dilated-and-strided", {
    backbone: { strides: [1, 2, 2, 2] },
    train: { batch: 4, crop: [129, 97] },
  }),
  option("dilated-first", { backbone: { dilated: "first", blocks: [1, 1, 2, 2] } }),
  // Batch norm takes its gradient away, so that decay alone moves it. (At a decay of 0.1 one ReLU bends the other way.)
  option("bias-before-norms", {
    model: { norm: { epsilon: 1e-5, momentum: 0.9, bias: "new" } },
    train: { optimizer: { momentum: 0.9, weight_decay: 0.09, decay: "all" } },
  }),
  // Maps of 13×11 are odd: the last means are of one row, of one column, of one pixel.
  option("averaging-shortcuts", {
    backbone: { shortcut: "averaged", projection: "first", dilations: [1, 1, 1, 2] },
  }),
  option("ignored-valid", { loss: { class_weights: weighted } }, true),
  option("ignored-all", { loss: { mean_over: "all" } }, true),
  // Most pixels of a new network are below 0.7: the threshold chooses in one, the number in the other.
  option("mining-by-threshold", {
    loss: { mining: { threshold: 0.2, keep: 10 }, class_weights: weighted },
  }),
  option("mining-by-number", {
    loss: { mining: { threshold: 0.01, keep: 400 }, mean_over: "all" },
  }),
  option("mining-few-valid", { loss: { mining: { threshold: 0.01, keep: 1800 } } }, true),
  option("smoothing", { loss: { smoothing: 0.2, class_weights: weighted } }, true),
  option("smoothing-with-mining", {
    train: { accumulate: 2 },
    loss: { smoothing: 0.1, mining: { threshold: 0.01, keep: 400 } },
  }),
  option("focal", { loss: { focal: 2, class_weights: weighted } }, true),
  option("focal-with-mining", {
    train: { accumulate: 2 },
    loss: { focal: 0.5, mining: { threshold: 0.01, keep: 400 } },
  }),
  option("dice", { loss: { dice: 0.7, class_weights: weighted } }, true),
  // Batch norm takes the gradients of these kernels' lengths away: the smaller epsilon is, the more AdamW makes of what
  // rounding leaves.
  option("adamw", {
    train: { optimizer: { betas: [0.8, 0.95], epsilon: 1e-3, weight_decay: 0.5, decay: "all" } },
  }),
  option("adamw-all-together", {
    model: dropout,
    train: {
      accumulate: 2,
      clip: 0.3,
      ema: 0.8,
      optimizer: { betas: [0.9, 0.999], epsilon: 1e-2, weight_decay: 0.1, decay: "kernels" },
    },
  }),
  option("clip", { train: { clip: 0.3 } }),
  option("average", { train: { ema: 0.8 } }),
  option("frozen-stages", { train: { freeze: { stages: 2, norm: "none" } } }),
  option("frozen-norms", {
    backbone: { block: "bottleneck" },
    train: { freeze: { stages: 1, norm: "backbone" } },
  }),
  option("parts", { train: { accumulate: 2 }, loss: { class_weights: weighted } }, true),
  option("parts-mining", {
    train: { accumulate: 2 },
    loss: { mining: { threshold: 0.01, keep: 400 } },
  }),
  option(
    "all-together",
    {
      model: dropout,
      train: { accumulate: 2, clip: 0.3, ema: 0.8, freeze: { stages: 1, norm: "none" } },
      loss: { mining: { threshold: 0.01, keep: 400 }, dice: 0.5, class_weights: weighted },
    },
    true,
  ),
  // PyTorch sees the whole batch at once.
  option(
    "parts-are-the-whole",
    {
      model: dropout,
      train: { accumulate: 4, freeze: { stages: 0, norm: "all" } },
      loss: { dice: 0.5, class_weights: weighted },
    },
    true,
  ),
];
