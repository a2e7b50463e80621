/** The training loop: runs the remaining steps, with validation, checkpoints and stops between them. */

import { relative } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type Batch, batches, defaultWorkers } from "../data/batches.js";
import { labelTable } from "../data/labels.js";
import { readSample, type Sample } from "../data/sample.js";
import { Failed } from "../diagnostic/failure.js";
import type { ClassIndices } from "../language/labels.js";
import type { Program } from "../plan/program.js";
import { rate } from "../plan/schedule.js";
import type { Want } from "../runtime/machine.js";
import type { TrainingSession } from "../runtime/session.js";
import { Diverged } from "./checkpoint.js";
import { notFinite, weightsNotFinite } from "./errors.js";
import type { Event } from "./event.js";
import { allDone, type Gang, noWish, wishedIn, wishesOf } from "./gang.js";
import type { Ledger } from "./ledger.js";
import type { Lock } from "./lock.js";
import { placesIn } from "./place.js";
import type { Recovery, Run } from "./record.js";
import { type Validation, validate } from "./validation.js";

export interface Training {
  readonly program: Program;
  readonly folder: string;
  readonly run: Run;
  readonly session: TrainingSession;
  readonly samples: readonly Sample[];
  readonly validation: Validation | null;
  readonly ledger: Ledger;
  /** Whoever loses it stops, and writes nothing any more. */
  readonly held: Pick<Lock, "demand">;
  /** Steps that the session's state has behind it. */
  readonly first: number;
  readonly device: Want;
  readonly workers?: number;
  readonly signal?: AbortSignal;
  readonly checkpointSeconds?: number;
  /** Whose processes step together, and obey each other's wishes. */
  readonly gang?: Gang | null;
}

/** What the first of a gang finds when it saves, and the others are still to be told. */
interface Found {
  diverged: Diverged | null;
}

/**
 * Until all are done or someone asks to stop. What belongs to a step is told in one order, whoever interrupts it: its
 * losses, its samples that were replaced, its scores, its checkpoint. @throws Failed; Diverged
 */
export async function* stepping(training: Training): AsyncGenerator<Event, void> {
  const { samples, ledger, first, folder, program, gang = null } = training;
  const { data, train } = program.experiment;
  const isStopping = (): boolean => (gang === null ? training.signal?.aborted === true : wish.stop);
  const steps = train.iterations;
  const workers = training.workers ?? defaultWorkers();
  const places = gang === null ? {} : { places: placesIn(train, gang) };
  const source = batches({ samples, data, train, start: first, workers, ...places });
  const due = timer(training);
  const known = new Set<number>();
  let done = first;
  /** What the gang was asked for at the last step. */
  let wish = noWish;
  const found: Found = { diverged: null };
  try {
    yield ledger.tell({ kind: "started", run: folder, step: first, steps });
    for (;;) {
      training.held.demand();
      if (done > 0) yield* validated(training, done);
      ledger.passed(done);
      if (isStopping()) return yield* stop(training, done);
      if (done >= steps) break;
      if (done > first && (due(done) || wish.save || (gang === null && ledger.asked())))
        yield* told(training, found, () => ledger.save(done));
      // A step blocks this thread: only here do signals and timers come through.
      await setImmediate();
      if (isStopping()) return yield* stop(training, done);
      const started = performance.now();
      const batch = await source.next().catch(async (error) => {
        // A file that went bad ends the training, and costs none of its steps.
        await ledger.save(done);
        throw error;
      });
      const { wished, ...result } = await step(training, batch!, found);
      wish = wished;
      done += 1;
      const seconds = (performance.now() - started) / 1000;
      yield ledger.step({ kind: "step", step: done, steps, ...result, seconds });
      yield* replaced(training, batch!, known);
    }
    yield* told(training, found, () => ledger.finish(done));
    await parting(training, found);
  } finally {
    await source.close();
  }
}

/** What is told of saving: in a gang all go back together where that finds that the weights are not finite. */
async function* told(
  { gang = null }: Training,
  found: Found,
  saving: () => Promise<readonly Event[]>,
): AsyncGenerator<Event, void> {
  try {
    yield* await saving();
  } catch (error) {
    if (gang === null || !(error instanceof Diverged)) throw error;
    found.diverged = error;
  }
}

/** The processes of a gang leave together. @throws Diverged where the first found that all go back. */
const parting = async (
  { gang = null, session, program, run }: Training,
  { diverged }: Found,
): Promise<void> => {
  if (gang === null) return;
  if (await allDone(session, gang, program, diverged !== null))
    throw diverged ?? divergedElsewhere(run.steps);
};

