/**
 * PNG as labels use it: the bytes of a grey or palette PNG of 1 to 16 bits enter, the stored indices leave.
 *
 * Image libraries expand palettes to colours, and the class index is lost. Format: W3C PNG, third edition.
 */

import { deflateSync, inflate } from "node:zlib";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { colourLabel, interlaced, unreadable } from "./errors.js";

/** [H, W] indices as they stand in the file. */
export interface Indices {
  readonly values: Uint8Array | Uint16Array;
  readonly height: number;
  readonly width: number;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOUR_TYPES = ["grey", "", "RGB", "palette", "grey with alpha", "", "RGB with alpha"];

/** Throws a `Failed` that names `path` for anything but a whole, non-interlaced grey or palette PNG. */
export async function decodeIndices(bytes: Buffer, path: string): Promise<Indices> {
  const fail = (failure: Failure): never => {
    throw new Failed(failure);
  };
  const damaged = (reason: string): never => fail(unreadable(path, reason));
  if (!bytes.subarray(0, 8).equals(SIGNATURE)) damaged("it is not a PNG");
  if (bytes.length < 33) damaged("the file is cut short");
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const [depth, type] = [bytes[24]!, bytes[25]!];
  if (type !== 0 && type !== 3) fail(colourLabel(path, COLOUR_TYPES[type] || `${type}`));
  if (bytes[28] !== 0) fail(interlaced(path));
  const stride = Math.ceil((width * depth) / 8);
  const size = (stride + 1) * height;
  const packed = dataChunks(bytes) ?? damaged("the file is cut short");
  const rows = await inflated(packed, size).catch((error: Error) => damaged(error.message));
  if (rows.length < size) damaged("the pixel data is cut short");
  if (!unfilter(rows, height, stride, depth === 16 ? 2 : 1))
    damaged("it has an unknown row filter");
  return { values: unpack(rows, height, width, depth), height, width };
}

/** The IDAT chunks in one piece; `null` if the file ends before IEND. */
function dataChunks(bytes: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const name = bytes.toString("latin1", at + 4, at + 8);
    if (at + 12 + length > bytes.length) return null;
    if (name === "IEND") return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    if (name === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return null;
}

/** zlib on its thread pool, in one piece: a chunk is a trip between threads. */
const inflated = (packed: Buffer, size: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunkSize = Math.max(64, size + 1);
    inflate(packed, { chunkSize }, (error, rows) => (error ? reject(error) : resolve(rows)));
  });

/** Undoes the row filters in place; each row is one filter byte and `stride` bytes. */
function unfilter(rows: Buffer, height: number, stride: number, bytesPerPixel: number): boolean {
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1) + 1;
    const filter = rows[start - 1]!;
    if (filter > 4) return false;
    if (filter !== 0) unfilterRow(rows, filter, start, stride, bytesPerPixel, y > 0);
  }
  return true;
}

/** `row[x] += prediction`, modulo 256, from the pixel to the left, the one above and the one above that. */
function unfilterRow(
  rows: Buffer,
  filter: number,
  start: number,
  stride: number,
  reach: number,
  hasAbove: boolean,
) {
  const up = stride + 1;
  const end = start + stride;
  if (filter === 1) {
    for (let i = start + reach; i < end; i++) rows[i] = rows[i]! + rows[i - reach]!;
    return;
  }
  if (filter === 2) {
    if (hasAbove) for (let i = start; i < end; i++) rows[i] = rows[i]! + rows[i - up]!;
    return;
  }
  for (let i = start; i < end; i++) {
    const left = i >= start + reach ? rows[i - reach]! : 0;
    const above = hasAbove ? rows[i - up]! : 0;
    const corner = hasAbove && i >= start + reach ? rows[i - up - reach]! : 0;
    rows[i] = rows[i]! + (filter === 3 ? (left + above) >> 1 : paeth(left, above, corner));
  }
}

/** The neighbour nearest to left + above − corner. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

function unpack(rows: Buffer, height: number, width: number, depth: number): Indices["values"] {
  const values = depth === 16 ? new Uint16Array(height * width) : new Uint8Array(height * width);
  const stride = Math.ceil((width * depth) / 8) + 1;
  for (let y = 0; y < height; y++) {
    const start = y * stride + 1;
    if (depth === 8) values.set(rows.subarray(start, start + width), y * width);
    else unpackRow(rows, start, values, y * width, width, depth);
  }
  return values;
}

function unpackRow(
  rows: Buffer,
  start: number,
  values: Indices["values"],
  at: number,
  width: number,
  depth: number,
) {
  const mask = (1 << depth) - 1;
  for (let x = 0; x < width; x++) {
    const bit = x * depth;
    const byte = rows[start + (bit >> 3)]!;
    values[at + x] =
      depth === 16 ? rows.readUInt16BE(start + 2 * x) : (byte >> (8 - depth - (bit & 7))) & mask;
  }
}

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
