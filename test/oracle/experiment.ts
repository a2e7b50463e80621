/** Small experiments for tests: what differs from a tiny PSPNet enters, the whole experiment leaves. */

import { usualStrides } from "../../src/language/geometry.js";
import type { Data, Evaluate, Experiment, Model, Train } from "../../src/normalize/experiment.js";

export interface Differs {
  readonly classes?: number;
  readonly data?: Partial<Data>;
  readonly backbone?: Partial<Model["backbone"]>;
  readonly pyramid?: Partial<NonNullable<Model["pyramid"]>> | null;
  readonly model?: Partial<Model>;
  readonly train?: Partial<Omit<Train, "loss">>;
  readonly loss?: Partial<Train["loss"]>;
  readonly evaluate?: Partial<Evaluate>;
}

/** Everything of a training that is off by default. */
export const off = {
  accumulate: 1,
  memory: null,
  clip: null,
  freeze: { stages: 0, norm: "none" },
  ema: null,
  validate: null,
  checkpoints: { every: null, keep: 2, best: "none" },
  recover: null,
} satisfies Partial<Train>;

/** The mean cross-entropy over the pixels that are not ignored. */
export const plainLoss: Train["loss"] = {
  mean_over: "valid",
  class_weights: null,
  smoothing: 0,
  focal: 0,
  mining: null,
  strips: 1,
  dice: 0,
};

/** Semantics as in semseg; basic blocks of width 4, crop 33, no dropout, no augmentation. */
export const tiny = (differs: Differs = {}): Experiment => {
  const { classes = 5, pyramid } = differs;
  return {
    data: {
      layout: "list",
      root: "",
      train: "",
      val: null,
      test: null,
      classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
      labels: new Map(Array.from({ length: classes }, (_, i) => [i, i])),
      images: null,
      damaged: "stop",
      label_format: "index",
      label_map: null,
      palette: null,
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
      ...differs.data,
    },
    model: {
      backbone: {
        block: "basic",
        blocks: [1, 1, 1, 1],
        width: 4,
        stem: { kind: "deep", channels: [4, 4, 8] },
        dilations: [1, 1, 2, 4],
        strides: usualStrides(differs.backbone?.dilations ?? [1, 1, 2, 4]),
        stride_site: "3x3",
        first_dilation: "full",
        dilated: "both",
        dilated_blocks: "all",
        pool: "max",
        activation: "relu",
        shortcut: "strided",
        projection: "needed",
        groups: null,
        split_attention: null,
        ...differs.backbone,
      },
      pyramid:
        pyramid === null
          ? null
          : { bins: [1, 2, 3], pool: "average", channels: 6, order: "ascending", ...pyramid },
      head: { channels: 8, dropout: 0 },
      auxiliary: { after: 3, channels: 6, dropout: 0, weight: 0.4 },
      align_corners: true,
      dropout: "channels",
      norm: { epsilon: 1e-5, momentum: 0.9, bias: "none" },
      weights: null,
      ...differs.model,
    },
    train: {
      iterations: 20,
      batch: 3,
      crop: [33, 33],
      seed: 1,
      precision: "f32",
      optimizer: { momentum: 0.9, weight_decay: 1e-4, decay: "all" },
      schedule: { base: 0.01, power: 0.9, end: 0 },
      multipliers: { new: 10, pyramid: 10, head: 10, auxiliary: 10, bias: 10 },
      loss: { ...plainLoss, ...differs.loss },
      augment: [],
      ...off,
      ...differs.train,
    },
    evaluate: {
      mode: "whole",
      window: [33, 33],
      overlap: 1 / 3,
      scales: [1],
      long_side: null,
      base: null,
      mirror: false,
      grid: "8n+1",
      padding: "centre",
      average: "probabilities",
      rounding: "nearest",
      absent_class: "zero",
      precision: "f32",
      boundary: null,
      ...differs.evaluate,
    },
  };
};

/** The published networks: bottleneck blocks of width 64, bins 1 2 3 6, 512 channels. */
export const pspnet = (
  blocks: Model["backbone"]["blocks"],
  classes: number,
  differs: Differs = {},
): Experiment =>
  tiny({
    ...differs,
    classes,
    backbone: {
      block: "bottleneck",
      blocks,
      width: 64,
      stem: { kind: "deep", channels: [64, 64, 128] },
      ...differs.backbone,
    },
    pyramid: differs.pyramid === null ? null : { bins: [1, 2, 3, 6], channels: 512 },
    model: {
      head: { channels: 512, dropout: 0 },
      auxiliary: { after: 3, channels: 256, dropout: 0, weight: 0.4 },
      ...differs.model,
    },
  });
