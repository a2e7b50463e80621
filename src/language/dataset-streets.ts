/** Datasets of streets: Cityscapes, the two of the night that have its classes, and CamVid. */

import { countedFrom, type Dataset, type LabelMap, type Rgb } from "./dataset.js";

/** In the order of `trainId`: the name, the value in `*_gtFine_labelIds.png`, the colour. */
const cityscapesTable: readonly (readonly [name: string, id: number, colour: Rgb])[] = [
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
export const labelIds: LabelMap = new Map<number, number | "ignore">([
  ...Array.from({ length: 34 }, (_, id) => [id, "ignore"] as const),
  ...cityscapesTable.map(([, id], i) => [id, i] as const),
  [255, "ignore"],
]);

export const labelTrainIds = countedFrom(0, cityscapesTable);

export const cityscapes: Dataset = {
  title: "Cityscapes",
  classes: cityscapesTable.map(([name]) => name),
  palette: cityscapesTable.map(([, , colour]) => colour),
  usualMap: "labelIds",
  splits: { train: "train", val: "val" },
};

const night = {
  classes: cityscapes.classes,
  palette: cityscapes.palette,
  usualMap: "labelTrainIds",
  scores: cityscapes.title,
} as const;

/** Its pictures to train on have no labels. */
export const darkZurich: Dataset = {
  title: "Dark Zurich",
  ...night,
  splits: { train: "train", val: "val" },
};

/** Fifty pictures in all. */
export const nighttimeDriving: Dataset = {
  title: "Nighttime Driving",
  ...night,
  splits: { train: "train", val: "test" },
};

/** SegNet's eleven classes, in the colours of CamVid's own 32. */
const camvidTable: readonly (readonly [name: string, colour: Rgb])[] = [
  ["Sky", [128, 128, 128]],
  ["Building", [128, 0, 0]],
  ["Pole", [192, 192, 128]],
  ["Road", [128, 64, 128]],
  ["Pavement", [0, 0, 192]],
  ["Tree", [128, 128, 0]],
  ["SignSymbol", [192, 128, 128]],
  ["Fence", [64, 64, 128]],
  ["Car", [64, 0, 128]],
  ["Pedestrian", [64, 64, 0]],
  ["Bicyclist", [0, 128, 192]],
];

/** 11 is what has no class. */
export const camvidMap = countedFrom(0, camvidTable, 11);

export const camvid: Dataset = {
  title: "CamVid",
  classes: camvidTable.map(([name]) => name),
  palette: camvidTable.map(([, colour]) => colour),
  usualMap: "camvid",
  splits: { train: "train", val: "val", test: "test" },
};
