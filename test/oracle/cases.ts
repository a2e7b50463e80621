/** Networks and trainings that PyTorch is asked about. */

import type { Experiment } from "../../src/normalize/experiment.js";
import { type Differs, pspnet, tiny } from "./experiment.js";

export interface Forward {
  readonly name: string;
  /** In docs/numerics.md. */
  readonly title: string;
  readonly experiment: Experiment;
  readonly size: readonly [height: number, width: number];
  /** Takes a minute: run where it is asked for. */
  readonly slow?: true;
}

const bottleneck: Differs["backbone"] = {
  block: "bottleneck",
  width: 2,
  stem: { kind: "conv7", channels: 6 },
  stride_site: "1x1",
  first_dilation: "contracted",
};

export const forwards: readonly Forward[] = [
  {
    name: "basic-deep",
    title: "basic blocks, deep stem, bins 1 2 3 6, map 9×7",
    experiment: tiny({ pyramid: { bins: [1, 2, 3, 6] } }),
    size: [65, 49],
  },
  {
    name: "bottleneck-conv7-max",
    title: "bottlenecks, 7×7 stem, max pooling, areas, stride on the 1×1, contracted dilation",
    experiment: tiny({
      backbone: bottleneck,
      pyramid: { bins: [2, 3], pool: "max", order: "descending" },
      model: { align_corners: false },
    }),
    size: [57, 73],
  },
  {
    name: "no-pyramid-even",
    title: "no pyramid, even image 64×48",
    experiment: tiny({ backbone: { blocks: [2, 2, 2, 2] }, pyramid: null }),
    size: [64, 48],
  },
  {
    name: "no-reduction-stride-16",
    title: "no reduction, max pooling, output stride 16",
    experiment: tiny({
      backbone: { dilations: [1, 1, 1, 2] },
      pyramid: { bins: [1, 4], pool: "max", channels: null },
    }),
    size: [81, 97],
  },
  {
    name: "map-59x97",
    title: "bins 1 2 3 6 on a map of 59×97",
    experiment: tiny({
      backbone: { width: 2 },
      pyramid: { bins: [1, 2, 3, 6], channels: 2 },
    }),
    size: [465, 769],
  },
  {
    name: "map-64-max-areas",
    title: "max pooling, bins 3 6 on a map of 64×64, areas",
    experiment: tiny({
      backbone: { width: 2 },
      pyramid: { bins: [3, 6], pool: "max", channels: 2 },
      model: { align_corners: false },
    }),
    size: [512, 512],
  },
  {
    name: "pspnet50-185",
    title: "PSPNet50 at 185, 19 classes",
    experiment: pspnet([3, 4, 6, 3], 19),
    size: [185, 185],
  },
  {
    name: "pspnet50-473",
    title: "PSPNet50 at 473, 150 classes",
    experiment: pspnet([3, 4, 6, 3], 150),
    size: [473, 473],
    slow: true,
  },
];

export interface Training {
  readonly name: string;
  /** In docs/numerics.md. */
  readonly title: string;
  readonly experiment: Experiment;
  readonly slow?: true;
}

const published = pspnet([3, 4, 6, 3], 19, { train: { batch: 4, crop: [89, 89] } });

export const trainings: readonly Training[] = [
  {
    name: "train-basic-deep",
    title: "basic blocks, deep stem, bins 1 2 3 6",
    experiment: tiny({
      pyramid: { bins: [1, 2, 3, 6] },
      train: { batch: 4, crop: [65, 49] },
    }),
  },
  {
    name: "train-bottleneck-weighted",
    title: "bottlenecks, max pooling, areas, class weights, mean over all, decay of kernels",
    experiment: tiny({
      backbone: bottleneck,
      pyramid: { bins: [2, 3], pool: "max", order: "descending" },
      model: { align_corners: false },
      train: {
        batch: 4,
        crop: [57, 73],
        optimizer: { momentum: 0.9, weight_decay: 1e-2, decay: "kernels" },
      },
      loss: { mean_over: "all", class_weights: [1, 2, 0.5, 1, 3] },
    }),
  },
  {
    name: "train-weighted-valid",
    title: "class weights, mean over valid",
    experiment: tiny({
      pyramid: { bins: [2, 5] },
      train: { batch: 4 },
      loss: { mean_over: "valid", class_weights: [1, 2, 0.5, 1, 3] },
    }),
  },
  {
    name: "train-no-pyramid-even",
    title: "no pyramid, no auxiliary head, even crop 48×40",
    experiment: tiny({
      pyramid: null,
      model: { auxiliary: null },
      train: { crop: [48, 40] },
      loss: { mean_over: "all" },
    }),
  },
  {
    name: "train-pspnet50-89",
    title: "PSPNet50 at 89, batch 4, random weights",
    experiment: published,
    slow: true,
  },
];

/** Twenty steps of poly rate, tenfold on new layers, with weight decay. */
export const course: Training = {
  name: "course-of-twenty",
  title: "twenty steps",
  experiment: tiny({
    pyramid: { bins: [1, 2, 3, 6] },
    train: {
      batch: 4,
      crop: [65, 49],
      iterations: 20,
      optimizer: { momentum: 0.9, weight_decay: 1e-3, decay: "all" },
    },
  }),
};
