/** A run is a folder: where its files lie, and what its `run.json` says, enter and leave here. */

import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, extname, join } from "node:path";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { Failed } from "../diagnostic/failure.js";
import { systemReason } from "../diagnostic/system.js";
import type { Experiment, LabelMap } from "../normalize/experiment.js";
import type { Fingerprint } from "../plan/program.js";
import type { Kernels } from "../rewrite/kernels.js";
import type { Device } from "../runtime/library.js";
import { damagedRun, type Foreign, foreignRun, noRun } from "./errors.js";
import type { Evaluation } from "./evaluation.js";
import type { Recovery } from "./recovery.js";

/** Of `run.json`: raised when a program could not take up a run of the version before. */
const FORMAT = 2;

export interface Run {
  /** As the user named it, and the variant, `null` for the spec itself. */
  readonly spec: string;
  readonly variant: string | null;
  /** `key=value`, as on the command line. */
  readonly overrides: readonly string[];
  readonly state: "running" | "finished";
  /** Steps done when this was written, of all. */
  readonly step: number;
  readonly steps: number;
  /** Spent in these steps, over all sessions. */
  readonly seconds: number;
  /** Most main memory that the process held while it trained, in bytes; absent before the first checkpoint. */
  readonly peak_memory?: number;
  readonly device: Device;
  readonly versions: { readonly pspc: string; readonly node: string; readonly tensorflow: string };
  /** ISO 8601. */
  readonly created: string;
  readonly fingerprint: Fingerprint;
  readonly experiment: Experiment;
  /** How each layer of the step is computed: a resume does the same, whatever was measured since. */
  readonly kernels?: Kernels["known"];
  readonly recoveries: readonly Recovery[];
  /** What the plan was changed in on the way, and at which step. */
  readonly amendments: readonly { readonly step: number; readonly changes: readonly string[] }[];
}

export const runFile = (folder: string): string => join(folder, "run.json");
/** One line a step: a pure function of the program. */
export const metricsFile = (folder: string): string => join(folder, "metrics.jsonl");
/** What depends on the clock: seconds of the steps, and what happened when. */
export const logFile = (folder: string): string => join(folder, "log.jsonl");
/** Weights and statistics, at the end. */
export const weightsFile = (folder: string): string => join(folder, "weights.safetensors");
/** Weights and statistics of the step with the best score on the validation split. */
export const bestFile = (folder: string): string => join(folder, "best.safetensors");
/** Every variable, with momentum and step: one file a step. */
export const checkpointsFolder = (folder: string): string => join(folder, "checkpoints");
/** Whoever makes this file asks for a checkpoint now; it goes when there is one. */
export const checkpointRequest = (folder: string): string => join(folder, "checkpoint-now");
/** One file an evaluation: variants that share a training, and other scales, each keep their own. */
export const evaluationFile = (folder: string, split: string, fingerprint: string): string =>
  join(evaluationsFolder(folder), `${split}-${fingerprint}.json`);
/** What an evaluation that was interrupted has counted. */
export const partialEvaluationFile = (folder: string, fingerprint: string): string =>
  join(evaluationsFolder(folder), `${fingerprint}.partial.jsonl`);
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
  JSON.stringify(
    { format: FORMAT, ...run },
    (_, value) => (value instanceof Map ? [...value] : value),
    2,
  );

export const writeRun = async (folder: string, run: Run): Promise<void> => {
  makeFolder(folder);
  await writeFileAtomic(runFile(folder), `${toJson(run)}\n`);
};

/** @throws Failed where the folder holds no run, a damaged one, or one of another version. */
export const readRun = async (folder: string): Promise<Run> => {
  const file = runFile(folder);
  if (!existsSync(file)) throw new Failed(noRun(folder));
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new Failed(damagedRun(file, systemReason(error)));
  });
  const value = parsed(text);
  if (!isRecord(value)) throw new Failed(damagedRun(file, "it is no JSON, or was cut short"));
  if (value.format !== FORMAT) throw new Failed(foreignRun(folder, foreign(value)));
  const missing = lacking(value);
  if (missing.length > 0) throw new Failed(damagedRun(file, `it lacks ${missing.join(", ")}`));
  const { format: _, ...run } = value as unknown as Run & { readonly format: number };
  const { data } = run.experiment;
  const labels: LabelMap = new Map(data.labels);
  return { ...run, experiment: { ...run.experiment, data: { ...data, labels } } };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const foreign = ({
  format,
  versions,
  spec,
  variant,
}: Readonly<Record<string, unknown>>): Foreign => ({
  version: isRecord(versions) ? String(versions.pspc) : "of another version",
  newer: Number(format) > FORMAT,
  spec: typeof spec === "string" ? spec : null,
  variant: typeof variant === "string" ? variant : null,
});

/** What every run says: words, numbers, lists, and sections. */
const parts = {
  string: ["spec", "state", "device", "created"],
  number: ["step", "steps", "seconds"],
  list: ["overrides", "recoveries", "amendments"],
  section: ["versions", "fingerprint", "experiment"],
} as const;

const lacking = (run: Readonly<Record<string, unknown>>): readonly string[] => {
  const experiment = isRecord(run.experiment) ? run.experiment : {};
  const data = isRecord(experiment.data) ? experiment.data : {};
  return [
    ...parts.string.filter((key) => typeof run[key] !== "string"),
    ...parts.number.filter((key) => !Number.isFinite(run[key])),
    ...parts.list.filter((key) => !Array.isArray(run[key])),
    ...parts.section.filter((key) => !isRecord(run[key])),
    ...["data", "model", "train", "evaluate"]
      .filter((key) => !isRecord(experiment[key]))
      .map((key) => `experiment.${key}`),
    ...(Array.isArray(data.labels) ? [] : ["experiment.data.labels"]),
  ];
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
