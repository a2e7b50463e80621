/** Pictures as files: pixels or class indices enter, an encoded file stands in its place, whole. */

import { extname } from "node:path";
import sharp, { type Sharp } from "sharp";
import { Failed } from "../diagnostic/failure.js";
import { unknownFormat } from "./errors.js";
import type { Picture } from "./image.js";
import type { Palette } from "./palette.js";
import { encodeIndices } from "./png-encode.js";
import { writeFileAtomic } from "./write.js";

/** Class indices [H, W] as an 8-bit palette PNG, whose values tools read back as they are. */
export const writePalettePng = (
  path: string,
  labels: Uint8Array,
  height: number,
  width: number,
  colours: Palette,
): Promise<void> => writeFileAtomic(path, encodeIndices(labels, height, width, colours), false);

/** RGB [H, W, 3] as the bytes of a PNG at most `widest` pixels wide. */
export const encodePng = async ({ pixels, height, width }: Picture, widest: number) => {
  const raw = sharp(pixels, { raw: { width, height, channels: 3 } });
  const fitted = width > widest ? raw.resize({ width: widest }) : raw;
  const { data, info } = await fitted.png().toBuffer({ resolveWithObject: true });
  return { png: data, height: info.height, width: info.width };
};

/** RGB [H, W, 3] in the format of the suffix: .png, .jpg or .webp. */
export async function writeImage(path: string, { pixels, height, width }: Picture): Promise<void> {
  const raw = sharp(pixels, { raw: { width, height, channels: 3 } });
  const suffix = extname(path).toLowerCase();
  const encoded = encoders[suffix]?.(raw);
  if (encoded === undefined) throw new Failed(unknownFormat(path));
  return writeFileAtomic(path, await encoded.toBuffer(), false);
}

/** RGB [H, W, 3] as the bytes of a JPEG. */
export const encodeJpeg = ({ pixels, height, width }: Picture): Promise<Buffer> =>
  jpeg(sharp(pixels, { raw: { width, height, channels: 3 } })).toBuffer();

const jpeg = (raw: Sharp) => raw.jpeg({ quality: 92, chromaSubsampling: "4:4:4" });

const encoders: Readonly<Record<string, (raw: Sharp) => Sharp>> = {
  ".png": (raw) => raw.png(),
  ".webp": (raw) => raw.webp({ quality: 90 }),
  ".jpg": jpeg,
  ".jpeg": jpeg,
};
