/**
 * What an evaluation has counted, image by image, kept on disk so that an interrupted evaluation continues. The total
 * is added up in the order of the images, whatever was counted when: to the same bits.
 */

import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import type { TypeOf } from "io-ts";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { closed } from "../language/section.js";
import { list, real } from "../language/value.js";
import { type Boundaries, boundaryMonoid } from "../metric/boundary.js";
import { type Confusion, monoid } from "../metric/scores.js";
import { count, decoded, nullable } from "./codec.js";
import { openJournal, readJournal } from "./journal.js";

/** Counts of one image. */
export interface Counted {
  /** `[C·C]`, row-major, row is truth. */
  readonly counts: ArrayLike<number>;
  /** `null` where boundaries are not scored. */
  readonly boundaries: Boundaries | null;
}

export interface Total {
  readonly confusion: Confusion;
  readonly boundaries: Boundaries | null;
}

export interface Tally {
  /** Whether an image, by its place in the split, was counted. */
  readonly has: (image: number) => boolean;
  readonly size: () => number;
  readonly add: (image: number, counted: Counted) => void;
  readonly total: () => Total;
  /** Ends writing; what was counted stays. */
  readonly close: () => void;
  /** The evaluation is complete and stands elsewhere. */
  readonly drop: () => Promise<void>;
}

/** One line of the file. Most classes are in no single image: only what is there is kept, as index, value, … */
const imageLine = closed(
  "the counts of an image",
  { image: count, counts: list("counts", count), f: nullable(list("scores", real())) },
  {},
);

type ImageLine = Readonly<TypeOf<typeof imageLine>>;

/**
 * `file` is where it is kept, or `null` for memory alone; what lies there was counted under `about`, or is not taken.
 * @throws Failed where the disk refuses.
 */
export const openTally = async (
  file: string | null,
  about: { readonly images: string; readonly write?: string | null },
  classes: number,
): Promise<Tally> => {
  const [head, ...known] = file === null ? [] : await readJournal(file);
  const same = JSON.stringify(head) === JSON.stringify(about);
  const lines = new Map(
    (same ? known.flatMap(imageIn(classes)) : []).map((line) => [line.image, line] as const),
  );
  if (file !== null) {
    makeFolder(dirname(file));
    const text = [about, ...lines.values()].map((line) => `${JSON.stringify(line)}\n`);
    await writeFileAtomic(file, text.join(""), false);
  }
  const journal = file === null ? null : openJournal(file);
  return {
    has: (image) => lines.has(image),
    size: () => lines.size,
    add: (image, { counts, boundaries }) => {
      const f = boundaries && sparse(boundaries.f, (c) => boundaries.images[c]! > 0);
      const line = { image, counts: sparse(counts, (i) => counts[i]! > 0), f };
      lines.set(image, line);
      journal?.append(line);
    },
    total: () =>
      totalOf(
        [...lines.values()].toSorted((a, b) => a.image - b.image),
        classes,
      ),
    close: () => journal?.close(),
    drop: async () => {
      if (file !== null) await rm(file, { force: true });
    },
  };
};

/** A line that was damaged is counted again. */
const imageIn =
  (classes: number) =>
  (line: unknown): readonly ImageLine[] => {
    const read = decoded(imageLine)(line);
    const within = (pairs: readonly number[], end: number): boolean =>
      pairs.length % 2 === 0 && pairs.every((value, at) => at % 2 === 1 || isIndex(value, end));
    return E.isRight(read) &&
      within(read.right.counts, classes * classes) &&
      within(read.right.f ?? [], classes)
      ? [read.right]
      : [];
  };

const isIndex = (value: number, end: number): boolean =>
  Number.isInteger(value) && value >= 0 && value < end;

const sparse = (values: ArrayLike<number>, isThere: (i: number) => boolean): readonly number[] =>
  Array.from(values).flatMap((value, i) => (isThere(i) ? [i, value] : []));

const totalOf = (lines: readonly ImageLine[], classes: number): Total => {
  const { counts } = monoid(classes).empty;
  const { f, images } = boundaryMonoid(classes).empty;
  for (const line of lines) {
    eachOf(line.counts, (i, n) => {
      counts[i]! += n;
    });
    eachOf(line.f ?? [], (c, value) => {
      f[c]! += value;
      images[c]! += 1;
    });
  }
  const scored = lines.some((line) => line.f !== null);
  return { confusion: { classes, counts }, boundaries: scored ? { f, images } : null };
};

const eachOf = (pairs: readonly number[], act: (index: number, value: number) => void): void => {
  for (let i = 0; i < pairs.length; i += 2) act(pairs[i]!, pairs[i + 1]!);
};
