/** Splits that a list file names: semseg's lists of pairs, and Pascal VOC's lists of names. */

import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import type { Failure } from "../diagnostic/failure.js";
import { badLine, missingFile, missingFolder, missingList, notText, swapped } from "./errors.js";
import type { Listed, Listing } from "./folders.js";
import { decodeText, type ListLine, linesOf } from "./pair-list.js";
import { readWhole } from "./read-file.js";
import { composed, isPictureName, picturesBelow } from "./walk.js";

/** `image label` a line, relative to the root. */
export const listedPairs = (root: string, split: string, name: string): Listing => {
  const list = resolve(root, name);
  return pipe(
    linesIn(list, split),
    TE.filterOrElse(labelsAreSecond, ([first]) => swapped(list, first?.text ?? "")),
    TE.map((lines) => lines.flatMap((line) => pairOn(root, line, `${list}:${line.number}`))),
  );
};

const linesIn = (list: string, split: string): TE.TaskEither<Failure, readonly ListLine[]> =>
  pipe(
    readWhole(list),
    TE.mapLeft(({ reason }) => missingList(split, list, reason)),
    TE.chainEitherK((bytes) => linesFrom(list, bytes)),
  );

const linesFrom = (list: string, bytes: Buffer): E.Either<Failure, readonly ListLine[]> =>
  pipe(
    decodeText(bytes),
    E.bimap((reason) => notText(list, reason), linesOf),
  );

/** One image a line, relative to the list's folder; a label behind it, as training lists have it, is left alone. */
export const listedImages = (list: string): TE.TaskEither<Failure, readonly string[]> =>
  pipe(
    readWhole(list),
    TE.chainEitherK((bytes) => linesFrom(list, bytes)),
    TE.map((lines) =>
      lines.map(({ names: [first = ""], pairs, text }) => {
        const meant = [text, first, ...pairs.map(([image]) => image)];
        const there = meant.map((name) => existing(dirname(list), name));
        return there.find((path) => path !== null) ?? resolve(dirname(list), first);
      }),
    ),
  );

/** Of the ways to read a line, the likeliest that names two files; if none does, the likeliest is told. */
const pairOn = (root: string, { pairs, text }: ListLine, place: string): readonly Listed[] => {
  const there = pairs.find((pair) => pair.every((name) => existing(root, name) !== null));
  const [meant] = there === undefined ? pairs : [there];
  return meant === undefined || (there === undefined && / .* /.test(text))
    ? [E.left(badLine(place, text))]
    : pairOf(root, ...meant, place);
};

/** The pair, or each of its files that does not exist. */
const pairOf = (root: string, image: string, label: string, place: string): readonly Listed[] => {
  const [picture, annotation] = [existing(root, image), existing(root, label)];
  if (picture !== null && annotation !== null)
    return [E.right({ image: picture, label: annotation })];
  const told = (name: string): string =>
    isAbsolute(name) ? name : relative(root, join(root, name));
  return [
    ...(picture === null ? [E.left(missingFile(place, "image", told(image)))] : []),
    ...(annotation === null ? [E.left(missingFile(place, "label", told(label)))] : []),
  ];
};

/**
 * A file that a list names: relative to the root, or absolute; DeepLab's lists write the root itself as `/`. Names may
 * be composed otherwise than on the disk.
 */
const existing = (root: string, name: string): string | null => {
  const places = isAbsolute(name) ? [name, join(root, name)] : [resolve(root, name)];
  const forms = places.flatMap((path) => [path, composed(path), path.normalize("NFD")]);
  return forms.find((path) => existsSync(path)) ?? null;
};

/** False where every line calls its second file an image, by suffix or folder, and none its first. */
const labelsAreSecond = (lines: readonly ListLine[]): boolean =>
  lines.length === 0 ||
  !lines.every(({ names: [first = "", second = ""] }) => isSwapped(first, second));

const isSwapped = (first: string, second: string): boolean =>
  (/\.jpe?g$/i.test(second) && /\.(png|bmp|gif|tiff?)$/i.test(first)) ||
  (ofLabels.test(first) && ofImages.test(second) && !ofLabels.test(second));

const ofLabels = /(^|\/)(labels?|masks?|annot\w*|gt\w*|SegmentationClass\w*)\//i;
const ofImages = /(^|\/)(images?|imgs?|JPEGImages|rgb|pictures)\//i;

/** Where lists of names lie, and the folders of labels, of which the first that has one counts. */
export interface NameLists {
  readonly lists: string;
  readonly labels: readonly [string, ...string[]];
}

/**
 * The names on a list of ImageSets, as JPEGImages and the folders of labels hold them in any format. A line may also
 * be a pair of paths, as DeepLab's are.
 */
export const listedNames = (
  root: string,
  split: string,
  name: string,
  { lists, labels: folders }: NameLists,
): Listing => {
  const list = join(root, "ImageSets", lists, `${name}.txt`);
  return pipe(
    TE.Do,
    TE.apS("lines", linesIn(list, split)),
    TE.apS("images", filesByStem(root, split, "JPEGImages")),
    TE.apS("labels", labelsIn(root, split, folders)),
    TE.map(({ lines, images, labels }) =>
      lines.flatMap((line): readonly Listed[] => {
        const place = `${list}:${line.number}`;
        const [id = "", label] = line.names;
        if (label?.includes("/")) return pairOf(root, id, label, place);
        const stem = composed(isPictureName(id) ? id.replace(/\.\w+$/, "") : id);
        return pairOf(
          root,
          images.get(stem) ?? `JPEGImages/${stem}.jpg`,
          labels.map((each) => each.get(stem)).find((path) => path !== undefined) ??
            `${folders[0]}/${stem}.png`,
          place,
        );
      }),
    ),
  );
};

type ByStem = ReadonlyMap<string, string>;

const filesByStem = (root: string, split: string, folder: string): TE.TaskEither<Failure, ByStem> =>
  pipe(
    picturesBelow(join(root, folder)),
    TE.mapLeft((error) => missingFolder(split, join(root, folder), error)),
    TE.map((files) => new Map(files.map(({ stem, path }) => [stem, path]))),
  );

/** A folder of labels that is not there has none: each of its files is told as missing. */
const labelsIn = (root: string, split: string, folders: readonly string[]) =>
  TE.traverseArray((folder: string) =>
    pipe(
      filesByStem(root, split, folder),
      TE.orElse(() => TE.right<Failure, ByStem>(new Map())),
    ),
  )(folders);
