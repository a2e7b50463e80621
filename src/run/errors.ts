/** Every failure of a run, in words. */

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

/** One of Slurm's programs, which said no or is not there. */
export const noSlurm = (program: string, error: unknown): Failure => {
  const { code, stderr, message } = error as NodeJS.ErrnoException & { readonly stderr?: string };
  return code === "ENOENT"
    ? failure(
        `there is no ${program} here`,
        "Slurm's programs are not on the PATH",
        "Run this where jobs are submitted; or print the script (--dry-run), or the lines (--list).",
      )
    : failure(
        `${program} refuses`,
        stderr?.trim() || message,
        "What stands behind `--` goes to sbatch: -- --partition=gpu --time=4:00:00.",
      );
};

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

export const exportExists = (to: string): Failure =>
  failure(
    `${to} is there already`,
    "an export overwrites no folder",
    "Delete it, or name another.",
  );

export const cannotRename = (to: string, error: unknown): Failure => {
  const [reason, help] = writing(to, error);
  return failure(`cannot write ${to}`, reason, help);
};

/** Its own runtime refuses what was written: a fault of ours. */
export const exportUnread = (format: string, reason: string): Failure =>
  failure(
    `the ${format} that was written cannot be run, and was deleted`,
    reason,
    "This is a fault of pspc: please report it with the spec.",
  );

export const exportUnchecked = (format: string, reason: string): Failure =>
  failure(
    `the ${format} cannot be checked here`,
    reason,
    "Install the runtime (docs/export.md names it), or leave out --checked.",
  );

interface Found {
  readonly classes: number | null;
  readonly logits: number | null;
  readonly probabilities: number | null;
}

export const exportDisagrees = (
  format: string,
  runtime: string,
  { classes, logits, probabilities }: Found,
): Failure =>
  failure(
    `the ${format} answers otherwise than the network, and was deleted`,
    [
      `${runtime} against pspc:`,
      ...(classes === null ? [] : [`${(100 * classes).toFixed(3)} % of the classes are equal`]),
      ...(logits === null ? [] : [`logits differ by ${logits.toExponential(1)} of the largest`]),
      ...(probabilities === null
        ? []
        : [`probabilities differ by ${probabilities.toExponential(1)}`]),
    ].join(" "),
    "Export with --numbers f32. If it was f32, this is a fault of pspc: please report it with the spec.",
  );

/** `bin` is the one that does not fit. */
export const exportTooSmall = (
  size: string,
  feature: string,
  bin: number,
  least: number,
): Failure =>
  failure(
    `pyramid bin ${bin} does not fit pictures of ${size}`,
    `they give a ${feature} feature map`,
    `Export sides of at least ${least} (--size).`,
  );

export const noLogits = (): Failure =>
  failure(
    "as it is evaluated, this network has no logits",
    "`evaluate` averages the probabilities of its looks",
    "Export with --give probabilities, or without --as evaluated.",
  );

/** No answer, or none that could be read to its end. */
export const trackerAway = (url: string, error: unknown): Failure =>
  failure(
    `${url} does not answer`,
    unanswered(error),
    "Check the address (--track mlflow=URL) and that the server runs. What is missing is sent with the next --resume.",
  );

/** `fetch failed` hides its reason in its cause. */
const unanswered = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error
    ? cause.message || String(Reflect.get(cause, "code"))
    : error.message;
};

export const trackerRefuses = (
  url: string,
  what: string,
  status: number,
  reason: string,
): Failure =>
  failure(
    `${url} refuses ${what}`,
    `${status}: ${reason.trim().split("\n", 1)[0]?.slice(0, 300) ?? ""}`,
    "Check the address, and the credentials (MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN).",
  );

export const notAllSent = (
  url: string,
  folder: string,
  missing: number,
  finished: boolean,
): string =>
  `${missing} lines of ${folder}/metrics.jsonl did not reach ${url}: ${finished ? "send them with" : "they are sent when the run goes on:"} pspc train --resume ${folder}`;

/** A folder that is named like an export of ours. */
export const noExport = (folder: string, reason: string): Failure =>
  failure(
    `${folder} cannot predict`,
    reason,
    "Name a folder that `pspc export --to NAME.tfjs` made.",
  );

export const noProbabilities = (folder: string, gives: readonly string[]): Failure =>
  failure(
    `${folder} gives no probabilities`,
    `it was exported to give ${gives.join(" and ")}`,
    "Export it again with --give classes,probabilities.",
  );

export const scaledPictures = (count: number, size: string): string =>
  `${count === 1 ? "one picture was" : `${count} pictures were`} scaled to ${size}, which the network looks at, and its answer back: an export of their own size (--size) sees more`;

export const wasmAbsent = (reason: string): Failure =>
  failure(
    "an exported network runs on WebAssembly, which is not installed",
    reason,
    "Install it: npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-converter@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0",
  );

export const unevenDevices = (batch: number, shares: number): Failure =>
  failure(
    `a batch of ${batch} cannot be divided into ${shares} equal shares`,
    "each device takes the same number of images of each part of a batch",
    `use devices whose number, times \`train.accumulate\`, divides ${batch}`,
  );

/** What is said of a run that goes on on other devices. */
export const otherDevices = (before: number, now: number): string =>
  `${before} ${before === 1 ? "device" : "devices"} there, ${now} here (the same training, and not to the last bit)`;

export const noPlace = (reason: string): Failure =>
  failure(
    "this process does not know its place in the gang",
    reason,
    "set PSPC_HOSTS=host:port,… and PSPC_RANK, or start it by srun, mpirun with PSPC_HOSTS, torchrun, or a Kubernetes Indexed Job (docs/distributed.md)",
  );

export const publicHost = (host: string, address: string): Failure =>
  failure(
    `${host} has the address ${address}, which the world can reach`,
    "TensorFlow's servers have no passwords and no encryption: whoever reaches the port reads and writes files as you",
    "name the hosts by addresses of a private network; --public-network says that you know, and that a firewall stands before the ports",
  );

/** `host` is where it is known. */
export const otherTraining = (host: string | null): Failure =>
  failure(
    host === null
      ? "the processes of this gang train different networks"
      : `the process on ${host} trains something else`,
    "all processes of a gang must be started with the same spec, the same options and the same version",
    "start all of them by one command",
  );

export const tooManyRecoveries = (count: number, most: number): Failure =>
  failure(
    `this run went back ${count} times, and a gang is told of ${most} at most`,
    "each lowers the rate of the steps behind it, for all processes",
    "lower the base of train.schedule and train anew, or go on with one process",
  );

/** Said by a process that fails before all others have begun. */
export const lingering = (reason: string, seconds: number): string =>
  `this process fails (${reason}); it stays up to ${seconds} s, until the others have heard of it`;

/** Said as a gang begins. */
export const listening = (host: string, count: number): string =>
  `listening on ${host}, on all interfaces of this machine, without passwords: whoever reaches that port can read and write your files until this ends; waiting for ${count} processes`;
