/** Recognises how the data set in a folder is laid out, and which splits it has. */

import { readdirSync, statSync } from "node:fs";
import { basename, extname, join, relative, sep } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { Layout } from "../language/data.js";
import type { Folders, SplitName } from "../normalize/experiment.js";
import { listSplit, type Place, type Split } from "./layout.js";
import type { Sample } from "./sample.js";
import { pairsByVote } from "./vote.js";
import { type FoundFile, isJunk, picturesBelow } from "./walk.js";

type Splits = Readonly<Partial<Record<Split, SplitName>>>;

export interface Recognised {
  readonly layout: Layout;
  /** The folder itself, or one below it: VOCdevkit/VOC2012. */
  readonly root: string;
  readonly splits: Splits;
  /** Where no layout tells the pairs: those that names tell, for lists to be written. */
  readonly pairs?: Readonly<Partial<Record<Split, readonly Sample[]>>>;
}

interface Recogniser {
  /** The splits of a folder that is laid out so; one that has none for training is not. */
  readonly splits: (root: string) => Splits | Promise<Splits>;
  /** Whether folders below the one that is named are looked at, too. */
  readonly below: boolean;
}

/** In this order: the folders of the named ones leave no doubt. */
const recognisers: Readonly<Record<Layout, Recogniser>> = {
  voc: { splits: (root) => vocSplits(root), below: true },
  cityscapes: {
    splits: (root) => splitFolders(root, "leftImg8bit", "gtFine", { train: "train", val: "val" }),
    below: true,
  },
  ade20k: {
    splits: (root) =>
      splitFolders(root, "images", "annotations", { train: "training", val: "validation" }),
    below: true,
  },
  list: { splits: (root) => listSplits(root), below: false },
  folders: { splits: (root) => folderSplits(root), below: false },
};

/** `null` where no layout fits. */
export const recognise = async (folder: string): Promise<Recognised | null> => {
  const lower = [...foldersIn(folder), ...foldersIn(join(folder, "VOCdevkit"))];
  for (const layout of Object.keys(recognisers) as Layout[])
    for (const root of recognisers[layout].below ? [folder, ...lower] : [folder]) {
      const splits = await recognisers[layout].splits(root);
      if (splits.train !== undefined) return { layout, root, splits };
    }
  return byNames(folder);
};

/** Of pairs that names alone tell; a folder that is called after a split is one. */
const byNames = async (root: string): Promise<Recognised | null> => {
  const found = pairsByVote(await filesBelow(root));
  if (found === null) return null;
  const splitOf = ({ image }: Sample): Split =>
    splitNames.find((split) =>
      relative(root, image)
        .split(sep)
        .slice(0, -1)
        .some((name) => NAMES[split].includes(name)),
    ) ?? "train";
  const pairs = Object.fromEntries(
    splitNames
      .map((split) => [split, found.filter((pair) => splitOf(pair) === split)] as const)
      .filter(([, { length }]) => length > 0),
  );
  return "train" in pairs ? { layout: "list", root, splits: {}, pairs } : null;
};

const splitNames = ["train", "val", "test"] as const;

const isFolder = (...path: readonly string[]): boolean =>
  statSync(join(...path), { throwIfNoEntry: false })?.isDirectory() ?? false;

const namesIn = (folder: string): readonly string[] =>
  isFolder(folder)
    ? readdirSync(folder)
        .filter((name) => !isJunk(name))
        .sort()
    : [];

const foldersIn = (folder: string): readonly string[] =>
  namesIn(folder)
    .map((name) => join(folder, name))
    .filter((path) => isFolder(path));

/** The augmented list where its labels are there; any list at all where none is called `train`. */
const vocSplits = (root: string): Splits => {
  if (!isFolder(root, "JPEGImages")) return {};
  const lists = namesIn(join(root, "ImageSets", "Segmentation"))
    .filter((name) => extname(name) === ".txt")
    .map((name) => basename(name, ".txt"));
  const has = (name: string): boolean => lists.includes(name);
  const augmented = has("trainaug") && isFolder(root, "SegmentationClassAug");
  const train = augmented
    ? "trainaug"
    : has("train")
      ? "train"
      : lists.find((name) => !/^(val|test)/.test(name));
  return {
    ...(train === undefined ? {} : { train }),
    ...(has("val") ? { val: "val" } : {}),
  };
};

