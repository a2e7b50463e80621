/** Class indices and their colours enter; the bytes of an 8-bit palette PNG leave. */

import { deflateSync } from "node:zlib";
import { SIGNATURE } from "./png.js";

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
