/** Recognises how the data set in a folder is laid out, and which splits it has. */

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, extname, join, relative, sep } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { Layout } from "../language/data.js";
import { datasetOf, type MapName } from "../language/datasets.js";
import type { Folders, SplitName } from "../normalize/experiment.js";
import { inSplit, type SplitFolders, splitPairing } from "./folders.js";
import {
  type FolderDataset,
  listSplit,
  type Place,
  publishedFolder,
  type Split,
  splitFolders,
} from "./layout.js";
import type { Sample } from "./sample.js";
import { pairsByVote } from "./vote.js";
import { type FoundFile, isJunk, picturesBelow } from "./walk.js";

type Splits = Readonly<Partial<Record<Split, SplitName>>>;

export interface Recognised {
  readonly layout: Layout;
  /** The folder itself, or one below it: VOCdevkit/VOC2012. */
  readonly root: string;
  readonly splits: Splits;
  /** The built-in map that its labels follow, where that is not the dataset's usual one. */
  readonly labels?: MapName;
  /** Where no layout tells the pairs: those that names tell, for lists to be written. */
  readonly pairs?: Readonly<Partial<Record<Split, readonly Sample[]>>>;
}

/** What a look at a folder found; without a split for training (or to score) it is laid out otherwise. */
interface Look {
  readonly splits: Splits;
  /** The map that its labels follow, where that is not the usual one. */
  readonly labels?: MapName;
}

interface Recogniser {
  readonly look: (root: string) => Promise<Look>;
  /** Whether folders below the one that is named are looked at, too. */
  readonly below: boolean;
}

/** In this order: what names files and folders as no other does comes first. */
const recognisers: Readonly<Record<Layout, Recogniser>> = {
  "pascal-context": { look: async (root) => ({ splits: contextSplits(root) }), below: false },
  "pascal-context-59": { look: async () => ({ splits: {} }), below: false },
  voc: { look: async (root) => ({ splits: vocSplits(root) }), below: true },
  cityscapes: { look: lookFor("cityscapes"), below: true },
  ade20k: { look: lookFor("ade20k"), below: true },
  "coco-stuff-10k": { look: lookFor("coco-stuff-10k"), below: true },
  "coco-stuff-164k": { look: lookFor("coco-stuff-164k"), below: true },
  potsdam: { look: lookFor("potsdam", /^\d+_\d+(_\d+){4}$/), below: true },
  vaihingen: { look: lookFor("vaihingen", /^area\d+(_\d+){4}$/), below: true },
  isaid: { look: lookFor("isaid", /^P\d+/), below: true },
  loveda: { look: lookForLoveda, below: true },
  "dark-zurich": { look: lookFor("dark-zurich"), below: true },
  "nighttime-driving": { look: lookFor("nighttime-driving"), below: true },
  camvid: { look: lookFor("camvid", /^(0001TP|0006R0|0016E5|Seq05VD)_/), below: true },
  list: { look: async (root) => ({ splits: await listSplits(root) }), below: false },
  folders: { look: async (root) => ({ splits: await folderSplits(root) }), below: false },
};

/** `null` where no layout fits. */
export const recognise = async (folder: string): Promise<Recognised | null> => {
  const lower = [...foldersIn(folder), ...foldersIn(join(folder, "VOCdevkit"))];
  for (const layout of Object.keys(recognisers) as Layout[])
    for (const root of recognisers[layout].below ? [folder, ...lower] : [folder]) {
      const found = await recognisers[layout].look(root);
      if (Object.keys(found.splits).length > 0) return { layout, root, ...found };
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

const contextSplits = (root: string): Splits =>
  Object.fromEntries(
    (["train", "val"] as const)
      .filter((name) => existsSync(join(root, "ImageSets/SegmentationContext", `${name}.txt`)))
      .map((name) => [name, name]),
  );

/** Both folders of a split are there, some labels end as they should, and some picture is called as it should be. */
function lookFor(layout: FolderDataset, called: RegExp = /(?:)/): Recogniser["look"] {
  const folders: SplitFolders = splitFolders[layout];
  const { splits, scores } = datasetOf(layout);
  return async (root) => {
    const has = (name: string): boolean =>
      isFolder(root, inSplit(folders.images, name)) &&
      isFolder(root, inSplit(folders.labels, name));
    const there = Object.entries(splits).filter(([, name]) => has(name));
    const [, first] =
      there.find(([split]) => split === (scores === undefined ? "train" : "val")) ?? [];
    if (first === undefined) return { splits: {} };
    const images = await filesBelow(join(root, inSplit(folders.images, first)));
    const labels = await filesBelow(join(root, inSplit(folders.labels, first)));
    const kinds = Object.keys(folders.labelEnds) as MapName[];
    const kind = kinds.find((map) => {
      const { isLabel } = splitPairing(folders, first, map);
      return labels.some(({ stem }) => isLabel(stem));
    });
    if (kind === undefined || !images.some(({ stem }) => called.test(basename(stem))))
      return { splits: {} };
    return { splits: Object.fromEntries(there), ...(kind === kinds[0] ? {} : { labels: kind }) };
  };
}

/** As it is published; or converted, where files are called by number alone and only the folder's name tells. */
async function lookForLoveda(root: string): Promise<Look> {
  const { splits } = datasetOf("loveda");
  const published = Object.entries(splits).filter(([, name]) =>
    foldersIn(join(root, publishedFolder(name))).some((place) => isFolder(place, "masks_png")),
  );
  if (published.length > 0) return { splits: Object.fromEntries(published) };
  return /love.?da/i.test(basename(root)) ? lookFor("loveda", /^\d+$/)(root) : { splits: {} };
}

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
