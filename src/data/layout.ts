/** The layouts of data sets on disk: from the data section of a spec and the name of a split to pairs of paths. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as A from "fp-ts/lib/ReadonlyArray.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { Failed, type Failure, orThrow } from "../diagnostic/failure.js";
import { invariant } from "../diagnostic/invariant.js";
import type { Layout } from "../language/data.js";
import { type DatasetName, datasetOf } from "../language/datasets.js";
import { type Data, type Folders, isShare, type SplitName } from "../normalize/experiment.js";
import { emptyShare, emptySplit, noSplit, patternUnused, scoresAlone, several } from "./errors.js";
import {
  inSplit,
  type Listing as Listed,
  type Pairing,
  pairedBy,
  pairedFolders,
  type SplitFolders,
  splitPairing,
} from "./folders.js";
import { idlePattern, nameOf, partOf, type Shares, sharesOf } from "./held-out.js";
import { listedNames, listedPairs, type NameLists } from "./lists.js";
import type { Sample } from "./sample.js";

export type Split = "train" | "val" | "test";

/** Of an experiment, what decides where its files are. */
export type Place = Pick<Data, "layout" | "root" | Split | "label_map">;

export interface Listing {
  readonly samples: readonly Sample[];
  /** Bad lines and missing partners, in order. */
  readonly failures: readonly Failure[];
}

interface LayoutForm {
  /** What lies in the folder `root`, as docs/data.md has it. */
  readonly onDisk: string;
  /** What a split is called. */
  readonly split: string;
  /** Why a split that could be read has no pairs. */
  readonly empty: string;
  readonly pairs: (place: Place, split: Split, name: SplitName) => Listed;
  /** The folder that names of pairs are relative to. */
  readonly images: (root: string, name: SplitName) => string;
}

/** Datasets whose splits are folders, as their makers or mmsegmentation's converters leave them. */
export const splitFolders = {
  cityscapes: {
    images: "leftImg8bit/*",
    labels: "gtFine/*",
    imageEnd: "_leftImg8bit",
    labelEnds: { labelIds: "_gtFine_labelIds", labelTrainIds: "_gtFine_labelTrainIds" },
  },
  ade20k: { images: "images/*", labels: "annotations/*", labelEnds: { ade20k: "" } },
  "coco-stuff-10k": {
    images: "images/*",
    labels: "annotations/*",
    labelEnds: { "coco-stuff-10k-labelTrainIds": "_labelTrainIds", "coco-stuff-10k": "" },
  },
  "coco-stuff-164k": {
    images: "images/*",
    labels: "annotations/*",
    labelEnds: { "coco-stuff-164k": "", "coco-stuff-164k-labelTrainIds": "_labelTrainIds" },
  },
  loveda: { images: "img_dir/*", labels: "ann_dir/*", labelEnds: { loveda: "" } },
  potsdam: { images: "img_dir/*", labels: "ann_dir/*", labelEnds: { isprs: "" } },
  vaihingen: { images: "img_dir/*", labels: "ann_dir/*", labelEnds: { isprs: "" } },
  isaid: {
    images: "img_dir/*",
    labels: "ann_dir/*",
    labelEnds: { isaid: "_instance_color_RGB" },
  },
  "dark-zurich": {
    images: "rgb_anon/*",
    labels: "gt/*",
    imageEnd: "_rgb_anon",
    labelEnds: { labelTrainIds: "_gt_labelTrainIds", labelIds: "_gt_labelIds" },
  },
  "nighttime-driving": {
    images: "leftImg8bit/*",
    labels: "gtCoarse_daytime_trainvaltest/*",
    imageEnd: "_leftImg8bit",
    labelEnds: { labelTrainIds: "_gtCoarse_labelTrainIds", labelIds: "_gtCoarse_labelIds" },
  },
  camvid: { images: "*", labels: "*annot", labelEnds: { camvid: "" } },
} as const satisfies Readonly<Partial<Record<DatasetName, SplitFolders>>>;

