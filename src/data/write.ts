/** Files written whole or not at all: a path and pictures or bytes enter, a file stands in its place. */

import { open, rename, rm } from "node:fs/promises";
import { extname } from "node:path";
import sharp from "sharp";
import { Failed } from "../diagnostic/failure.js";
import { unknownFormat, unwritable } from "./errors.js";
import type { Picture } from "./image.js";
import type { Palette } from "./palette.js";
import { encodeIndices } from "./png.js";

/** Writes beside, syncs, renames: whoever reads `path` sees the old file or the new one. Throws `Failed`. */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  const beside = `${path}.${process.pid}.part`;
  try {
    const file = await open(beside, "w");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw new Failed(unwritable(path, error instanceof Error ? error.message : String(error)));
  }
}

/** Class indices [H, W] as an 8-bit palette PNG, whose values tools read back as they are. */
export const writePalettePng = (
  path: string,
  labels: Uint8Array,
  height: number,
  width: number,
  colours: Palette,
): Promise<void> => writeFileAtomic(path, encodeIndices(labels, height, width, colours));

/** RGB [H, W, 3] in the format of the suffix: .png, .jpg or .webp. */
export async function writeImage(path: string, { pixels, height, width }: Picture): Promise<void> {
  const raw = sharp(pixels, { raw: { width, height, channels: 3 } });
  const suffix = extname(path).toLowerCase();
  if (suffix === ".png") return writeFileAtomic(path, await raw.png().toBuffer());
  if (suffix === ".webp") return writeFileAtomic(path, await raw.webp({ quality: 90 }).toBuffer());
  if (suffix !== ".jpg" && suffix !== ".jpeg") throw new Failed(unknownFormat(path));
  const jpeg = raw.jpeg({ quality: 92, chromaSubsampling: "4:4:4" });
  return writeFileAtomic(path, await jpeg.toBuffer());
}
