/** Makes the batches of a training ahead of its steps, in this thread or in workers, always in the order of the steps. */

import { existsSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { Failed } from "../diagnostic/failure.js";
import { compiled } from "../file/places.js";
import { areWide, type ClassIndices, classIndices } from "../language/labels.js";
import { shuffle } from "../plan/schedule.js";
import { createCache } from "./cache.js";
import { noWorkerFile, tooFewSamples, workerLost } from "./errors.js";
import { closeRing, createRing, type Ring, releaseSlot, takeSlot } from "./ring.js";
import { placesOf, sampleWriter, type Task, type Work } from "./work.js";

export interface Batch {
  readonly step: number;
  /** [B, h, w, 3]; as `labels`, valid until the next batch is asked for. */
  readonly images: Uint8Array;
  /** [B, h, w] */
  readonly labels: ClassIndices;
  /** Of the samples that were drawn for this batch. */
  readonly indices: readonly number[];
  /** Of those in it: others only where a damaged one was skipped. */
  readonly used: readonly number[];
}

export interface Batches {
  /** The batch of the next step, or `null` after the last. Throws `Failed` for what a sample's files lack. */
  next(): Promise<Batch | null>;
  close(): Promise<void>;
}

export interface BatchesOptions extends Omit<Work, "cache"> {
  /** The first step, as after a resume. */
  readonly start: number;
  /** 0 reads in this thread; the batches are the same whatever the number. */
  readonly workers: number;
  /** Memory for decoded samples. */
  readonly cacheBytes?: number;
}

/** How many batches are written ahead. */
const SLOTS = 3;
/** How long, in ms, the thread may sleep before it must look after its events (signals, a worker's end). */
const PATIENCE = 10;

/** Leaves a core to TensorFlow; more than eight readers outrun any step. */
export const defaultWorkers = (): number => Math.min(8, Math.max(1, availableParallelism() - 1));

/** The batches of the steps `start` … `train.iterations − 1`. Workers begin at once. */
export function batches({ start, workers, cacheBytes, ...plan }: BatchesOptions): Batches {
  const { samples, train } = plan;
  if (samples.length < train.batch) throw new Failed(tooFewSamples(samples.length, train.batch));
  const work: Work = {
    ...plan,
    cache: createCache(
      samples.length,
      cacheBytes ?? defaultBytes(),
      areWide(plan.data.classes.length),
    ),
  };
  return workers === 0 ? inline(work, start) : threaded(work, start, workers);
}

const defaultBytes = (): number => Math.min(2 ** 30, freemem() / 4);

function inline(work: Work, start: number): Batches {
  const { batch: whole, crop, seed, iterations } = work.train;
  const places = placesOf(work);
  const batch = places.length;
  const write = sampleWriter(work);
  const draw = shuffle(seed, work.samples.length, whole);
  const area = crop[0] * crop[1];
  const images = new Uint8Array(3 * batch * area);
  const labels = classIndices(work.data.classes.length, batch * area);
  let step = start;
  return {
    async next() {
      if (step >= iterations) return null;
      const used: number[] = [];
      for (let p = 0; p < batch; p++) {
        const [from, to] = [p * area, (p + 1) * area];
        const place = [images.subarray(3 * from, 3 * to), labels.subarray(from, to)] as const;
        used.push(await write(step, p, ...place));
      }
      return { step, images, labels, used, indices: at(places, draw(step++).indices) };
    },
    async close() {},
  };
}

function threaded(work: Work, start: number, workers: number): Batches {
  const { batch, crop, seed, iterations } = work.train;
  const places = placesOf(work);
  const ring = createRing(
    SLOTS,
    places.length,
    crop,
    start,
    iterations,
    work.cache.labels instanceof Uint16Array,
  );
  const threads = startWorkers({ ...work, ring }, workers);
  const draw = shuffle(seed, work.samples.length, batch);
  let step = start;
  return {
    async next() {
      if (step > start) releaseSlot(ring, step - 1);
      if (step >= iterations) return null;
      const slot = await patientTake(ring, step, threads.check);
      return { step, ...slot, indices: at(places, draw(step++).indices) };
    },
    async close() {
      closeRing(ring);
      await threads.end();
    },
  };
}

const at = (places: readonly number[], indices: readonly number[]): readonly number[] =>
  places.map((place) => indices[place]!);

/** Sleeps in slices, so that a signal or a lost worker is noticed while the batch is waited for. */
async function patientTake(ring: Ring, step: number, check: () => void) {
  for (;;) {
    const slot = takeSlot(ring, step, PATIENCE);
    if (slot !== null) return slot;
    await setImmediate();
    check();
  }
}

function startWorkers(task: Task, count: number) {
  const program = workerProgram();
  let lost: Error | undefined;
  const threads = Array.from({ length: count }, () => {
    const worker = new Worker(program, { workerData: task });
    worker.unref(); // batches left open must not keep a finished process alive
    worker.on("error", (error) => {
      lost = error;
    });
    const exit = new Promise<void>((resolve) => {
      worker.on("exit", (code) => {
        if (code !== 0) lost ??= new Error(`it exited with code ${code}`);
        resolve();
      });
    });
    return { worker, exit };
  });
  return {
    check() {
      if (lost) throw new Failed(workerLost(lost.message));
    },
    async end() {
      for (const { worker } of threads) worker.ref();
      await Promise.all(threads.map(({ exit }) => exit));
    },
  };
}

function workerProgram(): string {
  const program = compiled("data/worker.js");
  if (!existsSync(program)) throw new Failed(noWorkerFile(program));
  return program;
}
