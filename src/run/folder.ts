/** A run is a folder: where each of its files lies. */

import { basename, extname, join } from "node:path";

export const runFile = (folder: string): string => join(folder, "run.json");
/** The pairs that are trained on, in their order: the image's name, and a digest of both files. */
export const pairsFile = (folder: string): string => join(folder, "pairs.json");
/** One line a step: a pure function of the program. */
export const metricsFile = (folder: string): string => join(folder, "metrics.jsonl");
/** What depends on the clock: seconds of the steps, and what happened when; of a process that follows, under its rank. */
export const logFile = (folder: string, rank = 0): string =>
  join(folder, rank === 0 ? "log.jsonl" : `log.${rank}.jsonl`);
/** How much of the metrics MLflow has. */
export const trackerFile = (folder: string): string => join(folder, "mlflow.jsonl");
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
export const evaluationsFolder = (folder: string): string => join(folder, "evaluations");

/** `runs/camvid-no-aux` for `specs/camvid.yaml#no-aux`. */
export const runFolder = (spec: string, variant: string | null, parent = "runs"): string => {
  const name = [basename(spec, extname(spec)), ...(variant === null ? [] : [variant])].join("-");
  return join(parent, name.replace(/[^\p{L}\p{M}\p{N}_.,=+-]+/gu, "_"));
};
