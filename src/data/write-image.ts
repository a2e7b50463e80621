/** Writes pictures and class indices as image files. */

import { extname } from "node:path";
import { deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { Failed } from "../diagnostic/failure.js";
import { unknownFormat } from "./errors.js";
import type { Palette } from "./palette.js";
import type { Picture } from "./picture.js";
import { SIGNATURE } from "./png.js";
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

/** Indices [H, W] and an RGB palette [256, 3] as an 8-bit palette PNG. */
export function encodeIndices(
  indices: Uint8Array,
  height: number,
  width: number,
  palette: Uint8Array,
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  // Indices compress best without a filter: neighbours are equal, not near.
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++)
    rows.set(indices.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette)),
    chunk("IDAT", deflateSync(rows, { level: 6 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(name: string, data: Buffer): Buffer {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  out.write(name, 4, "latin1");
  out.set(data, 8);
  out.writeInt32BE(cyclicRedundancy(out.subarray(4, -4)), data.length + 8);
  return out;
}

/** CRC-32 by its table of bytes (PNG specification, annex D); zlib has had it only since Node 22. */
function cyclicRedundancy(bytes: Buffer): number {
  let crc = -1;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return ~crc;
}

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});
