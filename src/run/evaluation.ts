/** Scores of a network on a split: the counts of each image as they come in, and the record that they make. */

import { readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Split } from "../data/layout.js";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { type Boundaries, boundaryMonoid, boundaryScores } from "../metric/boundary.js";
import { type Confusion, monoid, type Scores, scores } from "../metric/scores.js";
import type { Evaluate, Experiment } from "../normalize/experiment.js";
import { fingerprintOf } from "../plan/program.js";
import { evaluationFile, evaluationsFolder } from "./folder.js";
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
interface ImageLine {
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
    (same ? (known as unknown as ImageLine[]) : []).map((line) => [line.image, line] as const),
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

export interface Evaluation {
  readonly split: string;
  readonly images: number;
  readonly miou: number;
  readonly mean_accuracy: number;
  readonly pixel_accuracy: number;
  readonly frequency_weighted_iou: number;
  /** Boundary F-score, the mean over the classes that occur; `null` where the spec does not ask for it. */
  readonly boundary: number | null;
  /** `null` where a class is absent and left out. */
  readonly classes: readonly {
    readonly name: string;
    readonly iou: number | null;
    readonly accuracy: number | null;
    readonly boundary: number | null;
  }[];
  /** Pixels [C][C]: row is truth, column is prediction. */
  readonly confusion: readonly (readonly number[])[];
  /** Of the training that made the weights, as far as the file says. */
  readonly fingerprint: string | null;
  /** How it was evaluated. */
  readonly evaluate: Evaluate;
}

/** Which weights: the training that made them, as far as their file says, and the steps it had done. */
export interface Weights {
  readonly training: string | null;
  readonly step: number;
}

/** Of everything that decides the scores: the pictures and what their labels mean, how it is evaluated, the weights. */
export const evaluationFingerprint = (
  { data, model, evaluate }: Experiment,
  split: Split,
  weights: Weights,
): string => {
  const { layout, root, classes, labels, label_format, label_map, mean, std } = data;
  const shown = { layout, root, name: data[split], classes, labels, label_format, label_map };
  const how = { align: model.align_corners, mean, std, ...evaluate };
  return fingerprintOf({ data: shown, how, split, weights });
};

export interface Scored {
  readonly scores: Scores;
  readonly evaluation: Evaluation;
}

export const scored = (
  { data, evaluate }: Experiment,
  { confusion, boundaries }: Total,
  about: Pick<Evaluation, "split" | "images" | "fingerprint">,
): Scored => {
  const found = scores(confusion, evaluate.absent_class);
  const near = boundaries === null ? null : boundaryScores(boundaries);
  const { classes, counts } = confusion;
  const evaluation: Evaluation = {
    split: about.split,
    images: about.images,
    miou: found.miou,
    mean_accuracy: found.mean_accuracy,
    pixel_accuracy: found.pixel_accuracy,
    frequency_weighted_iou: found.frequency_weighted_iou,
    boundary: near?.mean ?? null,
    classes: data.classes.map((name, c) => ({
      name,
      iou: found.iou[c] ?? null,
      accuracy: found.accuracy[c] ?? null,
      boundary: near?.classes[c] ?? null,
    })),
    confusion: data.classes.map((_, c) => [...counts.subarray(c * classes, (c + 1) * classes)]),
    fingerprint: about.fingerprint,
    evaluate,
  };
  return { scores: found, evaluation };
};

/** What an evaluation of a run found, or `null` where none is to be read. */
export const readEvaluation = async (
  folder: string,
  split: string,
  fingerprint: string,
): Promise<Evaluation | null> => {
  try {
    const text = await readFile(evaluationFile(folder, split, fingerprint), "utf8");
    return JSON.parse(text) as Evaluation;
  } catch {
    return null;
  }
};

/** Every evaluation of a run that can be read, the oldest first. */
export const readEvaluations = async (folder: string): Promise<readonly Evaluation[]> => {
  const names = await readdir(evaluationsFolder(folder)).catch(() => []);
  const files = names.filter((name) => name.endsWith(".json"));
  const dated = files.map(async (name) => {
    const file = join(evaluationsFolder(folder), name);
    const { mtimeMs } = await stat(file);
    return { mtimeMs, evaluation: JSON.parse(await readFile(file, "utf8")) as Evaluation };
  });
  const read = await Promise.all(dated.map((one) => one.catch(() => null)));
  return read
    .filter((one) => one !== null)
    .sort((a, b) => a.mtimeMs - b.mtimeMs)
    .map(({ evaluation }) => evaluation);
};

/** Leaves an evaluation in the folder of its run. @throws Failed where the disk refuses. */
export const writeEvaluation = async (
  folder: string,
  fingerprint: string,
  evaluation: Evaluation,
): Promise<void> => {
  makeFolder(evaluationsFolder(folder));
  const file = evaluationFile(folder, evaluation.split, fingerprint);
  await writeFileAtomic(file, `${JSON.stringify(evaluation)}\n`);
};
