/** Compares variants: trains the runs that are missing, evaluates them, and makes one row of results for each variant. */

import { existsSync } from "node:fs";
import { separate } from "fp-ts/lib/Array.js";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { openSplit, type Split } from "../data/layout.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import type { Experiment } from "../normalize/experiment.js";
import { fingerprintOf, type Program } from "../plan/program.js";
import type { Want } from "../runtime/machine.js";
import { unreadableRuns } from "./errors.js";
import { evaluate } from "./evaluate.js";
import { type Evaluation, evaluationFingerprint, readEvaluation } from "./evaluation.js";
import type { Event } from "./event.js";
import { chooseRun, type Name } from "./find.js";
import { runFile } from "./folder.js";
import { readRecord, readRun } from "./record.js";
import { type Result, type Row, rowOf } from "./row.js";
import { train } from "./train.js";
import { type Files, filesOf, pairsDigest, placeOf, trainingOf } from "./training.js";

export interface Variant {
  /** `null` is the spec itself. */
  readonly name: string | null;
  /** One a seed; they differ in nothing else. The first is the spec's own, which `train` may have trained. */
  readonly programs: readonly [Program, ...Program[]];
  /** The run of each program, where it is known; otherwise where `train` puts it. */
  readonly folders?: readonly string[];
}

export interface CompareRequest {
  /** As the user named it. */
  readonly spec: string;
  readonly variants: readonly Variant[];
  /** Folder of the runs; `runs` unless said otherwise. */
  readonly parent?: string;
  readonly split: Split;
  readonly device: Want;
  readonly workers?: number;
  readonly signal?: AbortSignal;
}

/** One training of a variant: its program with one seed, and the folder of its run. */
interface Trial {
  readonly variant: Variant;
  readonly program: Program;
  readonly folder: string;
  /** What its spec's files hold; `null` where that is not known, or not asked. */
  readonly files: Files | null;
}

/**
 * A finished run of the same training is not trained again, whatever its folder is called, and an unfinished one is
 * continued. A run whose record is damaged is left out and named in the last event; the others are compared. `null`
 * where the comparison was asked to stop. @throws Failed as training and evaluation do, and where no run is left.
 */
export async function* compare(
  request: CompareRequest,
): AsyncGenerator<Event, readonly Row[] | null> {
  const { left: damaged, right: trials } = separate((yield* trialsOf(request)).map(readable));
  const [first, ...rest] = damaged;
  if (trials.length === 0 && first !== undefined) throw new Failed(unreadableRuns(first, rest));
  // What cannot be scored need not be trained.
  const digests = new Map<string, string>();
  for (const { program } of trials) {
    const { data } = program.experiment;
    const key = fingerprintOf(data);
    if (digests.has(key)) continue;
    const samples = await openSplit(data, request.split);
    digests.set(key, yield* pairsDigest(data, request.split, samples));
  }
  const results = new Map<Variant, Result[]>(request.variants.map((variant) => [variant, []]));
  for (const [index, trial] of trials.entries()) {
    const { variant, program, folder } = trial;
    const { seed } = program.experiment.train;
    const at = index + 1;
    yield { kind: "variant", name: shownAs(variant), seed, run: folder, at, of: trials.length };
    yield* trained(request, trial);
    if (request.signal?.aborted) return null;
    const before = await known(request, trial, digests.get(fingerprintOf(program.experiment.data)));
    if (before !== null) yield { kind: "note", message: resultOf(trial, before) };
    const evaluation = before ?? (yield* evaluate({ ...request, program, folder }));
    if (evaluation === null) return null;
    results.get(variant)?.push({ folder, run: await readRun(folder), evaluation });
  }
  const rows = [...results].flatMap(([variant, [first, ...rest]]) =>
    first === undefined
      ? []
      : [rowOf(shownAs(variant), variant.programs[0].experiment, [first, ...rest])],
  );
  yield { kind: "compared", rows, damaged };
  return rows;
}

/** Of a variant that need not be scored again; of the others scoring itself tells. */
const resultOf = (
  { variant, program }: Trial,
  { split, miou, pixel_accuracy }: Evaluation,
): string => {
  const percent = (score: number | null): string =>
    score === null ? "no score" : (100 * score).toFixed(1);
  const { seed } = program.experiment.train;
  return `${shownAs(variant)}, seed ${seed}, was scored before: ${split} mIoU ${percent(miou)}, pixel accuracy ${percent(pixel_accuracy)}`;
};

export const shownAs = ({ name }: Variant): string => name ?? "spec";

/** Its folder is free, or holds a run that can be continued. */
const readable = (trial: Trial): E.Either<Failure, Trial> =>
  existsSync(runFile(trial.folder))
    ? pipe(
        readRecord(trial.folder),
        E.map(() => trial),
      )
    : E.right(trial);

