/** Reads image files as the network sees them: RGB of 8 bits. */

import sharp from "sharp";
import { Failed } from "../diagnostic/failure.js";
import { systemReason } from "../file/system.js";
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
 * EXIF rotation applied: the picture is the one that viewers show, and its label belongs to that one.
 * Throws `Failed` for what is missing, cut short or no image.
 */
export async function readImage(path: string, bytes: string | Buffer = path): Promise<Picture> {
  try {
    const { data, info } = await sharp(bytes, { failOn: "truncated" })
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

/** Whether the file's EXIF has its picture turned or mirrored. */
export const isTurned = async (file: string | Buffer): Promise<boolean> => {
  const { orientation } = await sharp(file).metadata();
  return orientation !== undefined && orientation > 1;
};

/** What the system or the decoder says, in words. */
export const reasonOf = (error: unknown): string => {
  if (isSystem(error)) return systemReason(error);
  const told = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
  const known = reasons.find(([pattern]) => pattern.test(told));
  return known === undefined ? told : `${known[1]} (the decoder says: ${told.slice(0, 80)})`;
};

const isSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "code" in error && typeof error.code === "string";

/** Decoders speak of their insides. */
const reasons: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/is missing/, "there is no such file"],
  [
    /premature end|read error|truncated|unable to parse|unknown error/i,
    "the file is damaged or was cut short",
  ],
  [/corrupt header/, "the head of the file is damaged"],
  [/unsupported image format|is empty/, "it is empty, or no JPEG, PNG, WebP or TIFF"],
];
