/** What a data set's files hold, whatever a spec makes of it: the bytes of a file enter, facts leave. */

import { createHash } from "node:crypto";
import type { Data } from "../normalize/experiment.js";
import { isTurned, readImage } from "./image.js";
import { labelDecoder } from "./labels.js";

/** Plain data, so that they can be kept. */
export interface ImageFacts {
  readonly height: number;
  readonly width: number;
  /** Whether the file's EXIF turns its picture. */
  readonly turned: boolean;
  /** A digest of the decoded pixels: equal for pictures that are equal, however they are stored. */
  readonly pixels: string;
}

export interface LabelFacts {
  readonly height: number;
  readonly width: number;
  /** Pixels of each value, the most frequent first; at most `LISTED` values. */
  readonly values: readonly (readonly [value: number, pixels: number])[];
  /** Values beyond those. */
  readonly unlisted: number;
}

/** More values than any label map has: a file with more holds no labels. */
const LISTED = 1024;

/** @throws Failed for what cannot be decoded. */
export async function imageFacts(bytes: Buffer, path: string): Promise<ImageFacts> {
  const { pixels, height, width } = await readImage(path, bytes);
  const digest = createHash("sha1").update(`${height} ${width} `).update(pixels).digest("hex");
  return { height, width, turned: await isTurned(bytes), pixels: digest };
}

/** @throws Failed for what cannot be decoded. */
export const labelFacts =
  (format: Data["label_format"]) =>
  async (bytes: Buffer, path: string): Promise<LabelFacts> => {
    const { values, height, width } = await labelDecoder(format)(bytes, path);
    const counted = [...histogram(values)].sort(([, a], [, b]) => b - a);
    const unlisted = Math.max(0, counted.length - LISTED);
    return { height, width, values: counted.slice(0, LISTED), unlisted };
  };

/** Runs of one value are counted at once. */
function histogram(values: ArrayLike<number>): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  let start = 0;
  for (let i = 1; i <= values.length; i++) {
    const value = values[start]!;
    if (i < values.length && values[i] === value) continue;
    counts.set(value, (counts.get(value) ?? 0) + i - start);
    start = i;
  }
  return counts;
}