/** One step on the device: weights, momentum and statistics move; the losses from before leave, summed over the parts. */
const step = async (training: Training, batch: Batch, { diverged }: Found) => {
  const { session, samples, run, program, gang = null, signal, ledger } = training;
  const { train } = program.experiment;
  const own = { stop: signal?.aborted === true, save: ledger.asked(), back: diverged !== null };
  const asks = gang === null ? {} : wishesOf(gang, own);
  const planned = rate(train.schedule, train.iterations, batch.step);
  const asked = planned * slowed(run.recoveries, batch.step);
  const parts: Awaited<ReturnType<TrainingSession["run"]>>[] = [];
  for (const [i, part] of partsOf(batch, train.accumulate).entries()) {
    const signature = i === train.accumulate - 1 ? "train" : "accumulate";
    parts.push(await session.run(signature, { ...part, ...asks, part: i, rate: asked }));
  }
  const wished = wishedIn(parts.at(-1) ?? {});
  if (wished.back) throw diverged ?? divergedElsewhere(batch.step);
  const total = (name: string): number =>
    parts.reduce((sum, results) => sum + results[name]!.data[0]!, 0);
  // Nine digits tell every f32 from its neighbours.
  const value = (name: string): number => Number(total(name).toPrecision(9));
  const loss = value("loss");
  if (!Number.isFinite(loss)) {
    const files = batch.used.map((index) => samples[index]!.image);
    const [at, what] = [batch.step + 1, String(loss)];
    throw new Diverged(at, what, (good) => notFinite(at, loss, asked, files, good));
  }
  const auxiliary = "auxiliary" in parts[0]! ? value("auxiliary") : null;
  return { loss, main: value("main"), auxiliary, rate: asked, wished };
};

/** Of a process that is told so. */
const divergedElsewhere = (step: number): Diverged =>
  new Diverged(step, "weights", (good) => weightsNotFinite(step, "the network", good));

/** Equal parts in order; each knows the labels of all, by which losses are shares of the batch's. */
const partsOf = ({ images, labels }: Batch, count: number) => {
  const share = <A extends ClassIndices>(all: A, part: number) =>
    all.subarray((part * all.length) / count, ((part + 1) * all.length) / count);
  return Array.from({ length: count }, (_, part) => ({
    images: share(images, part),
    labels: share(labels, part),
    batch: labels,
  }));
};

/** Scores where they are due and not told yet: after the step, or after a stop in their midst. */
async function* validated(training: Training, done: number): AsyncGenerator<Event, void> {
  const { validation, ledger, program } = training;
  if (validation === null || ledger.hasScores(done)) return;
  if (done % validation.every !== 0 && done !== program.experiment.train.iterations) return;
  const found = yield* validate({ ...training, validation });
  if (found === null) return;
  const event = { kind: "validated", step: done, ...found.scores, best: false } as const;
  yield await ledger.validated(event, found.seen);
}

/** Files that could not be read and were skipped: in the metrics each time, as an event the first time. */
async function* replaced(
  { samples, ledger, program }: Training,
  { step, indices, used }: Batch,
  told: Set<number>,
): AsyncGenerator<Event, void> {
  const { data } = program.experiment;
  const name = (index: number): string => relative(data.root, samples[index]!.image);
  for (const [position, index] of indices.entries()) {
    if (used[position] === index) continue;
    ledger.replaced(step + 1, name(index), name(used[position]!));
    if (told.has(index)) continue;
    told.add(index);
    const { image } = samples[index]!;
    const failure = await readSample(samples[index]!, labelTable(data)).then(
      () => ({ kind: "failure", message: `${image} could not be read` }) as const,
      (error) => {
        if (error instanceof Failed) return error.failure;
        throw error;
      },
    );
    yield ledger.tell({ kind: "skipped", file: image, failure });
  }
}

/** Saves, unless what there is to save is not worth it. */
async function* stop(training: Training, done: number): AsyncGenerator<Event, void> {
  const { ledger, folder, run } = training;
  try {
    yield* await ledger.save(done);
  } catch (error) {
    if (!(error instanceof Diverged)) throw error;
    yield ledger.tell({ kind: "note", message: `${error.message}; the checkpoint before is kept` });
  }
  yield ledger.tell({ kind: "stopped", run: folder, step: done, steps: run.steps });
  await parting(training, { diverged: null });
}

/** Tells whether a checkpoint is due: by the steps that the spec says, else by the clock. */
const timer = ({ checkpointSeconds = 60, program }: Training) => {
  const { every } = program.experiment.train.checkpoints;
  let last = performance.now();
  return (done: number): boolean => {
    if (every !== null) return done % every === 0;
    const due = performance.now() - last > checkpointSeconds * 1000;
    if (due) last = performance.now();
    return due;
  };
};

/** What all recoveries together make of the rate of step `index`, from 0. */
export const slowed = (recoveries: readonly Recovery[], index: number): number =>
  recoveries.reduce((rate, { to, factor }) => (index >= to ? rate * factor : rate), 1);
