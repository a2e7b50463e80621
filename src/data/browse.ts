/** Samples to look at: some of a split and the plan of a training enter; pictures, labels and crops leave. */

import type { Data, Train } from "../normalize/experiment.js";
import type { Decision } from "../plan/augment.js";
import { augmenter } from "./augment.js";
import { labelTable } from "./labels.js";
import { pack } from "./packed.js";
import { type Labelled, readSample, type Sample } from "./sample.js";

export interface Look {
  readonly sample: Sample;
  readonly original: Labelled;
  /** One an epoch, from the first: the very bytes that training reads. */
  readonly crops: readonly { readonly picture: Labelled; readonly decision: Decision }[];
}

/** `count` places spread evenly over `total`. */
export const spread = (total: number, count: number): readonly number[] =>
  Array.from({ length: Math.min(total, count) }, (_, i) =>
    Math.floor((i * total) / Math.min(total, count)),
  );

/** One after the other, in the order of `indices`. @throws Failed for files that cannot be read. */
export async function* looks(
  samples: readonly Sample[],
  indices: readonly number[],
  data: Data,
  train: Train,
  epochs: number,
): AsyncGenerator<Look> {
  const table = labelTable(data);
  const augment = augmenter(data, train);
  const [height, width] = train.crop;
  for (const index of indices) {
    const original = await readSample(samples[index]!, table);
    const source = pack(original);
    const crops = Array.from({ length: epochs }, (_, epoch) => {
      const image = new Uint8Array(3 * height * width);
      const labels = new Uint8Array(height * width);
      const decision = augment(source, epoch, index, image, labels);
      return { picture: { image, labels, height, width }, decision };
    });
    yield { sample: samples[index]!, original, crops };
  }
}
