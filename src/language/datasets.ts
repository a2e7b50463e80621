/** The datasets that are built in, by layout and by label map. */

import type { Layout } from "./data.js";
import type { Dataset, LabelMap, Rgb } from "./dataset.js";
import { ade20k, ade20kMap } from "./dataset-ade20k.js";
import type { MapName } from "./labels.js";

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
  usualMap: "voc",
  splits: { train: "train", val: "val" },
};

/** 255 is the pale border around objects, and what is too hard to tell. */
const vocMap: LabelMap = new Map<number, number | "ignore">([
  ...vocClasses.map((_, i) => [i, i] as const),
  [255, "ignore"],
]);

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
  usualMap: "labelIds",
  splits: { train: "train", val: "val" },
};

const datasets: Readonly<Partial<Record<Layout, Dataset>>> = { voc, cityscapes, ade20k };

/** `undefined` for the layouts that anybody may use: `list` and `folders`. */
export const datasetOf = (layout: Layout): Dataset | undefined => datasets[layout];

interface NamedMap {
  readonly dataset: Dataset;
  readonly map: LabelMap;
}

const maps: Readonly<Record<MapName, NamedMap>> = {
  voc: { dataset: voc, map: vocMap },
  ade20k: { dataset: ade20k, map: ade20kMap },
  labelIds: { dataset: cityscapes, map: labelIds },
  labelTrainIds: { dataset: cityscapes, map: labelTrainIds },
};

/** The dataset that a label map belongs to, and the map. */
export const mapNamed = (name: MapName): NamedMap => maps[name];

/** The usual map of a dataset. */
export const usualMap = ({ usualMap: name }: Dataset): MapName => name;
