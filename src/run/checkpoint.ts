/** Checkpoints and weights of a run: the state of every variable, saved to safetensors files and read back. */

import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { unreadable } from "../data/errors.js";
import { draft, makeFolder } from "../data/write.js";
import { Failed, type Failure, valueOrThrow } from "../diagnostic/failure.js";
import { readRegular } from "../file/regular.js";
import type { Ops } from "../graph/op.js";
import type { Checkpoints } from "../normalize/experiment.js";
import type { NumberArray, State, TrainingSession } from "../runtime/session.js";
import { taken, WHOLE } from "../weights/fit.js";
import { averageOf, select } from "../weights/load.js";
import { decodeSafetensors, inPieces, type Safetensors } from "../weights/safetensors.js";
import type { DType } from "../weights/tensor.js";
import { noWeights, weightsNotFinite } from "./errors.js";
import { bestFile, checkpointsFolder, weightsFile } from "./folder.js";
import { type Run, version } from "./record.js";

type Variable = Ops["variable"];
type Words = Readonly<Record<string, string>>;

/** Words that say where a file of weights comes from. */
const origin = ({ fingerprint, training }: Origin, step: number): Words => ({
  format: "pspc",
  version,
  graph: fingerprint.graph,
  program: fingerprint.program,
  ...(training === null ? {} : { training: training.fingerprint }),
  step: String(step),
});

type Origin = Pick<Run, "fingerprint" | "training">;

/** The loss or the weights of a step are not finite. */
export class Diverged extends Error {
  constructor(
    readonly step: number,
    readonly what: string,
    /** In words, with the checkpoint that is still good. */
    readonly failure: (good: string | null) => Failure,
  ) {
    super(`step ${step} diverged: ${what}`);
    this.name = "Diverged";
  }
}

export interface Saved {
  readonly step: number;
  readonly file: string;
}

const fileOf = (folder: string, step: number): string =>
  join(checkpointsFolder(folder), `step-${step}.safetensors`);

/** The checkpoints of a run, the last first. */
export const checkpointsOf = (folder: string): readonly Saved[] => {
  const files = existsSync(checkpointsFolder(folder)) ? readdirSync(checkpointsFolder(folder)) : [];
  return files
    .flatMap((name) => /^step-(\d+)\.safetensors$/.exec(name)?.[1] ?? [])
    .map((step) => ({ step: Number(step), file: fileOf(folder, Number(step)) }))
    .sort((a, b) => b.step - a.step);
};

/**
 * Writes the state after `step`, and takes away what need not be kept.
 * @throws Diverged where a weight is not finite, before anything on the disk has changed; Failed where the disk refuses.
 */
export const saveCheckpoint = async (
  folder: string,
  { session, variables }: Network,
  run: Origin,
  step: number,
  plan: Checkpoints,
): Promise<string> => {
  const file = fileOf(folder, step);
  makeFolder(checkpointsFolder(folder));
  const all = variables.map((of) => ({ of, from: of.name }));
  await save(file, session, all, origin(run, step), (name, value) => {
    demandFinite(name, value, step);
  });
  await discard(checkpointsOf(folder).filter((saved) => !keeps(folder, saved, step, plan)));
  return file;
};

/** A network under way: each of its variables is asked for, written, and let go before the next. */
export interface Network {
  readonly session: Pick<TrainingSession, "each">;
  readonly variables: readonly Variable[];
}

/** What is saved under a variable's name, and of which variable it is the value. */
interface Kept {
  readonly of: Variable;
  readonly from: string;
}

const save = async (
  file: string,
  session: Network["session"],
  kept: readonly Kept[],
  words: Words,
  look: (name: string, value: NumberArray) => void = () => {},
): Promise<void> => {
  const { names, piece, head } = inPieces(
    kept.map(({ of: { name, dtype, shape } }) => [name, { dtype: stored(dtype), shape }]),
    words,
  );
  const from = new Map(kept.map((one) => [one.of.name, one.from]));
  const to = new Map(kept.map((one) => [one.from, one.of.name]));
  const making = await draft(file);
  try {
    const asked = names.map((name) => from.get(name) ?? name);
    await session.each(asked, (name, value) => {
      look(name, value);
      return making.put(...piece(to.get(name) ?? name, value));
    });
    await making.put(...head());
    await making.keep();
  } finally {
    await making.drop();
  }
};

const stored = (dtype: Variable["dtype"]): DType => (dtype === "i32" ? "I32" : "F32");

/** The last ones of the schedule are kept; and one between them (someone asked for it) until the next is saved. */
const keeps = (folder: string, { step }: Saved, now: number, plan: Checkpoints): boolean => {
  const planned = checkpointsOf(folder).filter((saved) => isPlanned(saved, plan));
  return step === now || planned.slice(0, plan.keep).some((saved) => saved.step === step);
};

const isPlanned = ({ step }: Saved, { every }: Checkpoints): boolean =>
  every === null || step % every === 0;

const discard = async (checkpoints: readonly Saved[]): Promise<void> => {
  for (const { file } of checkpoints) await rm(file, { force: true });
};

/**
 * Takes back what was saved since the last checkpoint of the schedule, and leaves that checkpoint's step: a stop in
 * between must not decide where a training that diverges goes on. 0 is the beginning.
 */
export const retreat = async (folder: string, plan: Checkpoints): Promise<number> => {
  const saved = checkpointsOf(folder);
  const to = saved.find((each) => isPlanned(each, plan))?.step ?? 0;
  await discard(saved.filter(({ step }) => step > to));
  return to;
};

/** The trained network alone: weights (their averages, where `train.ema` keeps them) and running statistics. */
export const saveWeights = async (
  file: string,
  { session, variables }: Network,
  run: Origin,
  step: number,
  more: Words = {},
): Promise<string> => {
  const all = new Set(variables.map(({ name }) => name));
  const kept = taken(variables, WHOLE).map((of) => {
    const average = averageOf(of.name);
    return { of, from: all.has(average) ? average : of.name };
  });
  await save(file, session, kept, { ...origin(run, step), ...more });
  return file;
};

const demandFinite = (name: string, { data }: NumberArray, step: number): void => {
  for (let i = 0; i < data.length; i++)
    if (!Number.isFinite(data[i]))
      throw new Diverged(step, name, (good) => weightsNotFinite(step, name, good));
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
  for (const { file } of checkpointsOf(folder)) {
    try {
      const { tensors } = await readSafetensors(file);
      const state = valueOrThrow(select(tensors, variables, file));
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
export const readSafetensors = async (file: string): Promise<Safetensors> =>
  valueOrThrow(
    pipe(
      readRegular(file),
      E.mapLeft((reason) => unreadable(file, reason)),
      E.flatMap((bytes) => decodeSafetensors(bytes, file)),
    ),
  );

/** The score of the best weights so far, as their file says; `null` where there is none that can be read. */
export const bestScore = async (folder: string, metric: string): Promise<number | null> => {
  if (!existsSync(bestFile(folder))) return null;
  try {
    const { metadata } = await readSafetensors(bestFile(folder));
    return metadata.metric === metric ? Number(metadata.score) : null;
  } catch (error) {
    if (error instanceof Failed) return null;
    throw error;
  }
};

/** Of a run: its final weights, or its last checkpoint where it is not finished. */
export const weightsOf = (folder: string): string => {
  const last = checkpointsOf(folder).map(({ file }) => file);
  const file = [weightsFile(folder), ...last].find((path) => existsSync(path));
  if (file === undefined) throw new Failed(noWeights(folder));
  return file;
};
