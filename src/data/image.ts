/** Images as the network sees them: a file enters, RGB pixels leave. */

import sharp from "sharp";
import { Failed } from "../diagnostic/failure.js";
import { unreadable } from "./errors.js";

/** RGB, 8 bits a channel, row-major [H, W, 3]. */
export interface Picture {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

// Threads are the workers' affair: one picture, one core.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Reads JPEG, PNG, WebP or TIFF; grey, CMYK and 16-bit sources become RGB, transparency is dropped and the
 * EXIF rotation applied. Throws `Failed` for what is missing, cut short or no image.
 */
export async function readImage(path: string): Promise<Picture> {
  try {
    const { data, info } = await sharp(path, { failOn: "truncated" })
      .autoOrient()
      .removeAlpha()
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { pixels: data, height: info.height, width: info.width };
  } catch (error) {
    throw new Failed(unreadable(path, reasonOf(error)));
  }
}

/** Height and width of a picture as it will be decoded, from the head of its file. @throws Failed */
export const imageSize = async (path: string): Promise<{ height: number; width: number }> => {
  try {
    const { autoOrient } = await sharp(path).metadata();
    return { height: autoOrient.height, width: autoOrient.width };
  } catch (error) {
    throw new Failed(unreadable(path, reasonOf(error)));
  }
};

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
