/** The data set looked through before training: samples and a label map enter, every mistake and the sizes leave. */

import { availableParallelism } from "node:os";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { type Labelling, labelTable } from "./labels.js";
import { readSample, type Sample } from "./sample.js";

export interface Checkup {
  /** In the order of the samples. */
  readonly failures: readonly Failure[];
  /** The samples that these are of, by their place in the split. */
  readonly damaged: readonly number[];
  /** How many images there are of each size, the most frequent first. */
  readonly sizes: readonly {
    readonly height: number;
    readonly width: number;
    readonly count: number;
  }[];
}

/**
 * Reads every pair as training would: files that cannot be decoded, sizes that differ, values outside the
 * label map. Decoding runs on the library's threads, a few pairs at a time.
 */
export async function checkSamples(
  samples: readonly Sample[],
  labels: Labelling,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<Checkup> {
  const table = labelTable(labels);
  const found: (Failure | undefined)[] = new Array(samples.length);
  const sizes = new Map<string, number>();
  const damaged: number[] = [];
  let [next, done] = [0, 0];
  const look = async (): Promise<void> => {
    while (next < samples.length) {
      const index = next++;
      try {
        const { height, width } = await readSample(samples[index]!, table);
        sizes.set(`${height} ${width}`, (sizes.get(`${height} ${width}`) ?? 0) + 1);
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
        found[index] = error.failure;
        damaged.push(index);
      }
      onProgress(++done, samples.length);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, look));
  const failures = found.filter((f) => f !== undefined);
  return { failures, damaged: damaged.sort((a, b) => a - b), sizes: bySize(sizes) };
}

function bySize(sizes: ReadonlyMap<string, number>): Checkup["sizes"] {
  const counted = [...sizes].map(([key, count]) => {
    const [height, width] = key.split(" ").map(Number) as [number, number];
    return { height, width, count };
  });
  return counted.sort((a, b) => b.count - a.count || a.height - b.height || a.width - b.width);
}
