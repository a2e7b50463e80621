/** The memory in which all threads share pictures that were decoded. */

import type { ClassIndices } from "../language/labels.js";
import type { Labelled } from "./sample.js";

export interface Cache {
  /** Pixels given out so far. */
  readonly taken: Int32Array;
  /** [samples, 4]: state, first pixel, height, width. */
  readonly entries: Int32Array;
  /** [pixels, 3], those of all samples, one behind the other. */
  readonly images: Uint8Array;
  /** [pixels] */
  readonly labels: ClassIndices;
}

const [EMPTY, WRITING, READY] = [0, 1, 2];

/** The system gives memory when it is first written: a small data set takes no more than its pixels. */
export function createCache(samples: number, bytes: number, isWide: boolean): Cache {
  const shared = (length: number) => new SharedArrayBuffer(length);
  const pixels = Math.floor(bytes / (isWide ? 5 : 4));
  return {
    taken: new Int32Array(shared(4)),
    entries: new Int32Array(shared(16 * samples)),
    images: new Uint8Array(shared(3 * pixels)),
    labels: isWide ? new Uint16Array(shared(2 * pixels)) : new Uint8Array(shared(pixels)),
  };
}

/** The sample from memory, or read and kept if there is room. Nobody waits: two threads may read the same file. */
export async function cached(
  cache: Cache,
  index: number,
  read: () => Promise<Labelled>,
): Promise<Labelled> {
  if (Atomics.load(cache.entries, 4 * index) === READY) return recall(cache, index);
  const sample = await read();
  keep(cache, index, sample);
  return sample;
}

function recall({ entries, images, labels }: Cache, index: number): Labelled {
  const [first, height, width] = [1, 2, 3].map((field) => entries[4 * index + field]!) as Stored;
  const end = first + height * width;
  return {
    image: images.subarray(3 * first, 3 * end),
    labels: labels.subarray(first, end),
    height,
    width,
  };
}

type Stored = [first: number, height: number, width: number];

/** A full store stays full: an entry that finds no room is left in `WRITING` and always read anew. */
function keep({ entries, taken, images, labels }: Cache, index: number, sample: Labelled): void {
  const pixels = sample.labels.length;
  if (Atomics.compareExchange(entries, 4 * index, EMPTY, WRITING) !== EMPTY) return;
  if (Atomics.load(taken, 0) + pixels > labels.length) return;
  const first = Atomics.add(taken, 0, pixels);
  if (first + pixels > labels.length) return;
  images.set(sample.image, 3 * first);
  labels.set(sample.labels, first);
  entries.set([first, sample.height, sample.width], 4 * index + 1);
  Atomics.store(entries, 4 * index, READY);
}