const splitFolders = (
  root: string,
  images: string,
  labels: string,
  names: Readonly<Record<"train" | "val", string>>,
): Splits => {
  const has = (name: string): boolean =>
    isFolder(root, images, name) && isFolder(root, labels, name);
  return {
    ...(has(names.train) ? { train: names.train } : {}),
    ...(has(names.val) ? { val: names.val } : {}),
  };
};

/** Text files called after a split whose first lines name files that are there. */
const listSplits = async (root: string): Promise<Splits> => {
  const splits: Partial<Record<Split, string>> = {};
  for (const split of ["train", "val", "test"] as const)
    for (const name of namesIn(root)) {
      const asked = name.startsWith(split) && /\.(txt|lst|csv|tsv)$/.test(name);
      if (splits[split] === undefined && asked && (await listsPairs(root, split, name)))
        splits[split] = name;
    }
  return splits;
};

const listsPairs = async (root: string, split: Split, name: string): Promise<boolean> => {
  const none = { train: "", val: null, test: null, label_map: null };
  const place: Place = { ...none, layout: "list", root, [split]: name };
  const found = await listSplit(place, split).catch(() => null);
  return found !== null && found.samples.length > 0;
};

const IMAGES = ["images", "image", "imgs", "img", "im", "img_dir", "JPEGImages", "rgb", "pictures"];
const LABELS = [
  "labels",
  "label",
  "lb",
  "masks",
  "mask",
  "annotations",
  "annotation",
  "annot",
  "ann_dir",
  "gt",
  "segmentation",
];
const NAMES: Readonly<Record<Split, readonly string[]>> = {
  train: ["train", "training"],
  val: ["val", "valid", "validation"],
  test: ["test", "testing"],
};

/**
 * `images/train` and `labels/train`, `train/images` and `train/labels`, `train` and `trainannot`, both kinds in
 * `train`, or all of these without splits.
 */
const folderSplits = async (root: string): Promise<Splits> => {
  const of = (split: Split) => firstPair(root, NAMES[split].flatMap(candidates));
  const train = (await of("train")) ?? (await firstPair(root, whole));
  const [val, test] = train === null ? [null, null] : [await of("val"), await of("test")];
  return {
    ...(train === null ? {} : { train }),
    ...(val === null ? {} : { val }),
    ...(test === null ? {} : { test }),
  };
};

type Candidate = readonly [images: string, labels: string];

const pairsOf = (place: (name: string) => string): readonly Candidate[] =>
  IMAGES.flatMap((image) => LABELS.map((label): Candidate => [place(image), place(label)]));

const whole: readonly Candidate[] = [...pairsOf((name) => name), [".", "."]];

const candidates = (split: string): readonly Candidate[] => [
  ...pairsOf((name) => join(name, split)),
  ...pairsOf((name) => join(split, name)),
  ...LABELS.flatMap((name) =>
    ["", "_", "-"].map((sign): Candidate => [split, `${split}${sign}${name}`]),
  ),
  [split, split],
];

/** The first two folders that are there and hold files whose names agree. */
const firstPair = async (root: string, all: readonly Candidate[]): Promise<Folders | null> => {
  for (const [images, labels] of all) {
    if (!isFolder(root, images) || !isFolder(root, labels)) continue;
    const suffix = await commonSuffix(join(root, images), join(root, labels));
    if (suffix !== null) return { images, labels, suffix };
  }
  return null;
};

/**
 * What most labels' names have behind those of their images. In one folder that cannot be nothing, and most of the
 * pictures must have such a label, which is no JPEG: `a_1.jpg` may be another picture.
 */
const commonSuffix = async (images: string, labels: string): Promise<string | null> => {
  const one = images === labels;
  const known = new Set((await filesBelow(images)).map(({ stem }) => stem));
  const annotated = (await filesBelow(labels)).filter(
    ({ path }) => !one || !/\.jpe?g$/i.test(path),
  );
  const times = new Map<string, number>();
  for (const { stem } of annotated)
    for (let end = stem.length - (one ? 1 : 0); end > 0; end--)
      if (known.has(stem.slice(0, end)))
        times.set(stem.slice(end), (times.get(stem.slice(end)) ?? 0) + 1);
  const [best] = [...times].sort(([a, m], [b, n]) => n - m || a.length - b.length);
  if (best === undefined || (one && 4 * best[1] < 3 * (known.size - best[1]))) return null;
  return best[0];
};

const filesBelow = async (folder: string): Promise<readonly FoundFile[]> =>
  pipe(
    await picturesBelow(folder)(),
    E.getOrElse((): readonly FoundFile[] => []),
  );
