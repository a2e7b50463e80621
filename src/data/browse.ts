/** Samples to look at, as they are stored and as training sees them: thumbnails, crops, a contact sheet. */

import sharp from "sharp";
import { classIndices } from "../language/labels.js";
import type { Data, Train } from "../normalize/experiment.js";
import type { Decision } from "../plan/augment.js";
import { augmenter } from "./augment.js";
import { labelTable } from "./labels.js";
import type { Picture } from "./picture.js";
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
    const crops = Array.from({ length: epochs }, (_, epoch) => {
      const image = new Uint8Array(3 * height * width);
      const labels = classIndices(data.classes.length, height * width);
      const decision = augment(original, epoch, index, image, labels);
      return { picture: { image, labels, height, width }, decision };
    });
    yield { sample: samples[index]!, original, crops };
  }
}

export async function thumbnail(picture: Labelled, side: number): Promise<Labelled> {
  const ratio = side / Math.max(picture.height, picture.width);
  if (ratio >= 1) return picture;
  const [height, width] = [picture.height, picture.width].map((n) =>
    Math.max(1, Math.round(n * ratio)),
  ) as [number, number];
  const raw = { raw: { width: picture.width, height: picture.height, channels: 3 as const } };
  const image = await sharp(picture.image, raw)
    .resize(width, height, { fit: "fill" })
    .raw()
    .toBuffer();
  const labels = picture.labels.slice(0, height * width);
  for (let i = 0; i < labels.length; i++) {
    const x = Math.floor((((i % width) + 0.5) * picture.width) / width);
    const y = Math.floor(((Math.floor(i / width) + 0.5) * picture.height) / height);
    labels[i] = picture.labels[y * picture.width + x]!;
  }
  return { image, labels, height, width };
}

/** Space around and between tiles, in pixels, and its colour. */
const GAP = 8;
const GROUND = { r: 24, g: 24, b: 27 };

/** A row a line, tiles of one side at most; the bytes of a PNG. */
export async function sheet(rows: readonly (readonly Picture[])[], side: number): Promise<Buffer> {
  const columns = Math.max(...rows.map((row) => row.length));
  const heights = rows.map((row) => Math.max(...row.map(({ height }) => height)));
  const tops = heights.map((_, i) => heights.slice(0, i).reduce((top, h) => top + h + GAP, GAP));
  const tiles = rows.flatMap((row, i) =>
    row.map(({ pixels, width, height }, column) => ({
      input: Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength),
      raw: { width, height, channels: 3 as const },
      left: GAP + column * (side + GAP),
      top: tops[i]!,
    })),
  );
  const height = heights.reduce((sum, h) => sum + h + GAP, GAP);
  const width = GAP + columns * (side + GAP);
  return sharp({ create: { width, height, channels: 3, background: GROUND } })
    .composite(tiles)
    .png()
    .toBuffer();
}