export type FolderDataset = keyof typeof splitFolders;

/** The two folders' names without the split; what is between them and the split too. */
const top = (folder: string): string => `\`${folder.replace(/\/\*$/, "")}\``;

const inFolders = (layout: FolderDataset): LayoutForm => {
  const folders: SplitFolders = splitFolders[layout];
  return {
    onDisk: `${top(folders.images)}, ${top(folders.labels)}`,
    split: `a folder of both: ${splitsOf(layout)}`,
    empty: "its folders hold no pictures",
    pairs: ({ root, label_map }, split, name) =>
      pairedBy(root, split, splitPairing(folders, word(name), label_map)),
    images: (_, name) => inSplit(folders.images, word(name)),
  };
};

const splitsOf = (layout: DatasetName): string => {
  const { splits, scores } = datasetOf(layout);
  const names = scores === undefined ? Object.values(splits) : [splits.val];
  return names.map((name) => `\`${name}\``).join(", ");
};

const inLists = (onDisk: string, split: string, of: (name: string) => NameLists): LayoutForm => ({
  onDisk,
  split: `the name of a list: ${split}`,
  empty: "its list names no pairs",
  pairs: ({ root }, split, name) => {
    const list = word(name).replace(/\.txt$/, "");
    return listedNames(root, split, list, of(list));
  },
  images: () => "JPEGImages",
});

/** Lists that end in `aug` (SBD's annotations joined to VOC's) read SegmentationClassAug first. */
const vocLists = (name: string): NameLists => ({
  lists: "Segmentation",
  labels: name.endsWith("aug")
    ? ["SegmentationClassAug", "SegmentationClass"]
    : ["SegmentationClass"],
});

const pascalContext = inLists(
  "`JPEGImages`, `SegmentationClassContext`, `ImageSets/SegmentationContext`",
  "`train`, `val`",
  () => ({ lists: "SegmentationContext", labels: ["SegmentationClassContext"] }),
);

/** LoveDA as it is published: `Train/Urban/images_png/0.png` and `Train/Urban/masks_png/0.png`. */
const publishedLoveda = (name: string): Pairing => {
  const folder = publishedFolder(name);
  return {
    images: folder,
    labels: folder,
    labelOf: (stem) =>
      stem.includes("images_png/") ? stem.replace("images_png/", "masks_png/") : null,
    isLabel: (stem) => stem.includes("masks_png/"),
  };
};

