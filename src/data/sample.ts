/** Reads one training pair: an image and its label, of one size. */

import { readFile } from "node:fs/promises";
import { Failed } from "../diagnostic/failure.js";
import { sizesDiffer, unreadable } from "./errors.js";
import { isTurned, readImage, reasonOf } from "./image.js";
import { type LabelTable, toClasses } from "./labels.js";
import type { Indices } from "./png.js";

/** Absolute paths. */
export interface Sample {
  readonly image: string;
  readonly label: string;
}

export interface Labelled {
  /** RGB [H, W, 3]. */
  readonly image: Uint8Array;
  /** Class indices [H, W]; 255 is ignored. */
  readonly labels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** Reads both files at once. Throws `Failed` if either cannot be read, or they do not fit each other or the map. */
export async function readSample(sample: Sample, table: LabelTable): Promise<Labelled> {
  const [picture, indices] = await Promise.all([
    readImage(sample.image),
    readLabel(sample.label, table),
  ]);
  const { height, width } = picture;
  if (height !== indices.height || width !== indices.width)
    throw new Failed(
      sizesDiffer(
        sample,
        [height, width],
        [indices.height, indices.width],
        await isTurned(sample.image),
      ),
    );
  return { image: picture.pixels, labels: toClasses(indices, table, sample.label), height, width };
}

/** Throws `Failed`. */
export async function readLabel(path: string, table: LabelTable): Promise<Indices> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Failed(unreadable(path, reasonOf(error)));
  });
  return table.decode(bytes, path);
}
