/** What a data worker is told, and what it does: reads the sample that a place of a batch asks for, and augments it. */

import { Failed } from "../diagnostic/failure.js";
import type { Data, Train } from "../normalize/experiment.js";
import { shuffle } from "../plan/schedule.js";
import { augmenter } from "./augment.js";
import { type Labelling, labelTable } from "./labels.js";
import { type Cache, cached, pack } from "./packed.js";
import type { Ring, WriteSample } from "./ring.js";
import { readSample, type Sample } from "./sample.js";

/** Of an experiment, what decides the content of its batches. */
export type Batching = Pick<Train, "batch" | "crop" | "seed" | "augment" | "iterations">;

/** Plain data and shared memory: it travels to a thread as it is. */
export interface Work {
  readonly samples: readonly Sample[];
  readonly data: Labelling & Pick<Data, "mean" | "damaged">;
  readonly train: Batching;
  readonly cache: Cache;
}

/** A worker's start. */
export interface Task extends Work {
  readonly ring: Ring;
}

/**
 * The sample at a place of a step's batch: a function of (step, position) alone, whichever thread asks. Where damaged
 * files are skipped, the next intact sample of the list takes the place of one that cannot be read, and is augmented
 * as that one would have been.
 */
export function sampleWriter({ samples, data, train, cache }: Work): WriteSample {
  const draw = shuffle(train.seed, samples.length, train.batch);
  const augment = augmenter(data, train);
  const table = labelTable(data);
  const read = (index: number) =>
    cached(cache, index, async () => pack(await readSample(samples[index]!, table)));
  const intact = async (index: number) => {
    for (let tried = 0; ; tried++) {
      const used = (index + tried) % samples.length;
      try {
        return { used, source: await read(used) };
      } catch (error) {
        const last = data.damaged === "stop" || tried + 1 === samples.length;
        if (last || !(error instanceof Failed)) throw error;
      }
    }
  };
  return async (step, position, image, labels) => {
    const { epoch, indices } = draw(step);
    const index = indices[position]!;
    const { used, source } = await intact(index);
    augment(source, epoch, index, image, labels);
    return used;
  };
}
