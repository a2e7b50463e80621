/** Decoded samples in memory that all threads share: a number of samples and of bytes enters, a store leaves. */

import type { Labelled } from "./sample.js";

export interface Cache {
  /** Pixels given out so far. */
  readonly taken: Int32Array;
  /** [samples, 4]: state, first pixel, height, width. */
  readonly entries: Int32Array;
  /** [pixels, 3] and [pixels], of all samples one behind the other. */
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

const [EMPTY, WRITING, READY] = [0, 1, 2];

/** The system gives memory when it is first written: a small data set takes no more than its pixels. */
export function createCache(samples: number, bytes: number): Cache {
  const shared = (n: number) => new SharedArrayBuffer(n);
  const pixels = Math.min(2 ** 31 - 1, Math.floor(bytes / 4));
  return {
    taken: new Int32Array(shared(4)),
    entries: new Int32Array(shared(16 * samples)),
    images: new Uint8Array(shared(3 * pixels)),
    labels: new Uint8Array(shared(pixels)),
  };
}

/** The sample from memory, or read and kept if there is room. Nobody waits: two threads may read the same file. */
export async function cached(
  cache: Cache,
  index: number,
  read: () => Promise<Labelled>,
): Promise<Labelled> {
  const { entries } = cache;
  if (Atomics.load(entries, 4 * index) === READY) return recall(cache, index);
  const sample = await read();
  keep(cache, index, sample);
  return sample;
}

function recall({ entries, images, labels }: Cache, index: number): Labelled {
  const [first, height, width] = [1, 2, 3].map((field) => entries[4 * index + field]!) as Entry;
  const end = first + height * width;
  const image = images.subarray(3 * first, 3 * end);
  return { image, labels: labels.subarray(first, end), height, width };
}

type Entry = [first: number, height: number, width: number];

/** A full store stays full: an entry that finds no room is left in `WRITING` and always read anew. */
function keep(cache: Cache, index: number, { image, labels, height, width }: Labelled): void {
  const { entries, taken } = cache;
  const area = height * width;
  if (Atomics.compareExchange(entries, 4 * index, EMPTY, WRITING) !== EMPTY) return;
  if (Atomics.load(taken, 0) + area > cache.labels.length) return;
  const first = Atomics.add(taken, 0, area);
  if (first + area > cache.labels.length) return;
  cache.images.set(image, 3 * first);
  cache.labels.set(labels, first);
  entries.set([first, height, width], 4 * index + 1);
  Atomics.store(entries, 4 * index, READY);
}
