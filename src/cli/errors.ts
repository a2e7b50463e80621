/** The messages of the command line itself. */

import { type Failure, failure } from "../diagnostic/failure.js";
import { didYouMean } from "../diagnostic/nearest.js";
import { writing } from "../file/system.js";
import { someOf } from "../report/format.js";
import { PLAN_FORMAT } from "../report/saved-plan.js";
import type { Target } from "./arguments.js";
import { Misused } from "./exit.js";

/** What other programs call our verbs. */
const otherWords: Readonly<Record<string, string>> = {
  evaluate: "eval",
  test: "eval",
  score: "eval",
  validate: "check",
  lint: "check",
  format: "fmt",
  infer: "predict",
  inference: "predict",
  segment: "predict",
  resume: "train --resume RUN",
  fit: "train",
  report: "compare",
  dashboard: "dash",
  convert: "import",
  new: "init",
  install: "setup",
};

export const unknownVerb = (word: string, known: readonly string[]): Misused => {
  const other = Object.hasOwn(otherWords, word) ? otherWords[word] : undefined;
  const meant = other === undefined ? didYouMean(word, known)[0] : `it is called \`${other}\``;
  return new Misused(`there is no verb \`${word}\``, meant ?? "`pspc --help` lists the verbs");
};

interface Misread {
  /** As cmd-ts says it. */
  readonly message: string;
  /** Empty for what is missing. */
  readonly word: string;
}

/** What cmd-ts found wrong with the words behind a verb. */
export const misread = (
  verb: string,
  mistakes: readonly Misread[],
  options: readonly string[],
): Misused => {
  const found = mistakes.map(({ message, word }) => {
    const isUnknown = message === "Unknown arguments";
    const name = word.replace(/[= ].*/s, "");
    const value = `a value of the spec is changed without dashes: train.batch=8; \`pspc ${verb} --help\` lists the arguments`;
    const remedy = isUnknown
      ? (didYouMean(name, options)[0] ?? (name.startsWith("--") ? value : undefined))
      : undefined;
    return new Misused(
      inOurWords(message, word),
      remedy ?? `\`pspc ${verb} --help\` lists the arguments`,
    );
  });
  return together(found);
};

/** All mistakes of a command line as one error. */
const together = ([first, ...more]: readonly Misused[]): Misused =>
  new Misused(first?.message ?? "the arguments are wrong", first?.help, more);

const inOurWords = (message: string, word: string): string => {
  const missing = /^No value provided for (.*)$/.exec(message)?.[1];
  if (missing !== undefined) return `${missing} is missing`;
  if (message === "Unknown arguments") return `there is no argument \`${word}\` here`;
  const [value, choices] =
    /^Invalid value '(.*)'\. Expected one of: (.*)$/.exec(message)?.slice(1) ?? [];
  if (choices !== undefined) return `\`${value}\` is none of ${choices.replaceAll("'", "`")}`;
  return `\`${word}\`: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
};

/** Options without their value, one or several. */
export const valueMissing = (verb: string, options: readonly string[]): Misused => {
  const help = `\`pspc ${verb} --help\` lists the arguments`;
  return together(options.map((option) => new Misused(`\`${option}\` has no value`, help)));
};

export const nothingToFormat = (): Misused =>
  new Misused("there is nothing to format", "name the specs: `pspc fmt specs/*.yaml`");

export const notYaml = (path: string): Failure =>
  failure(`${path} is a module`, "`fmt` formats specs in YAML", "use a formatter of TypeScript");

export const readerLost = (error: NodeJS.ErrnoException): string =>
  error.code === "EPIPE"
    ? "nobody reads the output any more: going on without it"
    : `cannot write the output (${writing("stdout", error)[0]}): going on without it`;

export const notPrinted = (error: NodeJS.ErrnoException): Failure =>
  failure(
    "cannot write to stdout",
    writing("stdout", error)[0],
    "Direct the output elsewhere. What was made is complete.",
  );

export const internalError = (error: unknown, argv: readonly string[]): string => {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    "internal error in pspc: this is our mistake, not yours",
    stack,
    ` = help: please report it with the lines above, the spec and this: pspc ${argv.join(" ")}`,
    `         Node ${process.versions.node}, ${process.platform} ${process.arch}`,
  ].join("\n");
};

