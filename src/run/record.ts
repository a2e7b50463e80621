/** The record of a run, `run.json`: what was trained, how far it came, and reading and writing it. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { Failed } from "../diagnostic/failure.js";
import { systemReason } from "../file/system.js";
import type { Experiment, LabelMap } from "../normalize/experiment.js";
import type { Fingerprint } from "../plan/program.js";
import type { Kernels } from "../rewrite/kernels.js";
import type { Device } from "../runtime/library.js";
import { damagedRun, type Foreign, foreignRun, noRun } from "./errors.js";
import { runFile } from "./folder.js";

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

/** A step back. Kept in the run, so that whatever resumes it takes the same way. */
export interface Recovery {
  /** The step that diverged. */
  readonly step: number;
  /** The step from whose checkpoint on training was done again. */
  readonly to: number;
  /** `NaN`, `Infinity`; or the variable that was not finite. */
  readonly what: string;
  /** What the rates of the steps after `to` were multiplied by. */
  readonly factor: number;
}

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
