/** The layouts of data sets on disk: from the data section of a spec and the name of a split to pairs of paths. */

import { join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as A from "fp-ts/lib/ReadonlyArray.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { Failed, type Failure, orThrow } from "../diagnostic/failure.js";
import { invariant } from "../diagnostic/invariant.js";
import type { Layout } from "../language/data.js";
import { type Data, type Folders, isShare, type SplitName } from "../normalize/experiment.js";
import { emptyShare, emptySplit, noSplit, patternUnused, several } from "./errors.js";
import { type Listing as Listed, pairedBy, pairedFolders } from "./folders.js";
import { idlePattern, nameOf, partOf, type Shares, sharesOf } from "./held-out.js";
import { listedNames, listedPairs } from "./lists.js";
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
  readonly images: (name: SplitName) => string;
}

/** A new layout is a name in the language, an entry here, and one among the `recognisers`. */
export const layouts: Readonly<Record<Layout, LayoutForm>> = {
  list: {
    onDisk: "anything",
    split: "a list file, `image label` a line, relative to `root`",
    empty: "its list names no pairs",
    pairs: ({ root }, split, name) => listedPairs(root, split, word(name)),
    images: () => ".",
  },
  voc: {
    onDisk: "`JPEGImages`, `SegmentationClass`, `ImageSets/Segmentation`",
    split: "the name of a list: `train`, `val`, `trainaug`",
    empty: "its list names no pairs",
    pairs: ({ root }, split, name) => listedNames(root, split, word(name)),
    images: () => "JPEGImages",
  },
  cityscapes: {
    onDisk: "`leftImg8bit`, `gtFine`",
    split: "a folder of both: `train`, `val`",
    empty: "its folders hold no pictures",
    pairs: ({ root, label_map }, split, name) =>
      pairedBy(
        root,
        split,
        cities(word(name), label_map === "labelTrainIds" ? "labelTrainIds" : "labelIds"),
      ),
    images: (name) => `leftImg8bit/${word(name)}`,
  },
  ade20k: {
    onDisk: "`images`, `annotations`",
    split: "a folder of both: `training`, `validation`",
    empty: "its folders hold no pictures",
    pairs: ({ root }, split, name) =>
      pairedFolders(root, split, {
        images: `images/${word(name)}`,
        labels: `annotations/${word(name)}`,
        suffix: "",
      }),
    images: (name) => `images/${word(name)}`,
  },
  folders: {
    onDisk: "two folders, or one for both",
    split:
      "`{images: FOLDER, labels: FOLDER}`, paired by name; `suffix: _mask` pairs `7.jpg` with `7_mask.png`",
    empty: "its folders hold no pictures",
    pairs: ({ root }, split, name) => pairedFolders(root, split, both(name)),
    images: (name) => both(name).images,
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

/** City by city; a scene has labels of several kinds, of which one counts. */
const cities = (name: string, kind: "labelIds" | "labelTrainIds") => ({
  images: join("leftImg8bit", name),
  labels: join("gtFine", name),
  labelOf: (stem: string): string | null => {
    const scene = stem.replace(/_leftImg8bit$/, "");
    return scene === stem ? null : `${scene}_gtFine_${kind}`;
  },
  isLabel: (stem: string): boolean => stem.endsWith(`_gtFine_${kind}`),
});

const listing = (data: Place, split: Split): TE.TaskEither<Failure, Listing> => {
  const shares = sharesOf(data);
  const named = data[split];
  const isHeldOut = named !== null && isShare(named);
  const name = isHeldOut ? data.train : named;
  const sharing = shares.val !== null || shares.test !== null;
  const { pairs, empty } = layouts[data.layout];
  return pipe(
    TE.fromNullable(noSplit(split))(name),
    TE.chain((of) => pairs(data, isHeldOut ? "train" : split, of)),
    TE.filterOrElse(A.isNonEmpty, () => emptySplit(split, empty)),
    TE.map(A.separate),
    TE.map(({ left, right }) => ({ samples: right, failures: left })),
    TE.chainEitherK(
      sharing && (isHeldOut || split === "train") ? partIn(data, split, shares) : E.right,
    ),
  );
};

/** Of the training split as it is listed, the pairs that belong to one part. */
const partIn =
  (data: Place, split: Split, shares: Shares) =>
  (all: Listing): E.Either<Failure, Listing> => {
    const folder = join(data.root, layouts[data.layout].images(data.train));
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