export const publishedFolder = (name: string): string =>
  `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;

const loveda: LayoutForm = {
  ...inFolders("loveda"),
  onDisk: "`img_dir`, `ann_dir`; or `Train`, `Val` as published",
  pairs: (place, split, name) =>
    isConverted(place.root, word(name))
      ? inFolders("loveda").pairs(place, split, name)
      : pairedBy(place.root, split, publishedLoveda(word(name))),
  images: (root, name) =>
    isConverted(root, word(name)) ? `img_dir/${word(name)}` : publishedFolder(word(name)),
};

const isConverted = (root: string, name: string): boolean =>
  existsSync(join(root, "img_dir", name)) || !existsSync(join(root, publishedFolder(name)));

/** A new layout is a name in the language, an entry here, and one among the `recognisers`. */
export const layouts: Readonly<Record<Layout, LayoutForm>> = {
  list: {
    onDisk: "anything",
    split: "a list file, `image label` a line, relative to `root`",
    empty: "its list names no pairs",
    pairs: ({ root }, split, name) => listedPairs(root, split, word(name)),
    images: () => ".",
  },
  voc: inLists(
    "`JPEGImages`, `SegmentationClass`, `ImageSets/Segmentation`",
    "`train`, `val`, `trainaug`",
    vocLists,
  ),
  cityscapes: inFolders("cityscapes"),
  ade20k: inFolders("ade20k"),
  "pascal-context": pascalContext,
  "pascal-context-59": pascalContext,
  "coco-stuff-10k": inFolders("coco-stuff-10k"),
  "coco-stuff-164k": inFolders("coco-stuff-164k"),
  loveda,
  potsdam: inFolders("potsdam"),
  vaihingen: inFolders("vaihingen"),
  isaid: inFolders("isaid"),
  "dark-zurich": inFolders("dark-zurich"),
  "nighttime-driving": inFolders("nighttime-driving"),
  camvid: inFolders("camvid"),
  folders: {
    onDisk: "two folders, or one for both",
    split:
      "`{images: FOLDER, labels: FOLDER}`, paired by name; `suffix: _mask` pairs `7.jpg` with `7_mask.png`",
    empty: "its folders hold no pictures",
    pairs: ({ root }, split, name) => pairedFolders(root, split, both(name)),
    images: (_, name) => both(name).images,
  },
};

/** A rule sees to it that a split is two folders where the layout wants them, and one name elsewhere. */
const word = (name: SplitName): string => {
  invariant(typeof name === "string", "a split of two folders in a layout of names");
  return name;
};

const both = (name: SplitName): Folders => {
  invariant(typeof name !== "string", "a split of one name in a layout of two folders");
  return name;
};

const listing = (data: Place, split: Split): TE.TaskEither<Failure, Listing> => {
  const shares = sharesOf(data);
  const named = data[split];
  const isHeldOut = named !== null && isShare(named);
  const listed = isHeldOut ? "train" : split;
  const sharing = shares.val !== null || shares.test !== null;
  const { pairs, empty } = layouts[data.layout];
  return pipe(
    TE.fromEither(labelled(data, listed)),
    TE.chain((name) => pairs(data, listed, name)),
    TE.filterOrElse(A.isNonEmpty, () => emptySplit(split, empty)),
    TE.map(A.separate),
    TE.map(({ left, right }) => ({ samples: right, failures: left })),
    TE.chainEitherK(
      sharing && (isHeldOut || split === "train") ? partIn(data, split, shares) : E.right,
    ),
  );
};

/** The name of a split that is listed as it stands, and has labels. */
const labelled = ({ layout, ...data }: Place, split: Split): E.Either<Failure, SplitName> => {
  const [name, dataset] = [data[split], datasetOf(layout)];
  if (name === null || isShare(name)) return E.left(noSplit(split));
  return split === "train" && dataset?.scores !== undefined
    ? E.left(scoresAlone(layout, dataset))
    : E.right(name);
};

/** Of the training split as it is listed, the pairs that belong to one part. */
const partIn =
  (data: Place, split: Split, shares: Shares) =>
  (all: Listing): E.Either<Failure, Listing> => {
    const folder = join(data.root, layouts[data.layout].images(data.root, data.train));
    const named = all.samples.map((sample) => ({ sample, name: nameOf(sample, folder) }));
    const names = named.map(({ name }) => name);
    const idle = names.length === 0 ? null : idlePattern(shares, names);
    if (idle !== null) return E.left(patternUnused(idle, names));
    const part = partOf(shares);
    const samples = named.filter(({ name }) => part(name) === split).map(({ sample }) => sample);
    return samples.length === 0 && all.samples.length > 0
      ? E.left(emptyShare(split, all.samples.length))
      : E.right({ ...all, samples });
  };

/** Every pair of a split and every mistake in its listing. @throws Failed where there is nothing to list. */
export const listSplit = (data: Place, split: Split): Promise<Listing> =>
  orThrow(listing(data, split));

/** The pairs of a split, in an order that never changes. @throws Failed with every mistake in the listing. */
export async function openSplit(data: Place, split: Split): Promise<readonly Sample[]> {
  const { samples, failures } = await listSplit(data, split);
  if (failures.length > 0) throw new Failed(several(failures));
  return samples;
}
