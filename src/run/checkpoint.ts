/** The state of a training on its way to the disk and back: every variable by name, with the program's fingerprint. */

import { existsSync } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import { unreadable } from "../data/errors.js";
import { writeFileAtomic } from "../data/write.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import type { Ops } from "../graph/op.js";
import type { Fingerprint } from "../plan/program.js";
import type { State } from "../runtime/session.js";
import { decodeSafetensors, encodeSafetensors, type Safetensors } from "../weights/safetensors.js";
import { select } from "../weights/select.js";
import { noWeights, weightsNotFinite } from "./errors.js";
import { checkpointFile, previousCheckpointFile, version, weightsFile } from "./folder.js";

type Variable = Ops["variable"];

/** Words that say where a file of weights comes from. */
const origin = (fingerprint: Fingerprint, step: number): Readonly<Record<string, string>> => ({
  format: "pspc",
  version,
  graph: fingerprint.graph,
  training: fingerprint.training,
  step: String(step),
});

/**
 * Writes the state after `step` beside the checkpoint before it, which stays as the previous one.
 * @throws Failed where a weight is not finite, before anything on the disk has changed.
 */
export const saveCheckpoint = async (
  folder: string,
  state: State,
  fingerprint: Fingerprint,
  step: number,
): Promise<string> => {
  demandFinite(state, step);
  const file = checkpointFile(folder);
  const bytes = encodeSafetensors(state, origin(fingerprint, step));
  if (existsSync(file)) await rename(file, previousCheckpointFile(folder));
  await writeFileAtomic(file, bytes);
  return file;
};

/** The trained network alone: weights and running statistics. */
export const saveWeights = async (
  folder: string,
  state: State,
  variables: readonly Variable[],
  fingerprint: Fingerprint,
  step: number,
): Promise<string> => {
  const kept = variables.filter(({ role }) => role !== "momentum" && role !== "step");
  const tensors = new Map(kept.map(({ name }) => [name, state.get(name)!]));
  const file = weightsFile(folder);
  await writeFileAtomic(file, encodeSafetensors(tensors, origin(fingerprint, step)));
  return file;
};

const demandFinite = (state: State, step: number): void => {
  for (const [name, { data }] of state)
    for (let i = 0; i < data.length; i++)
      if (!Number.isFinite(data[i])) throw new Failed(weightsNotFinite(step, name));
};

export interface Checkpoint {
  readonly state: State;
  readonly step: number;
  /** Why an older one had to be taken. */
  readonly damage: Failure | null;
}

/**
 * The last intact checkpoint of a run, or `null` where none was ever written.
 * @throws Failed where every one of them is damaged.
 */
export const loadCheckpoint = async (
  folder: string,
  variables: readonly Variable[],
): Promise<Checkpoint | null> => {
  let damage: Failure | null = null;
  for (const file of [checkpointFile(folder), previousCheckpointFile(folder)]) {
    if (!existsSync(file)) continue;
    try {
      const state = select((await readSafetensors(file)).tensors, variables, file);
      const counter = variables.find(({ role }) => role === "step")!;
      return { state, step: state.get(counter.name)!.data[0]!, damage };
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      damage ??= error.failure;
    }
  }
  if (damage !== null) throw new Failed(damage);
  return null;
};

/** @throws Failed where the file cannot be read or is damaged. */
export const readSafetensors = async (file: string): Promise<Safetensors> => {
  const bytes = await readFile(file).catch((error: Error) => {
    throw new Failed(unreadable(file, error.message));
  });
  return decodeSafetensors(bytes, file);
};

/** Of a run: its final weights, or its last checkpoint where it is not finished. */
export const weightsOf = (folder: string): string => {
  const file = [weightsFile(folder), checkpointFile(folder), previousCheckpointFile(folder)].find(
    (path) => existsSync(path),
  );
  if (file === undefined) throw new Failed(noWeights(folder));
  return file;
};
