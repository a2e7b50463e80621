/** Pairs the files of two folders, of images and of labels, by their names. */

import { join, relative, sep } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import type { Failure } from "../diagnostic/failure.js";
import type { MapName } from "../language/datasets.js";
import type { Folders } from "../normalize/experiment.js";
import { missingFolder, partnerless, twins } from "./errors.js";
import type { Sample } from "./sample.js";
import { type FoundFile, picturesBelow } from "./walk.js";

/** One pair that a split lists, or what is wrong with it. */
export type Listed = E.Either<Failure, Sample>;

export type Listing = TE.TaskEither<Failure, readonly Listed[]>;

/** What pairs two folders. */
export interface Pairing extends Omit<Folders, "suffix"> {
  /** The stem of the label of an image, or `null` where the image is none of the split's. */
  readonly labelOf: (stem: string) => string | null;
  /** Whether a file of the labels' folder is a label of this kind. */
  readonly isLabel: (stem: string) => boolean;
}

/** Where a dataset of a name has its two folders, and what the files in them are called; `*` is the split. */
export interface SplitFolders {
  readonly images: string;
  readonly labels: string;
  /** What names of images have in the end. */
  readonly imageEnd?: string;
  /** What names of labels have there, by the map that they follow; of none of these, the first. */
  readonly labelEnds: Readonly<Partial<Record<MapName, string>>>;
}

export const inSplit = (folder: string, name: string): string => folder.replace("*", name);

/** Labels of another kind may lie beside: ids and train ids. */
export const splitPairing = (
  { images, labels, imageEnd = "", labelEnds }: SplitFolders,
  name: string,
  map: MapName | null,
): Pairing => {
  const ends = Object.values(labelEnds);
  const end = (map === null ? undefined : labelEnds[map]) ?? ends[0] ?? "";
  const others = ends.filter((other) => other.length > end.length);
  return {
    images: inSplit(images, name),
    labels: inSplit(labels, name),
    labelOf: (stem) =>
      stem.endsWith(imageEnd) ? `${stem.slice(0, stem.length - imageEnd.length)}${end}` : null,
    isLabel: (stem) => stem.endsWith(end) && !others.some((other) => stem.endsWith(other)),
  };
};

/** Files in folders below the two are paired by their path within them. */
export const pairedFolders = (root: string, split: string, folders: Folders): Listing =>
  pairedBy(root, split, {
    ...folders,
    labelOf: (stem) => `${stem}${folders.suffix}`,
    isLabel: (stem) => stem.endsWith(folders.suffix),
  });

export const pairedBy = (root: string, split: string, pairing: Pairing): Listing => {
  const look = (folder: string): TE.TaskEither<Failure, readonly FoundFile[]> =>
    pipe(
      picturesBelow(join(root, folder)),
      TE.mapLeft((error) => missingFolder(split, join(root, folder), error)),
    );
  const one = samePlace(pairing.images, pairing.labels);
  return pipe(
    TE.Do,
    TE.apS("images", look(pairing.images)),
    TE.apS("labels", look(pairing.labels)),
    TE.map((found) => (one ? parted(found.images, pairing) : found)),
    TE.map(({ images, labels }) => partnered(root, pairing, images, labels)),
  );
};

const samePlace = (a: string, b: string): boolean => relative(a, b) === "";

interface Found {
  readonly images: readonly FoundFile[];
  readonly labels: readonly FoundFile[];
}

/** Images and labels in one folder: a file whose name is that of another's label is a label. */
const parted = (files: readonly FoundFile[], { labelOf }: Pairing): Found => {
  const isLossy = ({ path }: FoundFile): boolean => /\.jpe?g$/i.test(path);
  const wanted = new Set(files.map(({ stem }) => labelOf(stem)).filter((stem) => stem !== null));
  const suffixed = files.filter(({ stem }) => labelOf(stem) !== stem);
  // Without a suffix only the format is left to tell them apart: `7.jpg` is the image of `7.png`.
  if (suffixed.length === 0)
    return { images: files.filter(isLossy), labels: files.filter((file) => !isLossy(file)) };
  return {
    images: files.filter(({ stem }) => !wanted.has(stem)),
    labels: files.filter(({ stem }) => wanted.has(stem)),
  };
};

/** Every image with its label; what is alone or double is a mistake. */
const partnered = (
  root: string,
  { images: imageFolder, labels: labelFolder, labelOf, isLabel }: Pairing,
  images: readonly FoundFile[],
  labels: readonly FoundFile[],
): readonly Listed[] => {
  const told = (path: string): string => relative(root, path).split(sep).join("/");
  const known = new Map(labels.map(({ stem, path }) => [stem, path]));
  const wanted = new Set<string>();
  const pairs = images.flatMap(({ stem, path }): readonly Listed[] => {
    const partner = labelOf(stem);
    if (partner === null) return [];
    wanted.add(partner);
    const label = known.get(partner);
    return [
      label === undefined
        ? E.left(partnerless(told(path), labelFolder, partner))
        : E.right({ image: path, label }),
    ];
  });
  const alone = labels
    .filter(({ stem }) => isLabel(stem) && !wanted.has(stem))
    .map(({ path }) => E.left(partnerless(told(path), imageFolder, "")));
  const doubles = [...doubled(images), ...doubled(labels.filter(({ stem }) => isLabel(stem)))];
  return [...pairs, ...alone, ...doubles.map(([a, b]) => E.left(twins(told(a), told(b))))];
};

/** `7.jpg` beside `7.png`: which is meant? */
const doubled = (files: readonly FoundFile[]): readonly (readonly [string, string])[] => {
  const first = new Map<string, string>();
  return files.flatMap(({ stem, path }) => {
    const before = first.get(stem);
    first.set(stem, before ?? path);
    return before === undefined ? [] : [[before, path] as const];
  });
};
