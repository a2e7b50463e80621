/** What can go wrong with a run: its folder, its record, its steps, and what is asked of it, in words. */

import type { PairChanges } from "../data/digest.js";
import { type Failure, failure } from "../diagnostic/failure.js";
import { writing } from "../file/system.js";

/** A value of the plan that is another now: `train.batch`, and in words `train.batch: 8 there, 16 here`. */
export interface Difference {
  readonly path: string;
  readonly text: string;
}

export const runExists = (folder: string, finished: boolean): Failure =>
  finished
    ? failure(
        `${folder} holds a finished run`,
        "a run is never overwritten",
        "Give this one another folder (--run FOLDER), or delete that one.",
      )
    : failure(
        `${folder} holds a run that was not finished`,
        "a run is never overwritten",
        `Continue it (--resume ${folder}), or give this one another folder (--run FOLDER).`,
      );

export const notARun = (folder: string): Failure =>
  failure(
    `${folder} is there, and is no run`,
    "it holds files, but no run.json",
    "Give the run another folder (--run FOLDER).",
  );

export const runLocked = (
  folder: string,
  file: string,
  by: { readonly pid: number; readonly host: string; readonly since: string } | null,
  silent: number,
): Failure =>
  failure(
    `another process is training in ${folder}`,
    by === null
      ? `${file} was touched ${Math.round(silent)} seconds ago, and does not say by whom`
      : `process ${by.pid} on ${by.host}, since ${by.since}, last heard of ${Math.round(silent)} seconds ago`,
    "Wait for it or stop it. A process that is gone is noticed by itself: at once on this machine, of another within three minutes.",
  );

export const waitingForEnd = (
  folder: string,
  by: { readonly pid: number; readonly host: string } | null,
  seconds: number,
): string =>
  `${by === null ? "another process" : `process ${by.pid} on ${by.host}`} is training in ${folder}: waiting up to ${seconds} s for its end`;

export const lockLost = (folder: string, file: string): Failure =>
  failure(
    `another process has taken ${folder}`,
    `${file} is not this process's any more: it was deleted, or this process stood still for more than three minutes`,
    `Nothing was written since. If no other process trains there, continue the run (--resume ${folder}).`,
  );

export const noRun = (folder: string): Failure =>
  failure(`there is no run in ${folder}`, "it holds no run.json", "Name the folder of a run.");

export const damagedRun = (file: string, reason: string): Failure =>
  failure(
    `cannot read ${file}`,
    reason,
    "The run's record is damaged; its weights may not be: name the spec, and the run with it (SPEC --run FOLDER). To train, take another folder.",
  );

/** A file of a run that a report shows: the run itself goes on without it. */
export const damagedFile = (file: string, reason: string): Failure =>
  failure(
    `cannot read ${file}`,
    reason,
    "The file is damaged. Restore it, or delete it: what it holds is then missing from reports.",
  );

/** What a run of another version still tells of itself. */
export interface Foreign {
  /** Of pspc. */
  readonly version: string;
  readonly newer: boolean;
  readonly spec: string | null;
  readonly variant: string | null;
}

export const foreignRun = (folder: string, { version, newer, spec, variant }: Foreign): Failure => {
  const named = `'${spec ?? "SPEC"}${variant === null ? "" : `#${variant}`}'`;
  return failure(
    `the run in ${folder} was written by ${newer ? "a newer pspc" : `pspc ${version}`}`,
    `${newer ? "its record has another form" : "its record had another form then"}: by which plan it was trained cannot be read; its weights can`,
    newer
      ? "Update pspc."
      : `Score the weights by the spec (\`pspc eval ${named} --run ${folder}\`). To compare or resume the run, use that version, or train it anew (\`pspc train ${named} --run FOLDER\`).`,
  );
};

/** One is told as it is; of several all are named, and what to do about each kind once. */
export const unreadableRuns = (first: Failure, rest: readonly Failure[]): Failure => {
  const failures = [first, ...rest];
  return rest.length === 0
    ? first
    : failure(
        `${failures.length} runs cannot be read`,
        failures.map(({ message }) => message).join("\n"),
        [...new Set(failures.flatMap(({ help }) => help ?? []))].join("\n"),
      );
};

export const otherPlan = (folder: string, differences: readonly Difference[]): Failure =>
  failure(
    `${folder} was trained by another plan`,
    differences.length === 0
      ? "the spec is the same, but this version of pspc compiles it to another graph"
      : differences.map(({ text }) => text).join("\n"),
    differences.length === 0
      ? "Resume with that version, or give this run another folder (--run FOLDER)."
      : `Resume with the spec that the run began with; allow what may differ from here on (--allow ${differences.map(({ path }) => path).join(",")}); or give this one another folder (--run FOLDER).`,
  );

/** Why a comparison takes another folder than the variant's own. */
export const besides = (
  folder: string,
  differences: readonly Difference[],
  instead: string,
): string =>
  `${folder} was trained by another plan (${differences.map(({ text }) => text).join("; ") || "by another version of pspc"}) and stays as it is; this training goes to ${instead}`;

/** What is said of pairs that differ; `changes` is `null` where the run's list of them is not to be read. */
export const otherPairs = (then: number, now: number, changes: PairChanges | null): Difference => ({
  path: "data.train",
  text: `data.train: ${pairs(then)} there, ${pairs(now)} here: ${changes === null ? "their bytes differ" : inWords(changes)}`,
});

