/** What a data worker is told, and what it does: reads the sample that a place of a batch asks for, and augments it. */

import { Failed } from "../diagnostic/failure.js";
import type { Data, Train } from "../normalize/experiment.js";
import { shuffle } from "../plan/schedule.js";
import { augmenter } from "./augment.js";
import { type Cache, cached } from "./cache.js";
import { type Labelling, labelTable } from "./labels.js";
import type { Ring, WriteSample } from "./ring.js";
import { here, readSample, type Sample } from "./sample.js";
import { fastest } from "./vectors.js";

/** Of an experiment, what decides the content of its batches. */
export type Batching = Pick<Train, "batch" | "crop" | "seed" | "augment" | "iterations">;

/** Plain data and shared memory: it travels to a thread as it is. */
export interface Work {
  readonly samples: readonly Sample[];
  readonly data: Labelling & Pick<Data, "mean" | "damaged">;
  readonly train: Batching;
  readonly cache: Cache;
  /** The places of each batch that are read here; all of them where nothing is said. */
  readonly places?: readonly number[];
}

/** How many samples of each batch are read here. */
export const placesOf = ({ places, train }: Pick<Work, "places" | "train">): readonly number[] =>
  places ?? [...Array(train.batch).keys()];

/** A worker's start. */
export interface Task extends Work {
  readonly ring: Ring;
}

/**
 * The sample at a place of a step's batch: a function of (step, position) alone, whichever thread asks. Where damaged
 * files are skipped, the next intact sample of the list takes the place of one that cannot be read, and is augmented
 * as that one would have been.
 */
export function sampleWriter(work: Work): WriteSample {
  const { samples, data, train, cache } = work;
  const places = placesOf(work);
  const draw = shuffle(train.seed, samples.length, train.batch);
  const augment = augmenter(data, train, fastest());
  const table = labelTable(data);
  const means = here();
  const read = (index: number) =>
    cached(cache, index, () => readSample(samples[index]!, table, means));
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
    const index = indices[places[position]!]!;
    const { used, source } = await intact(index);
    augment(source, epoch, index, image, labels);
    return used;
  };
}