/**
 * Variants that differ in evaluation alone, or in where equal files lie, are one training: they share the first one's
 * run. Of runs that were named, each is itself.
 */
async function* trialsOf(request: CompareRequest): AsyncGenerator<Event, readonly Trial[]> {
  const read = new Map<string, Files | null>();
  const folders = new Map<string, string>();
  const trials: Trial[] = [];
  for (const variant of request.variants)
    for (const [index, program] of variant.programs.entries()) {
      const given = variant.folders?.[index];
      if (given !== undefined) {
        trials.push({ variant, program, folder: given, files: null });
        continue;
      }
      const { experiment, fingerprint } = program;
      const place = fingerprintOf([experiment.data, placeOf(experiment)]);
      const before = read.get(place);
      const files = before === undefined ? yield* filesOf(experiment, request.signal) : before;
      read.set(place, files);
      const training = files && trainingOf(program, files);
      const key = training?.fingerprint ?? `${fingerprint.program} ${placeOf(experiment)}`;
      const name = nameOf(request, variant.name, program, index);
      const known = folders.get(key);
      const { folder, note } =
        known === undefined
          ? await chooseRun(name, program, training)
          : { folder: known, note: null };
      if (note !== null) yield { kind: "note", message: note };
      folders.set(key, folder);
      trials.push({ variant, program, folder, files });
    }
  return trials;
}

/** What a comparison would do with one training of a variant. */
export interface Planned {
  readonly variant: string;
  /** As the spec has it; `null` is the spec itself. */
  readonly name: string | null;
  readonly seed: number;
  /** Of the seed among those of its variant: the first is the spec's own. */
  readonly index: number;
  readonly run: string;
  /** `same`: the training of a row above, which is trained once. */
  readonly does: "nothing" | "continues" | "trains" | "same";
  /** Why it is not the variant's usual folder. */
  readonly note: string | null;
}

/**
 * What `compare` would train, by the spec and the records of runs alone. No data are read: variants whose data or
 * first weights lie in other places count as other trainings here, although equal bytes make them one.
 */
export const planned = async (
  request: Pick<CompareRequest, "spec" | "parent" | "variants">,
): Promise<readonly Planned[]> => {
  const seen = new Map<string, string>();
  const rows: Planned[] = [];
  for (const variant of request.variants)
    for (const [index, program] of variant.programs.entries()) {
      const { experiment, fingerprint } = program;
      const key = `${fingerprint.program} ${placeOf(experiment)}`;
      const name = nameOf(request, variant.name, program, index);
      const before = seen.get(key);
      const given = before ?? variant.folders?.[index];
      const { folder: run, note } =
        given === undefined ? await chooseRun(name, program) : { folder: given, note: null };
      seen.set(key, run);
      const does = before === undefined ? missing(run, experiment) : "same";
      const about = { variant: shownAs(variant), name: variant.name };
      rows.push({ ...about, seed: experiment.train.seed, index, run, does, note });
    }
  return rows;
};

const missing = (folder: string, { train }: Experiment): Planned["does"] => {
  const record = existsSync(runFile(folder)) ? readRecord(folder) : null;
  if (record === null || E.isLeft(record)) return "trains";
  const { state, step } = record.right;
  return state === "finished" && step >= train.iterations ? "nothing" : "continues";
};

const nameOf = (
  { spec, parent = "runs" }: Pick<CompareRequest, "spec" | "parent">,
  variant: string | null,
  program: Program,
  index: number,
): Name => {
  const seed = index === 0 ? [] : [`seed${program.experiment.train.seed}`];
  const suffix = [...(variant === null ? [] : [variant]), ...seed].join("-");
  return { spec, variant, suffix: suffix === "" ? null : suffix, parent };
};

async function* trained(
  request: CompareRequest,
  { variant: { name }, program, folder, files }: Trial,
): AsyncGenerator<Event, void> {
  const known = files === null ? {} : { files };
  yield* train({ ...request, ...known, program, folder, variant: name, resume: "if-begun" });
}

/**
 * The evaluation of the finished training that lies in the run's folder, if it was made in this way of these pairs. What
 * 0.1 left does not say which bytes it was made of: the place of the split decides there.
 */
const known = async (
  { split }: CompareRequest,
  { program: { experiment }, folder }: Trial,
  pairs: string = "",
): Promise<Evaluation | null> => {
  const { training: now, formerly } = await readRun(folder);
  const step = experiment.train.iterations;
  const ways = [
    ...[now?.fingerprint ?? null, ...formerly].map((training) => ({ training, of: pairs })),
    ...formerly.map((training) => ({ training, of: null })),
  ];
  for (const { training, of } of ways) {
    const made = evaluationFingerprint(experiment, split, { training, step }, of);
    const evaluation = await readEvaluation(folder, split, made);
    if (evaluation !== null) return evaluation;
  }
  return null;
};
