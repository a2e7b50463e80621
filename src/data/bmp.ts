/** Decodes an uncompressed BMP, whose palette indices image libraries do not hand out. */

import * as E from "fp-ts/lib/Either.js";
import { MOST_PIXELS, type Raster, tooManyPixels } from "./raster.js";

/** Its samples [H, W, 1 or 3], red first, or why they cannot be read. */
export const decodeBmp = (bytes: Buffer): E.Either<string, Raster> => {
  const size = bytes.length < 54 ? 0 : bytes.readUInt32LE(14);
  if (size < 40) return E.left("it is a BMP of OS/2, or cut short");
  const [start, width, tall] = [
    bytes.readUInt32LE(10),
    bytes.readInt32LE(18),
    bytes.readInt32LE(22),
  ];
  const [bits, compression] = [bytes.readUInt16LE(28), bytes.readUInt32LE(30)];
  const height = Math.abs(tall);
  // 3: masks of the channels, which are those of 0 wherever a pixel has 32 bits.
  if (compression !== 0 && !(compression === 3 && bits === 32))
    return E.left("it is a compressed BMP");
  if (![1, 4, 8, 24, 32].includes(bits)) return E.left(`it is a BMP of ${bits} bits a pixel`);
  if (width <= 0 || height === 0) return E.left("it has no pixels");
  if (width * height > MOST_PIXELS) return E.left(tooManyPixels({ height, width }));
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start + stride * height > bytes.length) return E.left("the file is cut short");
  const bands = bits > 8 ? 3 : 1;
  const samples = new Uint8Array(height * width * bands);
  for (let y = 0; y < height; y++) {
    // Rows stand upside down unless the height is negative.
    const row = start + (tall > 0 ? height - 1 - y : y) * stride;
    for (let x = 0; x < width; x++) {
      const to = (y * width + x) * bands;
      if (bands === 1) {
        const bit = x * bits;
        samples[to] =
          (bytes.readUInt8(row + (bit >> 3)) >> (8 - bits - (bit & 7))) & ((1 << bits) - 1);
      } else {
        const from = row + x * (bits >> 3);
        samples[to] = bytes.readUInt8(from + 2);
        samples[to + 1] = bytes.readUInt8(from + 1);
        samples[to + 2] = bytes.readUInt8(from);
      }
    }
  }
  return E.right({
    height,
    width,
    bands,
    bits: 8,
    samples,
    palette: paletteOf(bytes, size, bits, start),
  });
};

const paletteOf = (
  bytes: Buffer,
  size: number,
  bits: number,
  start: number,
): readonly number[] | null => {
  if (bits > 8) return null;
  const colours = Math.min(2 ** bits, Math.floor((start - 14 - size) / 4));
  return Array.from({ length: Math.max(0, colours) }, (_, i) =>
    bytes.readUIntLE(14 + size + 4 * i, 3),
  );
};