const pairs = (count: number): string => `${count} ${count === 1 ? "pair" : "pairs"}`;

const inWords = ({ changed, added, removed }: PairChanges): string => {
  const kinds = Object.entries({ changed, added, removed });
  const told = kinds.flatMap(([kind, images]) =>
    images.length === 0 ? [] : [`${images.length} ${kind} (${firstOf(images)})`],
  );
  return told.length === 0 ? "the same pairs in another order" : told.join(", ");
};

/** As many names as one reads. */
const FIRST = 3;

const firstOf = (names: readonly string[]): string =>
  [...names.slice(0, FIRST), ...(names.length > FIRST ? ["…"] : [])].join(", ");

export const otherWeights: Difference = {
  path: "model.weights",
  text: "model.weights: the file of first weights has other bytes than the run began with",
};

export const otherFiles = (
  folder: string,
  differences: readonly Difference[],
  finished: boolean,
): Failure =>
  failure(
    `the files that ${folder} was trained on have changed`,
    differences.map(({ text }) => text).join("\n"),
    finished
      ? "Bring back the files that it was trained on; or rename or delete its folder, and the spec is trained anew."
      : `Bring back the files that the run began with; or go on with those that are there now (--resume ${folder} --allow ${differences.map(({ path }) => path).join(",")}); or train anew, in another folder (--run FOLDER).`,
  );

export const stepsDone = (folder: string, done: number, asked: number): Failure =>
  failure(
    `${folder} has ${done} steps behind it, and shall end after ${asked}`,
    "a step that was done is not undone",
    `Ask for ${done} or more (train.iterations=${done}), or give this plan another folder (--run FOLDER).`,
  );

export const notFinite = (
  step: number,
  loss: number,
  rate: number,
  files: readonly string[],
  good: string | null,
): Failure =>
  failure(
    `the loss of step ${step} is ${loss}`,
    `at rate ${rate}, on the batch ${files.join(", ")}`,
    `Lower the base of train.schedule, or look at these files. ${stillGood(good)}`,
  );

export const weightsNotFinite = (step: number, variable: string, good: string | null): Failure =>
  failure(
    `after step ${step} the weights of ${variable} are not finite`,
    "training has diverged",
    `Lower the base of train.schedule. ${stillGood(good)}`,
  );

const stillGood = (file: string | null): string =>
  file === null
    ? "No checkpoint was written before."
    : `The last good checkpoint is ${file}; \`train.recover\` goes on from there by itself, with a lower rate.`;

export const noWeights = (folder: string): Failure =>
  failure(
    `${folder} holds no weights yet`,
    "its training has saved no checkpoint",
    `Train it first (--resume ${folder}).`,
  );

export const noBest = (folder: string): Failure =>
  failure(
    `${folder} keeps no best weights`,
    "they are kept where train.validate scores on the way, and train.checkpoints.best names a score",
    "Take the last weights (without --best); or let a run score on its way (train.validate={every: 500}).",
  );

/** A picture in memory whose numbers are not those of its size. */
export const oddPixels = (height: number, width: number, found: number): Failure =>
  failure(
    `the picture has ${found} bytes, not those of ${height}×${width} pixels`,
    "pixels are bytes [H, W, 3], row by row, red, green and blue of each pixel; height and width are whole numbers",
    `Give ${height} × ${width} × 3 bytes, or the height and width that the pixels have.`,
  );

export const predictorClosed: Failure = failure(
  "the predictor is closed",
  undefined,
  "Open another one, or close this one later.",
);

export const noImages = (inputs: readonly string[]): Failure =>
  failure(
    `there are no images in ${inputs.join(", ")}`,
    undefined,
    "Name image files (JPEG, PNG, WebP, TIFF), folders that hold some, patterns in quotes, or a list (--list FILE).",
  );

export const noFfmpeg = (program: string, reason: string): Failure =>
  failure(
    `videos need ${program}, which cannot be started`,
    reason,
    "Install ffmpeg (apt-get install ffmpeg, brew install ffmpeg), or give the frames as images.",
  );

export const unreadableVideo = (path: string, reason: string): Failure =>
  failure(
    `ffmpeg cannot convert ${path}`,
    reason === "" ? "it holds no frames" : reason,
    "Check that the file plays, and the free space; ffmpeg tells its formats: ffmpeg -formats.",
  );

export const wouldOverwrite = (file: string): Failure =>
  failure(
    `a prediction would be written over the image ${file}`,
    "predictions are called NAME.png and NAME.overlay.png",
    "Name another folder (--out FOLDER).",
  );

export const noInput = (path: string, reason: string): Failure =>
  failure(`cannot read ${path}`, reason, "Name an image file, or a folder that holds some.");

export const cannotAppend = (file: string, error: unknown): Failure => {
  const [reason, help] = writing(file, error);
  return failure(`cannot write ${file}`, reason, `${help} Then resume the run.`);
};

export const tooManyRecoveries = (count: number, most: number): Failure =>
  failure(
    `this run went back ${count} times, and a gang is told of ${most} at most`,
    "each lowers the rate of the steps behind it, for all processes",
    "lower the base of train.schedule and train anew, or go on with one process",
  );

/** Said by a process that fails before all others have begun. */
export const lingering = (reason: string, seconds: number): string =>
  `this process fails (${reason}); it stays up to ${seconds} s, until the others have heard of it`;
