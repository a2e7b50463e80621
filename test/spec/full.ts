/** A spec in which every section is written, as a TypeScript author writes it. */

import { defineSpec } from "../../src/spec/spec.js";

export const full = defineSpec({
  pspc: 1,
  semantics: "mmseg",
  data: {
    layout: "list",
    root: "data",
    train: "train.txt",
    val: "val.txt",
    test: "test.txt",
    classes: ["sky", "road", "car"],
    labels: { 0: "ignore", 7: "sky", 8: "road", 9: "car" },
    ignore: [10, 11],
    mean: [120, 110, 100],
    std: [60, 60, 60],
  },
  model: {
    backbone: {
      resnet: { block: "bottleneck", blocks: [1, 1, 1, 1], width: 32 },
      stem: { deep: [16, 16, 32] },
      dilations: [1, 1, 2, 4],
      stride_site: "1x1",
      first_dilation: "full",
      weights: "start.safetensors",
    },
    pyramid: { bins: [1, 2, 3, 6], pool: "max", reduction: 4, order: "descending" },
    head: { channels: 64, dropout: 0.2 },
    auxiliary: { after: 2, channels: 32, dropout: 0, weight: 0.3 },
    align_corners: true,
    norm: { epsilon: 1e-4, momentum: 0.95 },
  },
  train: {
    iterations: 100,
    batch: 4,
    crop: [89, 137],
    seed: 7,
    precision: "f32",
    optimizer: { sgd: { momentum: 0.8, weight_decay: 0, decay: "kernels" } },
    schedule: { poly: { base: 0.02, power: 1, end: 0.001 } },
    multipliers: { new: 5 },
    loss: { mean_over: "all", class_weights: [1, 2, 3] },
    augment: [
      { mirror: 0.3 },
      { scale: { range: [0.5, 1.5], aspect: 1.2 } },
      { rotate: { range: [-5, 5], probability: 0.1 } },
      "blur",
      { jitter: { brightness: 0.1, contrast: 0.2, saturation: 0.3 } },
    ],
  },
  evaluate: {
    mode: "slide",
    window: [89, 89],
    overlap: "1/2",
    scales: [0.5, 1],
    mirror: true,
    average: "probabilities",
    absent_class: "one",
  },
  variants: {
    fcn: { "model.pyramid": "none" },
    bins: { matrix: { "model.pyramid.bins": [[1], [1, 2]] } },
  },
});
