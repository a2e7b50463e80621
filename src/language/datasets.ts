/** The datasets that are built in, by layout and by label map. */

import type { Layout, MapName } from "./data.js";
import type { Dataset, LabelMap, Rgb } from "./dataset.js";
import { ade20k } from "./dataset-ade20k.js";

const vocClasses = [
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

const voc: Dataset = {
  title: "PASCAL VOC 2012",
  classes: vocClasses,
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
      ...vocClasses.map((_, i) => [i, i] as const),
      [255, "ignore"],
    ]),
  },
  splits: { train: "train", val: "val" },
};

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
const labelIds: LabelMap = new Map<number, number | "ignore">([
  ...Array.from({ length: 34 }, (_, id) => [id, "ignore"] as const),
  ...cityscapesTable.map(([, id], i) => [id, i] as const),
  [255, "ignore"],
]);

const labelTrainIds: LabelMap = new Map<number, number | "ignore">([
  ...cityscapesTable.map((_, i) => [i, i] as const),
  [255, "ignore"],
]);

const cityscapes: Dataset = {
  title: "Cityscapes",
  classes: cityscapesTable.map(([name]) => name),
  palette: cityscapesTable.map(([, , colour]) => colour),
  maps: { labelIds, labelTrainIds },
  splits: { train: "train", val: "val" },
};

const datasets: Readonly<Partial<Record<Layout, Dataset>>> = { voc, cityscapes, ade20k };

/** `undefined` for the layouts that anybody may use: `list` and `folders`. */
export const datasetOf = (layout: Layout): Dataset | undefined => datasets[layout];

/** The dataset that a label map belongs to, and the map. */
export const mapNamed = (name: MapName): { readonly dataset: Dataset; readonly map: LabelMap } => {
  const found = Object.values(datasets).find(({ maps }) => maps[name] !== undefined)!;
  return { dataset: found, map: found.maps[name]! };
};

/** The usual map of a dataset. */
export const usualMap = ({ maps }: Dataset): MapName => Object.keys(maps)[0] as MapName;
