/** Makes pictures of decoded numbers. The inner loops index typed arrays within their length. */

import * as E from "fp-ts/lib/Either.js";
import type { Failure } from "../diagnostic/failure.js";
import type { Size } from "../language/geometry.js";
import type { Data } from "../normalize/experiment.js";
import { oddPicture, unsaidRange } from "./errors.js";
import type { Raster } from "./raster.js";
import type { Samples } from "./tiff-samples.js";

/** RGB, 8 bits a channel, row-major [H, W, 3]. */
export interface Picture extends Size {
  readonly pixels: Uint8Array;
}

/** What a spec says of files that do not say it themselves. */
export type PictureReading = NonNullable<Data["images"]>;

/** As `data.images` says: bands chosen, a range made 0 to 255, and what lies beyond it clipped. */
export const stretched = (
  raster: Raster,
  path: string,
  { range, bands }: PictureReading,
): E.Either<Failure, Picture> => {
  const chosen = bands ?? (raster.bands < 3 ? [1, 1, 1] : [1, 2, 3]);
  const highest = Math.max(...chosen);
  if (highest > raster.bands)
    return E.left(
      oddPicture(
        path,
        `it has ${raster.bands} bands, and \`data.images.bands\` asks for band ${highest}`,
        "Correct `bands`; they count from 1.",
      ),
    );
  const whole = wholeRange(raster.samples);
  const limit = range ?? whole;
  if (limit === null) {
    const [lowest, most] = limits(raster.samples);
    return E.left(unsaidRange(path, "its samples are not unsigned bytes or words", lowest, most));
  }
  const [low, high] = limit;
  const scale = 255 / (high - low);
  // A byte array of clamped elements rounds, clips, and makes 0 of what is no number.
  const pixels = new Uint8ClampedArray(raster.height * raster.width * 3);
  const [red, green, blue] = [chosen[0] - 1, chosen[1] - 1, chosen[2] - 1];
  for (let to = 0, from = 0; to < pixels.length; to += 3, from += raster.bands) {
    pixels[to] = (raster.samples[from + red]! - low) * scale;
    pixels[to + 1] = (raster.samples[from + green]! - low) * scale;
    pixels[to + 2] = (raster.samples[from + blue]! - low) * scale;
  }
  const { height, width } = raster;
  return E.right({ pixels: new Uint8Array(pixels.buffer), height, width });
};

const wholeRange = (samples: Samples): readonly [number, number] | null => {
  if (samples instanceof Uint8Array) return [0, 255];
  return samples instanceof Uint16Array ? [0, 65535] : null;
};

/** Least and largest; what is no number is left out. */
export const limits = (samples: Samples): readonly [low: number, high: number] => {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of samples) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [0, 0] : [low, high];
};

export const toPicture = (
  { height, width, bands, samples }: Raster,
  byte: (value: number) => number,
): Picture => {
  const pixels = new Uint8Array(height * width * 3);
  const [green, blue] = bands < 3 ? [0, 0] : [1, 2];
  for (let to = 0, from = 0; to < pixels.length; to += 3, from += bands) {
    pixels[to] = byte(samples[from]!);
    pixels[to + 1] = byte(samples[from + green]!);
    pixels[to + 2] = byte(samples[from + blue]!);
  }
  return { pixels, height, width };
};

export const coloured = (raster: Raster): Picture => {
  const { height, width, samples, palette } = raster;
  if (palette === null) return toPicture(raster, (value) => value);
  const pixels = new Uint8Array(height * width * 3);
  for (let i = 0; i < height * width; i++) {
    const colour = palette[samples[i]!] ?? 0;
    pixels.set([colour >> 16, (colour >> 8) & 255, colour & 255], 3 * i);
  }
  return { pixels, height, width };
};
