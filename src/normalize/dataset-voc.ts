/** PASCAL VOC 2012, segmentation: what its development kit says. Nothing enters; classes, colours and splits leave. */

import type { Dataset } from "./dataset.js";

const classes = [
  "background",
  "aeroplane",
  "bicycle",
  "bird",
  "boat",
  "bottle",
  "bus",
  "car",
  "cat",
  "chair",
  "cow",
  "diningtable",
  "dog",
  "horse",
  "motorbike",
  "person",
  "pottedplant",
  "sheep",
  "sofa",
  "train",
  "tvmonitor",
] as const;

export const voc: Dataset = {
  title: "PASCAL VOC 2012",
  classes,
  palette: [
    [0, 0, 0],
    [128, 0, 0],
    [0, 128, 0],
    [128, 128, 0],
    [0, 0, 128],
    [128, 0, 128],
    [0, 128, 128],
    [128, 128, 128],
    [64, 0, 0],
    [192, 0, 0],
    [64, 128, 0],
    [192, 128, 0],
    [64, 0, 128],
    [192, 0, 128],
    [64, 128, 128],
    [192, 128, 128],
    [0, 64, 0],
    [128, 64, 0],
    [0, 192, 0],
    [128, 192, 0],
    [0, 64, 128],
  ],
  // 255 is the pale border around objects, and what is too hard to tell.
  maps: {
    voc: new Map<number, number | "ignore">([
      ...classes.map((_, i) => [i, i] as const),
      [255, "ignore"],
    ]),
  },
  splits: { train: "train", val: "val" },
};
