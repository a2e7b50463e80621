/** A run is a folder: where its files lie, and what its `run.json` says, enter and leave here. */

import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, extname, join } from "node:path";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { Failed } from "../diagnostic/failure.js";
import type { Experiment, LabelMap } from "../normalize/experiment.js";
import type { Fingerprint, Program } from "../plan/program.js";
import type { Device } from "../runtime/library.js";
import { damagedRun, noRun, notARun, otherPlan, runExists } from "./errors.js";
import type { Evaluation } from "./evaluation.js";

export interface Run {
  /** As the user named it, and the variant, `null` for the spec itself. */
  readonly spec: string;
  readonly variant: string | null;
  readonly state: "running" | "finished";
  /** Steps done when this was written, of all. */
  readonly step: number;
  readonly steps: number;
  /** Spent in these steps, over all sessions. */
  readonly seconds: number;
  readonly device: Device;
  readonly versions: { readonly pspc: string; readonly node: string; readonly tensorflow: string };
  /** ISO 8601. */
  readonly created: string;
  readonly fingerprint: Fingerprint;
  readonly experiment: Experiment;
}

export const runFile = (folder: string): string => join(folder, "run.json");
/** One line a step: a pure function of the program. */
export const metricsFile = (folder: string): string => join(folder, "metrics.jsonl");
/** What depends on the clock: seconds of the steps, and what happened when. */
export const logFile = (folder: string): string => join(folder, "log.jsonl");
/** Weights and statistics, at the end. */
export const weightsFile = (folder: string): string => join(folder, "weights.safetensors");
/** Every variable, with momentum and step. */
export const checkpointFile = (folder: string): string => join(folder, "checkpoint.safetensors");
export const previousCheckpointFile = (folder: string): string =>
  join(folder, "checkpoint.previous.safetensors");
/** One file an evaluation: variants that share a training, and other scales, each keep their own. */
export const evaluationFile = (folder: string, split: string, fingerprint: string): string =>
  join(evaluationsFolder(folder), `${split}-${fingerprint}.json`);
const evaluationsFolder = (folder: string): string => join(folder, "evaluations");

/** `runs/camvid-no-aux` for `specs/camvid.yaml#no-aux`. */
export const runFolder = (spec: string, variant: string | null, parent = "runs"): string => {
  const name = [basename(spec, extname(spec)), ...(variant === null ? [] : [variant])].join("-");
  return join(parent, name.replace(/[^\w.,=+-]+/g, "_"));
};

export const version = (
  createRequire(import.meta.url)("../../package.json") as { readonly version: string }
).version;

/** Label maps stand in JSON as their entries. */
const toJson = (run: Run): string =>
  JSON.stringify(run, (_, value) => (value instanceof Map ? [...value] : value), 2);

export const writeRun = async (folder: string, run: Run): Promise<void> => {
  makeFolder(folder);
  await writeFileAtomic(runFile(folder), `${toJson(run)}\n`);
};

/** @throws Failed where the folder holds no run, or a damaged one. */
export const readRun = async (folder: string): Promise<Run> => {
  const file = runFile(folder);
  if (!existsSync(file)) throw new Failed(noRun(folder));
  try {
    const run = JSON.parse(await readFile(file, "utf8")) as Run;
    const { data } = run.experiment;
    const labels: LabelMap = new Map(data.labels);
    return { ...run, experiment: { ...run.experiment, data: { ...data, labels } } };
  } catch (error) {
    throw new Failed(damagedRun(file, error instanceof Error ? error.message : String(error)));
  }
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

/**
 * The run that is to be continued in a folder, or `null` for a new one.
 * @throws Failed where a new run would meet an old one, or a resumed one another plan.
 */
export const claim = async (
  folder: string,
  { experiment, fingerprint }: Program,
  resume: boolean,
): Promise<Run | null> => {
  const files = existsSync(folder) ? await wholeFiles(folder) : [];
  if (!resume && files.length === 0) return null;
  if (!resume && !existsSync(runFile(folder))) throw new Failed(notARun(folder));
  const run = await readRun(folder);
  if (!resume) throw new Failed(runExists(folder, run.state === "finished"));
  if (run.fingerprint.training !== fingerprint.training)
    throw new Failed(otherPlan(folder, differences(run.experiment, experiment)));
  return run;
};

/** What a process left half-written when it was killed does not count, and goes. */
const wholeFiles = async (folder: string): Promise<readonly string[]> => {
  const files = await readdir(folder);
  const parts = files.filter((name) => /\.\d+\.part$/.test(name));
  await Promise.all(parts.map((name) => rm(join(folder, name), { force: true })));
  return files.filter((name) => !parts.includes(name) && name !== "lock");
};

/** Of two experiments, the leaves that decide a training and differ: `train.batch: 8 there, 16 here`. */
const differences = (there: Experiment, here: Experiment): readonly string[] =>
  (["data", "model", "train"] as const).flatMap((section) =>
    leaves(section, there[section], here[section]),
  );

const leaves = (path: string, there: unknown, here: unknown): readonly string[] => {
  const [was, is] = [plain(there), plain(here)];
  if (was === is) return [];
  if (!isRecord(there) || !isRecord(here)) return [`${path}: ${was} there, ${is} here`];
  const keys = new Set([...Object.keys(there), ...Object.keys(here)]);
  return [...keys].flatMap((key) => leaves(`${path}.${key}`, there[key], here[key]));
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map);

const plain = (value: unknown): string =>
  JSON.stringify(value instanceof Map ? [...value].sort() : value) ?? "nothing";
