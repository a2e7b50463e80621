/**
 * What an evaluation has counted, image by image: kept on the disk, so that one that was interrupted goes on where it
 * stopped. The total is folded in the order of the images, whatever was counted when: to the same bits.
 */

import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { type Boundaries, boundaryMonoid } from "../metric/boundary.js";
import { type Confusion, monoid } from "../metric/scores.js";
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
interface Line {
  readonly image: number;
  readonly counts: readonly number[];
  readonly f: readonly number[] | null;
}

/**
 * `file` is where it is kept, or `null` for memory alone; what lies there was counted under `about`, or is not taken.
 * @throws Failed where the disk refuses.
 */
export const openTally = async (
  file: string | null,
  about: object,
  classes: number,
): Promise<Tally> => {
  const [head, ...known] = file === null ? [] : await readJournal(file);
  const same = JSON.stringify(head) === JSON.stringify(about);
  const lines = new Map(
    (same ? (known as unknown as Line[]) : []).map((line) => [line.image, line] as const),
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

const sparse = (values: ArrayLike<number>, isThere: (i: number) => boolean): readonly number[] =>
  Array.from(values).flatMap((value, i) => (isThere(i) ? [i, value] : []));

const totalOf = (lines: readonly Line[], classes: number): Total => {
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
