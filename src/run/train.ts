/**
 * Training as a program in time: a compiled program and a folder enter; events leave, and a run stays in the folder.
 *
 * All state lives in the session's variables, and everything else is a function of (seed, step): whatever stops a run,
 * its last checkpoint continues to the same bits.
 */

import { setImmediate } from "node:timers/promises";
import { type Batch, batches, defaultWorkers } from "../data/batches.js";
import type { Sample } from "../data/sample.js";
import { Failed } from "../diagnostic/failure.js";
import type { Ops } from "../graph/op.js";
import type { Experiment } from "../normalize/experiment.js";
import type { Program } from "../plan/program.js";
import { rate } from "../plan/schedule.js";
import { describe, loadTensorFlow, type Want } from "../runtime/library.js";
import { openSession, type Session, type State } from "../runtime/session.js";
import { modelFor } from "../tensorflow/model.js";
import { initialState } from "../weights/initial.js";
import { select, taken } from "../weights/select.js";
import { checkedSplit } from "./check-data.js";
import { type Checkpoint, loadCheckpoint, readSafetensors } from "./checkpoint.js";
import { notFinite } from "./errors.js";
import type { Event } from "./event.js";
import { claim, type Run, version } from "./folder.js";
import { type Ledger, openLedger } from "./ledger.js";
import { lock } from "./lock.js";

export interface TrainRequest {
  readonly program: Program;
  /** The run's own folder. */
  readonly folder: string;
  /** How the user called the spec, for the record. */
  readonly spec?: string;
  readonly variant?: string | null;
  readonly device: Want;
  /** Threads that read data; they change no number. */
  readonly workers?: number;
  /** Continues the run in the folder. */
  readonly resume?: boolean;
  /** Once aborted, the step under way is finished and saved, and the run stops. */
  readonly signal?: AbortSignal;
  /** How often the state is saved: by the clock (a minute), or by steps. Neither changes a number. */
  readonly checkpointSeconds?: number;
  readonly checkpointSteps?: number;
}

/** @throws Failed: the folder is taken, the data are wrong, no device, the disk is full, the loss is not finite. */
export async function* train(request: TrainRequest): AsyncGenerator<Event, void> {
  const unlock = lock(request.folder);
  try {
    const known = await claim(request.folder, request.program, request.resume ?? false);
    if (known?.state === "finished")
      yield { kind: "note", message: `${request.folder} is trained already` };
    else yield* running(request, known);
  } finally {
    unlock();
  }
}

/** From nothing, or from the last checkpoint of a known run. */
async function* running(request: TrainRequest, known: Run | null): AsyncGenerator<Event, void> {
  const { program, folder, device } = request;
  const { data } = program.experiment;
  const samples = yield* checkedSplit(data, "train");
  if (data.val !== null) yield* checkedSplit(data, "val");
  const { model, variables } = modelFor(program, { train: true });
  const checkpoint = known === null ? null : await loadCheckpoint(folder, variables);
  if (checkpoint?.damage) yield { kind: "note", message: fallenBack(checkpoint) };
  const session = await openSession(model, device);
  try {
    session.write(checkpoint?.state ?? (await firstState(program, variables)));
    const run = known ?? (await newRun(request));
    const first = checkpoint?.step ?? 0;
    const ledger = await openLedger({ folder, run, session, variables }, first);
    try {
      yield* stepping({ ...request, session, samples, ledger, first });
    } finally {
      ledger.close();
    }
  } finally {
    session.dispose();
  }
}

const fallenBack = ({ damage, step }: Checkpoint): string =>
  `${damage?.message} (${damage?.reason}); the checkpoint before, of step ${step}, is taken`;

const firstState = async (
  { experiment: { model, train } }: Program,
  variables: readonly Ops["variable"][],
): Promise<State> => {
  const { weights } = model;
  if (weights === null) return initialState(variables, train.seed);
  const { tensors } = await readSafetensors(weights.file);
  const given = select(tensors, taken(variables, weights.only), weights.file);
  return initialState(variables, train.seed, given);
};

const newRun = async ({ program, spec, variant, device }: TrainRequest): Promise<Run> => {
  const { experiment, fingerprint } = program;
  const tensorflow = describe(await loadTensorFlow(device));
  return {
    spec: spec ?? "",
    variant: variant ?? null,
    state: "running",
    step: 0,
    steps: experiment.train.iterations,
    seconds: 0,
    device: tensorflow.device,
    versions: { pspc: version, node: process.version, tensorflow: tensorflow.version },
    created: new Date().toISOString(),
    fingerprint,
    experiment,
  };
};

interface Training extends TrainRequest {
  readonly session: Session;
  readonly samples: readonly Sample[];
  readonly ledger: Ledger;
  /** Steps that the session's state has behind it. */
  readonly first: number;
}

/** The steps that are left, until all are done or someone asks to stop. */
async function* stepping(training: Training): AsyncGenerator<Event, void> {
  const { session, samples, ledger, first, folder, signal, program } = training;
  const { data, train } = program.experiment;
  const steps = train.iterations;
  const workers = training.workers ?? defaultWorkers();
  const source = batches({ samples, data, train, start: first, workers });
  const due = timer(training);
  let done = first;
  try {
    yield ledger.tell({ kind: "started", run: folder, step: first, steps });
    while (done < steps) {
      // A step blocks this thread: only here do signals and timers come through.
      await setImmediate();
      if (signal?.aborted) {
        yield await ledger.save(done);
        yield ledger.tell({ kind: "stopped", run: folder, step: done, steps });
        return;
      }
      const started = performance.now();
      const batch = await source.next().catch(async (error) => {
        // A file that went bad ends the training, and costs none of its steps.
        await ledger.save(done);
        throw error;
      });
      const result = step(session, train, batch!);
      done += 1;
      if (!Number.isFinite(result.loss)) {
        const files = batch!.indices.map((index) => samples[index]!.image);
        throw new Failed(notFinite(done, result.loss, result.rate, files, ledger.saved()));
      }
      const seconds = (performance.now() - started) / 1000;
      yield ledger.step({ kind: "step", step: done, steps, ...result, seconds });
      if (done < steps && due(done)) yield await ledger.save(done);
    }
    for (const event of await ledger.finish(done)) yield event;
  } finally {
    await source.close();
  }
}

/** One step on the device: weights, momentum and statistics move; the losses from before leave. */
const step = (session: Session, train: Experiment["train"], batch: Batch) => {
  const asked = rate(train.schedule, train.iterations, batch.step);
  const { images, labels } = batch;
  const results = session.run("train", { images, labels, rate: asked });
  // Nine digits tell every f32 from its neighbours.
  const value = (name: string): number => Number(results[name]!.data[0]!.toPrecision(9));
  return {
    loss: value("loss"),
    main: value("main"),
    auxiliary: "auxiliary" in results ? value("auxiliary") : null,
    rate: asked,
  };
};

/** Tells whether a checkpoint is due, by steps where they are given, else by the clock. */
const timer = ({ checkpointSeconds = 60, checkpointSteps }: TrainRequest) => {
  let last = performance.now();
  return (done: number): boolean => {
    if (checkpointSteps !== undefined) return done % checkpointSteps === 0;
    const due = performance.now() - last > checkpointSeconds * 1000;
    if (due) last = performance.now();
    return due;
  };
};
