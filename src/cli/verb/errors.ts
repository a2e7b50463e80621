/** What the verbs say of what they are asked for. */

import { type Failure, failure } from "../../diagnostic/failure.js";
import { didYouMean } from "../../diagnostic/nearest.js";
import { someOf } from "../../report/format.js";
import { Misused } from "../exit.js";

export const nothingToTrain = (): Misused =>
  new Misused("there is nothing to train", "name a spec, or --resume RUN");

export const continuesSpec = (): Misused =>
  new Misused(
    "--continue begins or goes on with a spec's own run",
    "name the spec alone: `pspc train SPEC --continue`; a run by itself goes on with --resume RUN",
  );

export const sameGoesOn = "the same command goes on where this one stopped";

/** What means something only where trainings run elsewhere; `where` is undefined for what says so itself. */
export const onlyOn = (words: string, where: string | undefined): Misused =>
  where === undefined
    ? new Misused(`${words} only tells, and --on does`, "leave one of them out")
    : new Misused(
        `${words} is for --on ${where} alone`,
        "`pspc compare --help` lists the arguments",
      );

export const specOfLines = (): Misused =>
  new Misused(
    "a spec from standard input is read once",
    "trainings elsewhere read it again: write it to a file, and name that",
  );

export const nothingMissing = "everything is trained";

export const submitBy = (line: string, file: string): string =>
  `nothing was submitted; keep this as ${file}, and: ${line}`;

export const notTrained = (runs: readonly string[], all: number, logs: string): Failure =>
  failure(
    `${runs.length} of ${all} trainings did not come to their end on Slurm`,
    `the job has left the queue without ${someOf(runs)}`,
    `What they said is in ${logs}. The same command submits those that are missing.`,
  );

export const overridesNeedSpec = (run: string): Misused =>
  new Misused(
    "a run is what it is: `key=value` changes specs only",
    `name the spec, and the run with it: SPEC --run ${run} key=value`,
  );

export const runIsTrained = (run: string, refused: readonly string[]): Misused =>
  new Misused(
    `${refused.map((each) => `\`${each}\``).join(", ")} would change what ${run} was trained by`,
    `of a run evaluate.*, data.root, data.val, data.test and data.palette can be changed; for a spec with this run's weights: SPEC --run ${run} key=value`,
  );

export const cannotChangeRun = (folder: string, reason: string): Failure =>
  failure(
    `${folder} cannot be changed by key=value`,
    `what it recorded cannot be written as a spec of this version: ${reason}`,
    `Name the spec, and the run with it: SPEC --run ${folder}, or SPEC --resume ${folder}.`,
  );

export const exportNeedsFile = (): Misused =>
  new Misused("there is nowhere to export to", "name a file: --to FILE.safetensors");

export const notOfWeights = (to: string, options: readonly string[]): Misused =>
  new Misused(
    `${options.map((option) => `--${option}`).join(", ")} ${options.length === 1 ? "says" : "say"} nothing of ${to}`,
    to.endsWith(".safetensors")
      ? "weights alone have no size, no answers and no runtime: leave it out"
      : options.some((option) => option !== "names")
        ? "a page shows classes, and scales pictures itself: leave it out"
        : "leave it out: names are of weights alone (--to FILE.safetensors)",
  );

export const noPrecision = (format: string, asked: string, has: readonly string[]): Misused =>
  new Misused(
    `${format} is not written with numbers ${asked}`,
    `take --numbers ${has.join(" or ")}, or TensorFlow.js (--to NAME.tfjs), which has all`,
  );

export const noForms = (to: string): Misused =>
  new Misused(
    `${to} takes no --forms`,
    "its runtimes have kernels of their own: leave it out, or name a .onnx",
  );

export const exportIsFixed = (model: string, words: readonly string[]): Misused =>
  new Misused(
    `${words.join(", ")} cannot change ${model}`,
    "an exported network is as it was exported: leave it out, or name the spec or the run",
  );

export const weightsTwice = (): Misused =>
  new Misused("a run has its weights", "name a run, or a spec with --weights FILE");

export const scoresWhatIsLearnt =
  "note: the data have neither a val nor a test split; what is scored is what was learnt from";

export const weightsAlone = (file: string): Misused =>
  new Misused(
    `${file} is a file of weights, which do not tell their network`,
    `name its spec, too: SPEC --weights ${file}`,
  );

export const noImages = (): Misused =>
  new Misused("there is nothing to predict", "name images or folders behind the spec or run");

export const unknownNetwork = (name: string, names: readonly string[]): Misused =>
  new Misused(
    `there is no published network called ${name}`,
    didYouMean(name, names)[0] ?? "`pspc zoo` lists them",
  );

export const noDataFolder = (root: string): Failure =>
  failure(`there is no folder ${root}`, undefined, "name the folder of the data set");

export const pairsNeedLists = (root: string): Failure =>
  failure(
    `the pairs in ${root} have to be listed`,
    "their names tell images from labels, and no layout does",
    "say where the spec goes, and the lists are written beside it: `pspc init FOLDER --out my.yaml`",
  );

export const noLayout = (root: string): Failure =>
  failure(
    `no data set is recognised in ${root}`,
    [
      "looked for, here and one folder below:",
      "VOC: JPEGImages, SegmentationClass, ImageSets/Segmentation",
      "Cityscapes: leftImg8bit, gtFine",
      "ADE20K: images/training, annotations/training",
      "Pascal Context, COCO-Stuff, LoveDA, Potsdam, Vaihingen, iSAID, CamVid: as mmsegmentation and SegNet leave them",
      "lists: train.txt, a line is the path of an image and of its label",
      "folders: images and labels (or masks, annotations), also by split: train/images, train/labels",
    ].join("\n"),
    "arrange or link the files so, or write the spec's section `data` by hand (docs/data.md)",
  );

export const specExists = (file: string): Failure =>
  failure(`${file} exists already`, undefined, "name another file, or move that one away");

export const otherClasses = (there: string, here: string): Misused =>
  new Misused(
    `${there} and ${here} have other classes`,
    "scores over other classes cannot stand in one table",
  );

export const seedsOfRuns = (): Misused =>
  new Misused(
    "runs have the seeds they were trained with",
    "--seeds is for specs; name the runs of the other seeds as well",
  );

export const badPort = (port: number): Misused =>
  new Misused(`--port is ${port}, and must be a whole number from 0 to 65535`);

export const noModuleOnPage = (file: string): Failure =>
  failure(
    `the playground cannot open ${file}`,
    "it shows specs in YAML, and that is a program",
    `write it as YAML: \`pspc show ${file}\` prints it so`,
  );

export const noPage = (): Failure =>
  failure(
    "the playground's page is not built",
    "dist/play/browser/play.html is not there",
    "in a clone run `npm run setup`; an installed package holds it: install it again",
  );

export const svgOfTwo = (): Misused =>
  new Misused("--svg draws one spec, and --diff compares two", "draw each by a call of its own");

export const twoToCompare = (verb: string): Misused =>
  new Misused("--diff compares two", `\`pspc ${verb} --diff A B\``);

export const oneAlone = (verb: string, second: string): Misused =>
  new Misused(
    `expected path.to.key=value, found ${second}`,
    `two are compared by \`pspc ${verb} --diff A B\``,
  );
