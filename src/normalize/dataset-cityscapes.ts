/** Cityscapes: its 19 classes of training. Nothing enters; classes, colours, both label maps and splits leave. */

import type { Dataset } from "./dataset.js";
import type { LabelMap } from "./experiment.js";
import type { Rgb } from "./rgb.js";

/** In the order of `trainId`: the name, the value in `*_gtFine_labelIds.png`, the colour. */
const table: readonly (readonly [name: string, id: number, colour: Rgb])[] = [
  ["road", 7, [128, 64, 128]],
  ["sidewalk", 8, [244, 35, 232]],
  ["building", 11, [70, 70, 70]],
  ["wall", 12, [102, 102, 156]],
  ["fence", 13, [190, 153, 153]],
  ["pole", 17, [153, 153, 153]],
  ["traffic light", 19, [250, 170, 30]],
  ["traffic sign", 20, [220, 220, 0]],
  ["vegetation", 21, [107, 142, 35]],
  ["terrain", 22, [152, 251, 152]],
  ["sky", 23, [70, 130, 180]],
  ["person", 24, [220, 20, 60]],
  ["rider", 25, [255, 0, 0]],
  ["car", 26, [0, 0, 142]],
  ["truck", 27, [0, 0, 70]],
  ["bus", 28, [0, 60, 100]],
  ["train", 31, [0, 80, 100]],
  ["motorcycle", 32, [0, 0, 230]],
  ["bicycle", 33, [119, 11, 32]],
];

/** Ids run to 33; what is no class of training is void, rare or in groups. 255 stands for the licence plate's −1. */
const labelIds: LabelMap = new Map<number, number | "ignore">([
  ...Array.from({ length: 34 }, (_, id) => [id, "ignore"] as const),
  ...table.map(([, id], i) => [id, i] as const),
  [255, "ignore"],
]);

const labelTrainIds: LabelMap = new Map<number, number | "ignore">([
  ...table.map((_, i) => [i, i] as const),
  [255, "ignore"],
]);

export const cityscapes: Dataset = {
  title: "Cityscapes",
  classes: table.map(([name]) => name),
  palette: table.map(([, , colour]) => colour),
  maps: { labelIds, labelTrainIds },
  splits: { train: "train", val: "val" },
};
