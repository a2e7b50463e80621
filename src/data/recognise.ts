/** Recognises how the data set in a folder is laid out, and which splits it has. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, parse } from "node:path";
import type { Layout } from "../language/data.js";
import type { Folders, SplitName } from "../normalize/experiment.js";
import type { Split } from "./layout.js";

export interface Recognised {
  readonly layout: Layout;
  /** The folder itself, or one below it: VOCdevkit/VOC2012. */
  readonly root: string;
  readonly splits: Readonly<Partial<Record<Split, SplitName>>>;
}

/** `null` where no layout fits. The named ones come first: their folders leave no doubt. */
export const recognise = (folder: string): Recognised | null => {
  const roots = [folder, ...below(folder), ...below(join(folder, "VOCdevkit"))];
  for (const look of [voc, cityscapes, ade20k])
    for (const root of roots) {
      const found = look(root);
      if (found !== null) return found;
    }
  return list(folder) ?? folders(folder);
};

const isFolder = (...path: readonly string[]): boolean =>
  statSync(join(...path), { throwIfNoEntry: false })?.isDirectory() ?? false;

const names = (folder: string): readonly string[] =>
  isFolder(folder) ? readdirSync(folder).sort() : [];

const below = (folder: string): readonly string[] =>
  names(folder)
    .map((name) => join(folder, name))
    .filter((path) => isFolder(path));

const voc = (root: string): Recognised | null => {
  const lists = join(root, "ImageSets", "Segmentation");
  if (!isFolder(root, "JPEGImages") || !isFolder(lists)) return null;
  const augmented =
    existsSync(join(lists, "trainaug.txt")) && isFolder(root, "SegmentationClassAug");
  const val = existsSync(join(lists, "val.txt")) ? { val: "val" } : {};
  return { layout: "voc", root, splits: { train: augmented ? "trainaug" : "train", ...val } };
};

const cityscapes = (root: string): Recognised | null => {
  if (!isFolder(root, "leftImg8bit", "train") || !isFolder(root, "gtFine", "train")) return null;
  const val = isFolder(root, "gtFine", "val") ? { val: "val" } : {};
  return { layout: "cityscapes", root, splits: { train: "train", ...val } };
};

const ade20k = (root: string): Recognised | null => {
  if (!isFolder(root, "images", "training") || !isFolder(root, "annotations", "training"))
    return null;
  const val = isFolder(root, "annotations", "validation") ? { val: "validation" } : {};
  return { layout: "ade20k", root, splits: { train: "training", ...val } };
};

/** Lists whose first line names two files that are there. */
const list = (root: string): Recognised | null => {
  const find = (split: Split): Partial<Record<Split, string>> => {
    const name = names(root).find((n) => n.startsWith(split) && /\.(txt|lst)$/.test(n));
    return name === undefined || !listsPairs(root, name) ? {} : { [split]: name };
  };
  const train = find("train");
  return train.train === undefined
    ? null
    : { layout: "list", root, splits: { ...train, ...find("val"), ...find("test") } };
};

const listsPairs = (root: string, name: string): boolean => {
  const line = readFileSync(join(root, name), "utf8")
    .split("\n")
    .find((l) => l.trim() !== "");
  const words = line?.trim().split(/\s+/) ?? [];
  return words.length === 2 && words.some((word) => existsSync(join(root, word)));
};

const IMAGES = ["images", "image", "imgs", "img", "JPEGImages", "rgb", "pictures"];
const LABELS = [
  "labels",
  "label",
  "masks",
  "mask",
  "annotations",
  "annotation",
  "annot",
  "gt",
  "segmentation",
];
const SPLITS: Readonly<Record<Split, readonly string[]>> = {
  train: ["train", "training"],
  val: ["val", "valid", "validation"],
  test: ["test", "testing"],
};

/** `images/train` and `labels/train`, `train/images` and `train/labels`, `train` and `trainannot`, or without splits. */
const folders = (root: string): Recognised | null => {
  const of = (split: Split): Partial<Record<Split, Folders>> => {
    const found = firstPair(root, SPLITS[split].flatMap(candidates));
    return found === null ? {} : { [split]: found };
  };
  const whole = firstPair(
    root,
    pairsOf(
      (name) => name,
      (name) => name,
    ),
  );
  const train = of("train").train ?? whole;
  if (train === null) return null;
  return { layout: "folders", root, splits: { train, ...of("val"), ...of("test") } };
};

type Candidate = readonly [images: string, labels: string];

const candidates = (split: string): readonly Candidate[] => [
  ...pairsOf(
    (name) => join(name, split),
    (name) => join(name, split),
  ),
  ...pairsOf(
    (name) => join(split, name),
    (name) => join(split, name),
  ),
  ...LABELS.flatMap((name): readonly Candidate[] =>
    ["", "_", "-"].map((sign) => [split, `${split}${sign}${name}`] as const),
  ),
];

const pairsOf = (
  images: (name: string) => string,
  labels: (name: string) => string,
): readonly Candidate[] =>
  IMAGES.flatMap((image) => LABELS.map((label) => [images(image), labels(label)] as const));

/** The first two folders that are there and hold files whose names agree. */
const firstPair = (root: string, all: readonly Candidate[]): Folders | null => {
  for (const [images, labels] of all) {
    if (!isFolder(root, images) || !isFolder(root, labels)) continue;
    const suffix = commonSuffix(join(root, images), join(root, labels));
    if (suffix !== null) return { images, labels, suffix };
  }
  return null;
};

/** What a label's name has behind the image's, from the first image that has one. */
const commonSuffix = (images: string, labels: string): string | null => {
  const stems = names(labels).map((name) => parse(name).name);
  const image = names(images).map((name) => parse(name).name)[0];
  if (image === undefined) return null;
  if (stems.includes(image)) return "";
  const longer = stems.find((stem) => stem.startsWith(image));
  return longer === undefined ? null : longer.slice(image.length);
};
