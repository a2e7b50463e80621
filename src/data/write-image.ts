/** Writes pictures and class indices as image files. */

import { extname } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { Failed } from "../diagnostic/failure.js";
import type { ClassIndices } from "../language/labels.js";
import { unknownFormat } from "./errors.js";
import type { Palette } from "./palette.js";
import type { Picture } from "./picture.js";
import { SIGNATURE } from "./png.js";
import { writeFileAtomic } from "./write.js";

/** Class indices [H, W] as a PNG whose values tools read back as they are: a palette of bytes, or grey of 16 bits. */
export const writeClasses = (
  path: string,
  labels: ClassIndices,
  height: number,
  width: number,
  colours: Palette,
): Promise<void> => writeFileAtomic(path, encodeClasses(labels, height, width, colours), false);

/** The same as the bytes of the file. */
export const encodeClasses = (
  labels: ClassIndices,
  height: number,
  width: number,
  colours: Palette,
): Buffer =>
  labels instanceof Uint8Array
    ? encodeIndices(labels, height, width, colours)
    : encodeWords(labels, height, width);

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

/** Indices [H, W] and an RGB palette, of which the first 256 colours count, as an 8-bit palette PNG. */
export const encodeIndices = (
  indices: Uint8Array,
  height: number,
  width: number,
  palette: Uint8Array,
): Buffer =>
  encoded(indices, height, width, PALETTE, chunk("PLTE", Buffer.from(palette.subarray(0, 768))));

/** Words [H, W] as a 16-bit grey PNG. */
const encodeWords = (words: Uint16Array, height: number, width: number): Buffer => {
  const bytes = Buffer.alloc(2 * words.length);
  for (const [i, value] of words.entries()) bytes.writeUInt16BE(value, 2 * i);
  return encoded(bytes, height, 2 * width, GREY, Buffer.alloc(0));
};

interface Kind {
  readonly bits: number;
  readonly type: number;
}
const PALETTE: Kind = { bits: 8, type: 3 };
const GREY: Kind = { bits: 16, type: 0 };

/** Rows of `stride` bytes. Indices compress best without a filter: neighbours are equal, not near. */
const encoded = (
  bytes: Uint8Array,
  height: number,
  stride: number,
  { bits, type }: Kind,
  palette: Buffer,
): Buffer => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE((8 * stride) / bits, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, type, 0, 0, 0], 8);
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++)
    rows.set(bytes.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    palette,
    chunk("IDAT", deflateSync(rows, { level: 6 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
};

function chunk(name: string, data: Buffer): Buffer {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  out.write(name, 4, "latin1");
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, -4)), data.length + 8);
  return out;
}
