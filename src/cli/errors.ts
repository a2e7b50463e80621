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

/** Before what a process of a gang says at its end. */
export const ofProcess = (rank: number, hosts: readonly string[]): string =>
  `process ${rank} of ${hosts.length}, ${hosts[rank] ?? ""}:`;

export const unknownEnding = (to: string, endings: readonly string[]): Misused =>
  new Misused(
    `${to} ends like nothing that \`export\` writes`,
    `name it NAME with one of ${endings.join(", ")}`,
  );

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

export const tooManyValues = (path: string, most: number): Failure =>
  failure(
    `${path} holds no labels`,
    `it has more than ${most} values or colours, as a photograph has, or a label that was saved as JPEG`,
    "save labels as PNG, with one value or colour a class",
  );

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

/** A run that a comparison goes on without. */
export const leftOut = ({ message, reason, help }: Failure): string =>
  ["left out of the comparison:", message, reason && `(${reason}).`, help]
    .filter((word) => word !== undefined)
    .join(" ");

export const noRunsFolder = (folder: string): Failure =>
  failure(`there is no folder ${folder}`, undefined, "name the folder of the runs: pspc dash RUNS");

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
