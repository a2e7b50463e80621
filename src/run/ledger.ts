/** What a training writes to disk as it goes: metrics, log, TensorBoard events and checkpoints. */

import { existsSync, rmSync } from "node:fs";
import type { PairDigest } from "../data/digest.js";
import { palette } from "../data/palette.js";
import type { Ops } from "../graph/op.js";
import { peakMemory, resetPeakMemory } from "../runtime/memory.js";
import type { TrainingSession } from "../runtime/session.js";
import { bestScore, checkpointsOf, saveCheckpoint, saveWeights } from "./checkpoint.js";
import type { Event } from "./event.js";
import { bestFile, checkpointRequest, logFile, metricsFile, weightsFile } from "./folder.js";
import { openBoard, openJournal, rewind } from "./journal.js";
import type { Lock } from "./lock.js";
import { type Recovery, type Run, writeRun } from "./record.js";
import { keepSamples } from "./samples.js";
import { writePairs } from "./training.js";
import type { Seen } from "./validation.js";

type Of<K extends Event["kind"]> = Extract<Event, { readonly kind: K }>;

export interface Ledger {
  readonly step: (step: Of<"step">) => Of<"step">;
  /** A sample that could not be read, and which took its place. */
  readonly replaced: (step: number, image: string, by: string) => void;
  /** Keeps the best weights, before the scores that make them so are told. */
  readonly validated: (scores: Of<"validated">, seen: readonly Seen[]) => Promise<Of<"validated">>;
  /** Whether the scores of a step are among the metrics. */
  readonly hasScores: (step: number) => boolean;
  /** Everything of step `done` is told: what belongs behind it follows. */
  readonly passed: (done: number) => void;
  /** Notes in the log when an event happened. */
  readonly tell: <E extends Event>(event: E) => E;
  /** Everything up to step `done` is on the disk afterwards. @throws Diverged where it is not worth it. */
  readonly save: (done: number) => Promise<readonly Event[]>;
  /** Someone left a request for a checkpoint in the folder. */
  readonly asked: () => boolean;
  /** Leaves the weights, and marks the run as finished. */
  readonly finish: (done: number) => Promise<readonly Event[]>;
  readonly close: () => void;
}

/**
 * Of a process of a gang that is not its first: its own log, where it sees the folder that the first has made, and
 * nothing else. `scored` says whether the scores of step `first` are told. @throws Failed where the disk refuses.
 */
export const followersLedger = async (
  folder: string,
  rank: number,
  { step: first, scored }: { readonly step: number; readonly scored: boolean },
): Promise<Ledger> => {
  const file = existsSync(folder) ? logFile(folder, rank) : null;
  // A line that was cut short goes.
  if (file !== null) await rewind(file, Number.POSITIVE_INFINITY);
  const log = file === null ? null : openJournal(file);
  const tell: Ledger["tell"] = (event) => {
    log?.append(dated(event));
    return event;
  };
  return {
    tell,
    step: (step) => {
      log?.append(lasting(step));
      return step;
    },
    replaced: () => undefined,
    validated: async (event) => tell(event),
    hasScores: (step) => scored && step === first,
    passed: () => undefined,
    save: async () => [],
    asked: () => false,
    finish: async () => [tell({ kind: "finished", run: folder, seconds: 0 })],
    close: () => log?.close(),
  };
};

const dated = (event: Event): object => ({ at: new Date().toISOString(), ...event });

const lasting = ({ step, seconds }: Of<"step">): object => ({
  step,
  seconds: Number(seconds.toFixed(4)),
});

interface Kept {
  readonly folder: string;
  readonly run: Run;
  readonly session: TrainingSession;
  readonly variables: readonly Ops["variable"][];
  /** Whoever loses it writes nothing any more. */
  readonly held: Lock;
  readonly pairs: readonly PairDigest[];
}