export const notSetUp = (): Failure =>
  failure(
    "TensorFlow is not set up yet",
    "this verb computes with it; those that only read specs, plans and files of weights do not",
    [
      "`npx pspc setup` fetches it (260 MB, 850 MB unpacked) and compiles its addon, once for all projects;",
      "in a script PSPC_SETUP=yes lets the first verb that needs it do so",
    ].join("\n"),
  );

export const gettingReady = "getting ready: TensorFlow is loaded, and the graph is made";

export const setUpFailed = (): Failure =>
  failure(
    "TensorFlow could not be set up",
    "set-up says above what it lacks",
    "`npx pspc setup` goes on from where it stopped",
  );

export const nothingToTrain = (): Misused =>
  new Misused("there is nothing to train", "name a spec, or --resume RUN");

/** Before what a process of a gang says at its end. */
export const ofProcess = (rank: number, hosts: readonly string[]): string =>
  `process ${rank} of ${hosts.length}, ${hosts[rank] ?? ""}:`;

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

export const unknownEnding = (to: string, endings: readonly string[]): Misused =>
  new Misused(
    `${to} ends like nothing that \`export\` writes`,
    `name it NAME with one of ${endings.join(", ")}`,
  );

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

export const noSuchVariants = (asked: readonly string[], known: readonly string[]): Misused =>
  new Misused(
    `the spec has no variant ${asked.map((name) => `\`${name}\``).join(", ")}`,
    known.length === 0 ? "it has none at all" : `it has ${someOf(known)}`,
  );

export const badCount = (option: string, value: number): Misused =>
  new Misused(`--${option} is ${value}, and must be a whole number from 1`);

export const badSeconds = (option: string, value: number, least = 0): Misused =>
  new Misused(`--${option} is ${value}, and must be a number of seconds from ${least}`);

export const unknownCode = (code: string, near: readonly string[]): Misused =>
  new Misused(`there is no error ${code}`, near[0] ?? "codes look like E0503");

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

export const tooManyValues = (path: string, most: number): Failure =>
  failure(
    `${path} holds no labels`,
    `it has more than ${most} values or colours, as a photograph has, or a label that was saved as JPEG`,
    "save labels as PNG, with one value or colour a class",
  );

export const specExists = (file: string): Failure =>
  failure(`${file} exists already`, undefined, "name another file, or move that one away");

export const untrained = ({ entry, variant }: Target, folder: string): Failure =>
  failure(
    `there is no run in ${folder}`,
    "the spec was not trained, or its run lies elsewhere",
    `\`pspc train '${entry}${variant === undefined ? "" : `#${variant}`}'\`, or name the run with --run`,
  );

export const noOverride = (word: string): Misused =>
  new Misused(
    `\`${word}\` is neither a run nor an override`,
    "overrides look like train.batch=4; runs are compared with runs: compare RUN RUN…",
  );

export const otherClasses = (there: string, here: string): Misused =>
  new Misused(
    `${there} and ${here} have other classes`,
    "scores over other classes cannot stand in one table",
  );

/** A run that a comparison goes on without. */
export const leftOut = ({ message, reason, help }: Failure): string =>
  ["left out of the comparison:", message, reason && `(${reason}).`, help]
    .filter((word) => word !== undefined)
    .join(" ");

export const seedsOfRuns = (): Misused =>
  new Misused(
    "runs have the seeds they were trained with",
    "--seeds is for specs; name the runs of the other seeds as well",
  );

export const badPort = (port: number): Misused =>
  new Misused(`--port is ${port}, and must be a whole number from 0 to 65535`);

export const noRunsFolder = (folder: string): Failure =>
  failure(`there is no folder ${folder}`, undefined, "name the folder of the runs: pspc dash RUNS");

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

export const notAPlan = (file: string): Failure =>
  failure(
    `${file} is not a saved plan`,
    "it was not written by `pspc plan --out`, or was changed since",
    `write it again: \`pspc plan SPEC --out ${file}\``,
  );

export const planOfOtherFormat = (file: string, format: number): Failure =>
  failure(
    `cannot read the plan ${file}`,
    `it has format ${format}; this version of pspc reads format ${PLAN_FORMAT}`,
    `write it again with this version: \`pspc plan SPEC --out ${file}\`; or compare with the version that wrote it`,
  );

export const twoToCompare = (verb: string): Misused =>
  new Misused("--diff compares two", `\`pspc ${verb} --diff A B\``);

export const oneAlone = (verb: string, second: string): Misused =>
  new Misused(
    `expected path.to.key=value, found ${second}`,
    `two are compared by \`pspc ${verb} --diff A B\``,
  );
