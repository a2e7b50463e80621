/**
 * A labelled picture as one 32-bit word a pixel, and the memory in which all threads share such pictures.
 *
 * Red, green, blue and the label are the bytes of a word, from the lowest. A pixel and its label are read
 * at once, and red and blue are mixed by one multiplication: their products with 8-bit weights keep apart.
 */

import type { Size } from "../language/geometry.js";
import type { ClassIndices } from "../language/labels.js";
import type { Colour } from "../plan/transform.js";
import type { Labelled } from "./sample.js";

export interface Packed extends Size {
  /** [H, W] */
  readonly words: Int32Array;
  /** Above 255 classes: the upper bytes of the labels, packed without colours. They are read by the same maps. */
  readonly upper: Int32Array | null;
}

/** The two lanes of 16 bits that red and blue have to themselves. */
export const RED_BLUE = 0xff00ff;
const GREEN = 0x00ff00;
export const LABEL = 0xff000000;

/** Weights of two pixels that are mixed sum to `ONE`. */
export const ONE = 256;

/** `p·(ONE − weight) + q·weight`, rounded; the label byte is empty. */
export function mix(p: number, q: number, weight: number): number {
  const rest = ONE - weight;
  const redBlue =
    (Math.imul(p & RED_BLUE, rest) + Math.imul(q & RED_BLUE, weight) + 0x800080) >>> 8;
  const green = (Math.imul((p >>> 8) & 255, rest) + Math.imul((q >>> 8) & 255, weight) + 128) | 0;
  return (redBlue & RED_BLUE) | (green & GREEN);
}

export const word = (red: number, green: number, blue: number, label: number): number =>
  red | (green << 8) | (blue << 16) | (label << 24);

export function pack({ image, labels, height, width }: Labelled): Packed {
  const words = new Int32Array(labels.length);
  for (let i = 0, j = 0; i < words.length; i++, j += 3)
    words[i] = image[j]! | (image[j + 1]! << 8) | (image[j + 2]! << 16) | (labels[i]! << 24);
  return { words, upper: upperOf(labels), height, width };
}

const upperOf = (labels: ClassIndices): Int32Array | null =>
  labels instanceof Uint8Array ? null : Int32Array.from(labels, (label) => (label >>> 8) << 24);

/** Adds the upper bytes of labels whose lower ones are there. */
export function unpackUpper(words: Int32Array, labels: ClassIndices): void {
  for (let i = 0; i < labels.length; i++) labels[i]! |= (words[i]! >>> 24) << 8;
}

/** Words [H, W] as an image [H, W, 3] and labels [H, W], of more bytes the lowest. */
export function unpack(words: Int32Array, image: Uint8Array, labels: ClassIndices): void {
  for (let i = 0, j = 0; i < labels.length; i++, j += 3) {
    const pixel = words[i]!;
    image[j] = pixel;
    image[j + 1] = pixel >>> 8;
    image[j + 2] = pixel >>> 16;
    labels[i] = pixel >>> 24;
  }
}

/** Sends the pixels from `start` to `end` through a colour map; clips and rounds once. */
export function recolour(words: Int32Array, start: number, end: number, colour: Colour): void {
  const [[rr, rg, rb, r0], [gr, gg, gb, g0], [br, bg, bb, b0]] = colour;
  for (let i = start; i < end; i++) {
    const pixel = words[i]!;
    const [r, g, b] = [pixel & 255, (pixel >>> 8) & 255, (pixel >>> 16) & 255];
    words[i] =
      (pixel & LABEL) |
      clip(rr * r + rg * g + rb * b + r0) |
      (clip(gr * r + gg * g + gb * b + g0) << 8) |
      (clip(br * r + bg * g + bb * b + b0) << 16);
  }
}

const clip = (value: number): number => (value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0);

export interface Cache {
  /** Pixels given out so far. */
  readonly taken: Int32Array;
  /** Whether labels have upper bytes, which stand behind the words of each sample. */
  readonly isWide: boolean;
  /** [samples, 4]: state, first pixel, height, width. */
  readonly entries: Int32Array;
  /** The packed pixels of all samples, one behind the other. */
  readonly words: Int32Array;
}

const [EMPTY, WRITING, READY] = [0, 1, 2];

/** The system gives memory when it is first written: a small data set takes no more than its pixels. */
export function createCache(samples: number, bytes: number, isWide: boolean): Cache {
  const shared = (n: number) => new Int32Array(new SharedArrayBuffer(4 * n));
  const words = shared(Math.floor(bytes / 4));
  return { taken: shared(1), isWide, entries: shared(4 * samples), words };
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

function recall({ entries, words, isWide }: Cache, index: number): Packed {
  const [first, height, width] = [1, 2, 3].map((field) => entries[4 * index + field]!) as Stored;
  const [middle, end] = [first + height * width, first + 2 * height * width];
  const upper = isWide ? words.subarray(middle, end) : null;
  return { words: words.subarray(first, middle), upper, height, width };
}

type Stored = [first: number, height: number, width: number];

/** A full store stays full: an entry that finds no room is left in `WRITING` and always read anew. */
function keep({ entries, taken, words }: Cache, index: number, sample: Packed): void {
  const pixels = sample.words.length;
  const area = sample.upper === null ? pixels : 2 * pixels;
  if (Atomics.compareExchange(entries, 4 * index, EMPTY, WRITING) !== EMPTY) return;
  if (Atomics.load(taken, 0) + area > words.length) return;
  const first = Atomics.add(taken, 0, area);
  if (first + area > words.length) return;
  words.set(sample.words, first);
  if (sample.upper !== null) words.set(sample.upper, first + pixels);
  entries.set([first, sample.height, sample.width], 4 * index + 1);
  Atomics.store(entries, 4 * index, READY);
}