/** Opens the books of a run at step `first`: what was written of later steps, which no checkpoint holds, goes. @throws Failed where the disk refuses. */
export const openLedger = async (
  { folder, run, session, variables, held, pairs }: Kept,
  first: number,
): Promise<Ledger> => {
  const demand = held.demandNow;
  const network = { session, variables };
  demand();
  await writeRun(folder, run);
  await writePairs(folder, pairs);
  // A finished run that trains on: its last checkpoint holds these weights, and the next one better ones.
  if (first > 0 && first < run.steps) rmSync(weightsFile(folder), { force: true });
  const lines = await rewind(
    metricsFile(folder),
    first,
    ({ step, recovered }) => recovered === undefined || Number(step) < first,
  );
  // What happened has happened, also to steps that are done again.
  await rewind(logFile(folder), Number.POSITIVE_INFINITY);
  const board = openBoard(folder, first, demand);
  const metrics = openJournal(metricsFile(folder), demand);
  const log = openJournal(logFile(folder), demand);
  const { experiment } = run;
  const { checkpoints } = experiment.train;
  const scored = new Set(lines.filter((line) => "split" in line).map(({ step }) => Number(step)));
  let seconds = run.seconds;
  let highest: number | null = null;
  resetPeakMemory();
  const written = (done: number, state: Run["state"]): Promise<void> => {
    const peak_memory = Math.max(run.peak_memory ?? 0, peakMemory());
    return writeRun(folder, { ...run, state, step: done, seconds, peak_memory });
  };

  const tell: Ledger["tell"] = (event) => {
    log.append(dated(event));
    return event;
  };
  const passed: Ledger["passed"] = (done) => {
    for (const each of run.recoveries) if (each.to === done) metrics.append(recoveryLine(each));
  };
  const save: Ledger["save"] = async (done) => {
    // First the lines, then the state: whoever resumes from it finds every line up to its step.
    metrics.sync();
    board.sync();
    const file = await saveCheckpoint(folder, network, run, done, checkpoints);
    await written(done, "running");
    rmSync(checkpointRequest(folder), { force: true });
    const event = tell({ kind: "saved", file, step: done } as const);
    log.sync();
    return [event];
  };
  const keepBest = async ({ step, ...scores }: Of<"validated">): Promise<boolean> => {
    if (checkpoints.best === "none") return false;
    const score = scores[checkpoints.best];
    // Where no pixel was counted, nothing is known of these weights.
    if (score === null) return false;
    // A file of weights is read once: while it trains, this process alone writes it.
    const isKnown = highest !== null && existsSync(bestFile(folder));
    highest = isKnown ? highest : await bestScore(folder, checkpoints.best);
    if (highest !== null && highest >= score) return false;
    const words = { metric: checkpoints.best, score: String(score) };
    const file = bestFile(folder);
    await saveWeights(file, network, run, step, words);
    highest = score;
    return true;
  };
  return {
    passed,
    tell,
    save,
    step: (step) => {
      const { kind: _, steps: __, auxiliary, seconds: spent, ...line } = step;
      const heads = auxiliary === null ? {} : { auxiliary };
      seconds += spent;
      metrics.append({ ...line, ...heads });
      log.append(lasting(step));
      board.append({
        step: step.step,
        scalars: { loss: line.loss, "loss/main": line.main, ...losses(heads), rate: line.rate },
      });
      return step;
    },
    replaced: (step, image, by) => metrics.append({ step, skipped: image, replaced_by: by }),
    validated: async (event, seen) => {
      demand();
      const best = await keepBest(event);
      await keepSamples(
        folder,
        seen,
        palette(experiment.data.palette, experiment.data.classes.length),
      );
      const { kind: _, best: __, ...line } = event;
      const { step, split, miou, mean_accuracy, pixel_accuracy } = line;
      metrics.append(line);
      scored.add(step);
      const scores = { miou, mean_accuracy, pixel_accuracy };
      const named = Object.entries(scores).flatMap(([name, value]) =>
        value === null ? [] : [[`${split}/${name}`, value]],
      );
      const images = Object.fromEntries(seen.map((one, i) => [`${split}/${i}`, one.picture]));
      board.append({ step, scalars: Object.fromEntries(named), images });
      return tell({ ...event, best });
    },
    hasScores: (step) => scored.has(step),
    asked: () => existsSync(checkpointRequest(folder)),
    finish: async (done) => {
      const checkpoint = await save(done);
      demand();
      const file = weightsFile(folder);
      await saveWeights(file, network, run, done);
      await written(done, "finished");
      return [
        ...checkpoint,
        tell({ kind: "saved", file, step: done }),
        tell({ kind: "finished", run: folder, seconds }),
      ];
    },
    close: () => closeAll([metrics, log, board]),
  };
};

/** Each, whatever becomes of the others. */
const closeAll = ([first, ...rest]: readonly { readonly close: () => void }[]): void => {
  try {
    first?.close();
  } finally {
    if (rest.length > 0) closeAll(rest);
  }
};

const losses = (heads: { readonly auxiliary?: number }): Readonly<Record<string, number>> =>
  heads.auxiliary === undefined ? {} : { "loss/auxiliary": heads.auxiliary };

/** The last checkpoint, where there is one. */
export const lastGood = (folder: string): string | null => checkpointsOf(folder)[0]?.file ?? null;

/** How a recovery stands among the metrics: behind all that is told of the step it went back to. */
const recoveryLine = ({ to, ...about }: Recovery): object => ({
  step: to,
  recovered: about,
});
