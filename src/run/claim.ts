/** Decides whether a training may begin in a folder, or continue the run that is there. */

import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Failed } from "../diagnostic/failure.js";
import { experimentDifferences } from "../normalize/difference.js";
import type { Experiment } from "../normalize/experiment.js";
import type { Program } from "../plan/program.js";
import { type Difference, notARun, otherFiles, otherPlan, runExists, stepsDone } from "./errors.js";
import { checkpointsFolder, runFile } from "./folder.js";
import { type Run, readRun, type Training } from "./record.js";
import { type Files, fileDifferences, isSameTraining } from "./training.js";

export interface Claim {
  readonly folder: string;
  readonly program: Program;
  /** Whether the run in the folder goes on; `if-begun` where there is one, and a new one begins where there is none. */
  readonly resume?: boolean | "if-begun";
  /** `key=value`, as on the command line: for the record, and so that a run can be resumed without naming them. */
  readonly overrides?: readonly string[];
  /**
   * Paths of the plan that may differ from the run's, with all below them; `data.train` and `model.weights` also name
   * the bytes of pairs and of first weights.
   */
  readonly allow?: readonly string[];
}

export interface Known {
  readonly run: Run;
  /** In what the plan was changed just now. */
  readonly changes: readonly string[];
}

/**
 * The run that is to be continued in a folder, under the plan of today, or `null` for a new one.
 * @throws Failed where a new run would meet an old one, or a resumed one a plan that was not allowed.
 */
export const claim = async ({
  folder,
  program,
  resume: asked = false,
  allow = [],
  overrides,
}: Claim): Promise<Known | null> => {
  const files = await wholeFiles(folder);
  const resume = asked === "if-begun" ? existsSync(runFile(folder)) : asked;
  if (!resume && files.length === 0) return null;
  if (!resume && !existsSync(runFile(folder))) throw new Failed(notARun(folder));
  const run = await readRun(folder);
  if (!resume) throw new Failed(runExists(folder, run.state === "finished"));
  const { experiment, fingerprint } = program;
  const { changed, refused } = changesOf(run, program, allow);
  if (refused !== null) throw new Failed(otherPlan(folder, refused));
  if (changed.length === 0) return { run, changes: [] };
  const steps = experiment.train.iterations;
  if (steps < run.step) throw new Failed(stepsDone(folder, run.step, steps));
  const state = run.step < steps ? "running" : run.state;
  return {
    run: { ...run, experiment, fingerprint, steps, state, overrides: overrides ?? run.overrides },
    changes: changed.map(({ text }) => text),
  };
};

interface Changes {
  readonly changed: readonly Difference[];
  /** Those for which the run may not go on; none at all where it may. */
  readonly refused: readonly Difference[] | null;
}

/** In what the plan of today differs from a run's. */
export const changesOf = (run: Run, program: Program, allow: readonly string[] = []): Changes => {
  const changed = differences(run.experiment, program.experiment);
  const same =
    run.training === null ? isSameTraining(run, program, null) : isSameProgram(run, program);
  // Where files lie decides nothing, once their bytes can be compared.
  const free = run.training === null ? watching : [...watching, ...places];
  const refused = changed.filter(({ path }) => !isAllowed(path, [...free, ...allow]));
  const goesOn = same || (refused.length === 0 && changed.length > 0);
  return { changed, refused: goesOn ? null : refused };
};

const isSameProgram = (run: Run, program: Program): boolean =>
  run.fingerprint.program === program.fingerprint.program;

/**
 * The run, on the files that are there now; `training` is `null` where its first weights are gone.
 * @throws Failed where it was trained on others, and was not allowed these.
 */
export const agree = (
  { run, changes }: Known,
  files: Files,
  training: Training | null,
  { folder, allow = [] }: Pick<Claim, "folder" | "allow">,
): Known => {
  const differences = run.training === null ? [] : fileDifferences(folder, run.training, files);
  const refused = differences.filter(({ path }) => !isAllowed(path, allow));
  if (refused.length > 0) throw new Failed(otherFiles(folder, refused, run.state === "finished"));
  return {
    run: { ...run, training },
    changes: [...changes, ...differences.map(({ text }) => text)],
  };
};

/** What only watches a training may always change. */
const watching = ["train.validate", "train.checkpoints"];

const places = ["data.root", "data.layout", "data.train", "model.weights.file"];

const isAllowed = (path: string, allowed: readonly string[]): boolean =>
  allowed.map(asDecided).some((each) => within(path, each) || within(each, path));

const within = (path: string, outer: string): boolean =>
  path === outer || path.startsWith(`${outer}.`);

/** The language names the kind of schedule and of optimiser, which an experiment tells by their keys; and weights in two places. */
const KINDS = /\.(sgd|adamw|poly|constant|cosine|milestones|warmup)\b/g;
const asDecided = (path: string): string =>
  path
    .replace(/^train\.(optimizer|schedule)\b.*/, (of) => of.replaceAll(KINDS, ""))
    .replace(/^model\.backbone\.weights\b/, "model.weights");

/** What a process left half-written when it was killed does not count, and goes. */
const wholeFiles = async (folder: string): Promise<readonly string[]> => {
  const names = async (path: string): Promise<readonly string[]> => {
    const files = existsSync(path) ? await readdir(path) : [];
    const parts = files.filter((name) => /\.\d+\.part$/.test(name));
    await Promise.all(parts.map((name) => rm(join(path, name), { force: true })));
    return files.filter((name) => !parts.includes(name) && name !== "lock");
  };
  await names(checkpointsFolder(folder));
  return names(folder);
};

/** What decides a training, and differs. */
const differences = (there: Experiment, here: Experiment): readonly Difference[] =>
  experimentDifferences(there, here)
    .filter(({ path }) => !path.startsWith("evaluate."))
    .map(({ path, left, right }) => ({
      path,
      text: `${path}: ${plain(left)} there, ${plain(right)} here`,
    }));

const plain = (value: unknown): string => JSON.stringify(value) ?? "nothing";
