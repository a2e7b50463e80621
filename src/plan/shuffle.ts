/** Which samples a step reads: a seed, a step, the number of samples and the batch enter, indices leave. */

import { invariant } from "../diagnostic/invariant.js";
import { permutation } from "./random.js";

/** Whole batches in one pass over the samples; what does not fill a batch is dropped, and differs each epoch. */
export const stepsPerEpoch = (samples: number, batch: number): number =>
  Math.floor(samples / batch);

export interface Draw {
  readonly epoch: number;
  /** One index into the samples for each place in the batch. */
  readonly indices: readonly number[];
}

/** The order of the samples in an epoch: a permutation that depends on (seed, epoch) alone. */
export const epochOrder = (seed: number, epoch: number, samples: number): Uint32Array =>
  permutation(samples, seed, "shuffle", epoch);

/** The samples of every step; remembers the order of one epoch, so that a step costs nothing. */
export function shuffle(seed: number, samples: number, batch: number): (step: number) => Draw {
  const steps = stepsPerEpoch(samples, batch);
  invariant(steps > 0, `${samples} samples do not fill a batch of ${batch}`);
  let known = -1;
  let order: Uint32Array = new Uint32Array(0);
  return (step) => {
    const epoch = Math.floor(step / steps);
    if (epoch !== known) order = epochOrder(seed, epoch, samples);
    known = epoch;
    const first = (step % steps) * batch;
    return { epoch, indices: Array.from(order.subarray(first, first + batch)) };
  };
}
