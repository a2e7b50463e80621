/** Decoded samples in memory that all threads share: a number of samples and of bytes enters, a store leaves. */

import type { Packed } from "./packed.js";

export interface Cache {
  /** Pixels given out so far. */
  readonly taken: Int32Array;
  /** [samples, 4]: state, first pixel, height, width. */
  readonly entries: Int32Array;
  /** The packed pixels of all samples, one behind the other. */
  readonly words: Int32Array;
}

const [EMPTY, WRITING, READY] = [0, 1, 2];

/** The system gives memory when it is first written: a small data set takes no more than its pixels. */
export function createCache(samples: number, bytes: number): Cache {
  const shared = (n: number) => new Int32Array(new SharedArrayBuffer(4 * n));
  return { taken: shared(1), entries: shared(4 * samples), words: shared(Math.floor(bytes / 4)) };
}

/** The sample from memory, or read and kept if there is room. Nobody waits: two threads may read the same file. */
export async function cached(
  cache: Cache,
  index: number,
  read: () => Promise<Packed>,
): Promise<Packed> {
  if (Atomics.load(cache.entries, 4 * index) === READY) return recall(cache, index);
  const sample = await read();
  keep(cache, index, sample);
  return sample;
}

function recall({ entries, words }: Cache, index: number): Packed {
  const [first, height, width] = [1, 2, 3].map((field) => entries[4 * index + field]!) as Entry;
  return { words: words.subarray(first, first + height * width), height, width };
}

type Entry = [first: number, height: number, width: number];

/** A full store stays full: an entry that finds no room is left in `WRITING` and always read anew. */
function keep({ entries, taken, words }: Cache, index: number, sample: Packed): void {
  const area = sample.words.length;
  if (Atomics.compareExchange(entries, 4 * index, EMPTY, WRITING) !== EMPTY) return;
  if (Atomics.load(taken, 0) + area > words.length) return;
  const first = Atomics.add(taken, 0, area);
  if (first + area > words.length) return;
  words.set(sample.words, first);
  entries.set([first, sample.height, sample.width], 4 * index + 1);
  Atomics.store(entries, 4 * index, READY);
}
