/** The scores of a network on a split, as `eval --json` prints them and as the run folder keeps them. */

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { separate } from "fp-ts/lib/Array.js";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { TypeOf } from "io-ts";
import type { Split } from "../data/layout.js";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import type { Failure } from "../diagnostic/failure.js";
import { closed } from "../language/section.js";
import { choice, flag, list } from "../language/value.js";
import { boundaryScores } from "../metric/boundary.js";
import { type Scores, scores } from "../metric/scores.js";
import type { Experiment } from "../normalize/experiment.js";
import { fingerprintOf } from "../plan/program.js";
import { count, nullable, readJson, share, words } from "./codec.js";
import { damagedFile } from "./errors.js";
import { evaluate } from "./experiment.js";
import { evaluationFile, evaluationsFolder } from "./folder.js";
import type { Total } from "./tally.js";

const score = nullable(share);

const evaluationRecord = closed(
  "the evaluation",
  {
    split: choice("train", "val", "test"),
    images: count,
    /** As the other means: `null` where no pixel of the split counts. */
    miou: score,
    mean_accuracy: score,
    pixel_accuracy: score,
    frequency_weighted_iou: score,
    /** Boundary F-score, the mean over the classes that occur; `null` where the spec does not ask for it. */
    boundary: score,
    /** `null` where a class is absent and left out. */
    classes: list(
      "classes",
      closed(
        "a class",
        { name: words, iou: score, accuracy: score, boundary: score },
        /** Whether neither labels nor predictions hold it; 0.1 does not say. */
        { absent: flag },
      ),
    ),
    /** Pixels [C][C]: row is truth, column is prediction. */
    confusion: list("rows", list("counts", count)),
    /** Of the training that made the weights, as far as the file says. */
    fingerprint: nullable(words),
    /** How it was evaluated. */
    evaluate,
  },
  {},
);

export type Evaluation = Readonly<TypeOf<typeof evaluationRecord>>;

/** Which weights: the training that made them, as far as their file says, and the steps it had done. */
export interface Weights {
  readonly training: string | null;
  readonly step: number;
}

/**
 * Of everything that decides the scores: the pictures and what their labels mean, how it is evaluated, the weights.
 * `pairs` is the digest of the split's pairs; `null` is 0.1's way, which took the place where they lie for them.
 */
export const evaluationFingerprint = (
  { data, model, evaluate }: Experiment,
  split: Split,
  weights: Weights,
  pairs: string | null,
): string => {
  const { layout, root, classes, labels, label_format, label_map, images, mean, std } = data;
  const which = pairs === null ? { layout, root, name: data[split], label_map } : { pairs };
  const shown = { ...which, classes, labels, label_format };
  const read = images === null ? {} : { images };
  // 0.1 padded every whole image to 8n+1, scaled none into a size, and asked networks in 32 bits.
  const { grid, base, precision, ...rest } = evaluate;
  const sizes = { ...(grid === "8n+1" ? {} : { grid }), ...(base === null ? {} : { base }) };
  const numbers = precision === "f32" ? {} : { precision };
  const how = { align: model.align_corners, mean, std, ...read, ...rest, ...sizes, ...numbers };
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
      absent: found.absent[c] ?? true,
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
  const read = readOne(evaluationFile(folder, split, fingerprint));
  return E.isRight(read) ? read.right : null;
};

export interface Evaluations {
  /** The oldest first. */
  readonly evaluations: readonly Evaluation[];
  /** Why the others cannot be read. */
  readonly damaged: readonly Failure[];
}

/** Every evaluation of a run that is over the classes of its experiment. */
export const readEvaluations = async (
  folder: string,
  { data }: Experiment,
): Promise<Evaluations> => {
  const files = await filesIn(evaluationsFolder(folder));
  const { left: damaged, right } = separate(files.map(readOne));
  const names = ({ classes }: Evaluation): string =>
    JSON.stringify(classes.map(({ name }) => name));
  const evaluations = right.filter(
    (one) => one !== null && names(one) === JSON.stringify(data.classes),
  );
  return { evaluations: evaluations.filter((one) => one !== null), damaged };
};

/** The oldest first. */
const filesIn = async (folder: string): Promise<readonly string[]> => {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith(".json")).map((name) => join(folder, name));
  const dated = files.map(async (file) => ({
    file,
    at: await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    ),
  }));
  return (await Promise.all(dated)).sort((a, b) => a.at - b.at).map(({ file }) => file);
};

const readOne = (file: string): E.Either<Failure, Evaluation | null> =>
  pipe(
    readJson(file, evaluationRecord),
    E.filterOrElse(isSquare, () => damagedFile(file, "confusion: not a row and a column a class")),
  );

const isSquare = (one: Evaluation | null): boolean =>
  one === null ||
  [one.confusion, ...one.confusion].every(({ length }) => length === one.classes.length);

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
