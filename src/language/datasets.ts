/** The datasets that are built in, by layout, and the maps of their label files. */

import type { Layout } from "./data.js";
import { countedFrom, type Dataset, type LabelMap, rgb } from "./dataset.js";
import { ade20k, ade20kMap } from "./dataset-ade20k.js";
import {
  isaid,
  isaidMap,
  isprsMap,
  loveda,
  lovedaMap,
  potsdam,
  vaihingen,
} from "./dataset-aerial.js";
import {
  cocoStuff10k,
  cocoStuff10kIds,
  cocoStuff10kTrainIds,
  cocoStuff164k,
  cocoStuffIds,
  cocoStuffTrainIds,
} from "./dataset-coco-stuff.js";
import {
  context59Map,
  contextMap,
  pascalContext,
  pascalContext59,
} from "./dataset-pascal-context.js";
import {
  camvid,
  camvidMap,
  cityscapes,
  darkZurich,
  labelIds,
  labelTrainIds,
  nighttimeDriving,
} from "./dataset-streets.js";

const vocTable: readonly (readonly [name: string, colour: number])[] = [
  ["background", 0x000000],
  ["aeroplane", 0x800000],
  ["bicycle", 0x008000],
  ["bird", 0x808000],
  ["boat", 0x000080],
  ["bottle", 0x800080],
  ["bus", 0x008080],
  ["car", 0x808080],
  ["cat", 0x400000],
  ["chair", 0xc00000],
  ["cow", 0x408000],
  ["diningtable", 0xc08000],
  ["dog", 0x400080],
  ["horse", 0xc00080],
  ["motorbike", 0x408080],
  ["person", 0xc08080],
  ["pottedplant", 0x004000],
  ["sheep", 0x804000],
  ["sofa", 0x00c000],
  ["train", 0x80c000],
  ["tvmonitor", 0x004080],
];

const voc: Dataset = {
  title: "PASCAL VOC 2012",
  classes: vocTable.map(([name]) => name),
  palette: vocTable.map(([, colour]) => rgb(colour)),
  usualMap: "voc",
  splits: { train: "train", val: "val" },
};

/** By layout: each says how a dataset of that name lies on the disk. */
const datasets = {
  voc,
  cityscapes,
  ade20k,
  "pascal-context": pascalContext,
  "pascal-context-59": pascalContext59,
  "coco-stuff-10k": cocoStuff10k,
  "coco-stuff-164k": cocoStuff164k,
  loveda,
  potsdam,
  vaihingen,
  isaid,
  "dark-zurich": darkZurich,
  "nighttime-driving": nighttimeDriving,
  camvid,
} as const satisfies Readonly<Record<string, Dataset>>;

export type DatasetName = keyof typeof datasets;

export const datasetNames = Object.keys(datasets) as readonly DatasetName[];

const isDataset = (layout: Layout): layout is DatasetName => layout in datasets;

/** `undefined` for the layouts that anybody may use: `list` and `folders`. */
export function datasetOf(layout: DatasetName): Dataset;
export function datasetOf(layout: Layout): Dataset | undefined;
export function datasetOf(layout: Layout): Dataset | undefined {
  return isDataset(layout) ? datasets[layout] : undefined;
}

interface NamedMap {
  readonly dataset: Dataset;
  readonly map: LabelMap;
}

/** 255 in VOC is the pale border around objects, and what is too hard to tell. */
const maps = {
  voc: { dataset: voc, map: countedFrom(0, voc.classes) },
  ade20k: { dataset: ade20k, map: ade20kMap },
  labelIds: { dataset: cityscapes, map: labelIds },
  labelTrainIds: { dataset: cityscapes, map: labelTrainIds },
  "pascal-context": { dataset: pascalContext, map: contextMap },
  "pascal-context-59": { dataset: pascalContext59, map: context59Map },
  "coco-stuff-10k": { dataset: cocoStuff10k, map: cocoStuff10kIds },
  "coco-stuff-10k-labelTrainIds": { dataset: cocoStuff10k, map: cocoStuff10kTrainIds },
  "coco-stuff-164k": { dataset: cocoStuff164k, map: cocoStuffIds },
  "coco-stuff-164k-labelTrainIds": { dataset: cocoStuff164k, map: cocoStuffTrainIds },
  loveda: { dataset: loveda, map: lovedaMap },
  isprs: { dataset: potsdam, map: isprsMap },
  isaid: { dataset: isaid, map: isaidMap },
  camvid: { dataset: camvid, map: camvidMap },
} as const satisfies Readonly<Record<string, NamedMap>>;

export type MapName = keyof typeof maps;

/** Label maps that are built in. */
export const mapNames = Object.keys(maps) as readonly MapName[];

/** The dataset that a label map belongs to, and the map. */
export const mapNamed = (name: MapName): NamedMap => maps[name];

/** The usual map of a dataset. */
export const usualMap = ({ usualMap: name }: Dataset): MapName => name;
