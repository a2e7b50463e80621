/**
 * Decodes PNG as labels use it: the stored indices, or the stored colours.
 *
 * Image libraries expand palettes to colours, and the class index is lost; or they convert colours by a
 * profile, and the class is lost too. Format: W3C PNG, third edition.
 */

import { inflate } from "node:zlib";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { colourLabel, interlaced, unreadable } from "./errors.js";

/** [H, W] indices as they stand in the file, or colours `0xRRGGBB`. */
export interface Indices {
  readonly values: Uint8Array | Uint16Array | Int32Array;
  readonly height: number;
  readonly width: number;
}

export const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOUR_TYPES = ["grey", "", "RGB", "palette", "grey with alpha", "", "RGB with alpha"];
const CHANNELS = [1, 0, 3, 1, 2, 0, 4];

/** Throws a `Failed` that names `path` for anything but a whole, non-interlaced grey or palette PNG. */
export async function decodeIndices(bytes: Buffer, path: string): Promise<Indices> {
  const png = await decode(bytes, path, ({ type }) =>
    type === 0 || type === 3 ? null : colourLabel(path, COLOUR_TYPES[type] ?? `${type}`),
  );
  return { values: indicesOf(png), height: png.height, width: png.width };
}

/** Colours [H, W] of any PNG that is whole and not interlaced; alpha is dropped. Throws as above. */
export async function decodeColours(bytes: Buffer, path: string): Promise<Indices> {
  const png = await decode(bytes, path, () => null);
  const { height, width, type, depth, palette } = png;
  const values = new Int32Array(height * width);
  if (type === 0 || type === 3) {
    // A grey of 16 bits counts by its upper byte, as a colour does.
    const grey = (index: number) =>
      0x010101 * (depth === 16 ? index >> 8 : Math.trunc((index * 255) / (2 ** depth - 1)));
    const indices = indicesOf(png);
    for (let i = 0; i < values.length; i++)
      values[i] = type === 0 ? grey(indices[i]!) : (palette[indices[i]!] ?? 0);
  } else fillColours(png, values);
  return { values, height, width };
}

interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits a sample. */
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette; 4 more is alpha. */
  readonly type: number;
}

interface Png extends Header {
  /** `0xRRGGBB` of each index. */
  readonly palette: readonly number[];
  /** Each row is a filter byte, spent, and its samples. */
  readonly rows: Buffer;
  readonly stride: number;
}

/** `refuse` says what kind of PNG is not wanted, before its pixels are looked at. */
async function decode(
  bytes: Buffer,
  path: string,
  refuse: (header: Header) => Failure | null,
): Promise<Png> {
  const fail = (failure: Failure): never => {
    throw new Failed(failure);
  };
  const damaged = (reason: string): never => fail(unreadable(path, reason));
  if (!bytes.subarray(0, 8).equals(SIGNATURE)) damaged("it is not a PNG");
  if (bytes.length < 33) damaged("the file is cut short");
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const [depth, type] = [bytes[24]!, bytes[25]!];
  const channels = CHANNELS[type] || damaged(`it has the unknown colour type ${type}`);
  const refused = refuse({ width, height, depth, type });
  if (refused !== null) fail(refused);
  if (bytes[28] !== 0) fail(interlaced(path));
  const stride = Math.ceil((width * depth * channels) / 8);
  const size = (stride + 1) * height;
  const { data, palette } = chunks(bytes) ?? damaged("the file is cut short");
  const rows = await inflated(data, size).catch((error: Error) => damaged(error.message));
  if (rows.length < size) damaged("the pixel data is cut short");
  if (!unfilter(rows, height, stride, Math.max(1, (depth * channels) >> 3)))
    damaged("it has an unknown row filter");
  return { width, height, depth, type, palette, rows, stride };
}

interface Chunks {
  /** The IDAT chunks in one piece. */
  readonly data: Buffer;
  readonly palette: readonly number[];
}

/** `null` if the file ends before IEND. */
function chunks(bytes: Buffer): Chunks | null {
  const parts: Buffer[] = [];
  let palette: readonly number[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const name = bytes.toString("latin1", at + 4, at + 8);
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (at + 12 + length > bytes.length) return null;
    if (name === "IEND")
      return { data: parts.length === 1 ? parts[0]! : Buffer.concat(parts), palette };
    if (name === "IDAT") parts.push(body);
    if (name === "PLTE")
      palette = Array.from({ length: Math.floor(length / 3) }, (_, i) => body.readUIntBE(3 * i, 3));
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

function fillColours({ rows, height, width, depth, type, stride }: Png, values: Int32Array): void {
  const bytes = depth >> 3;
  const pixel = CHANNELS[type]! * bytes;
  const [green, blue] = type === 4 ? [0, 0] : [bytes, 2 * bytes];
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0, at = y * (stride + 1) + 1; x < width; x++, at += pixel)
      values[i++] = (rows[at]! << 16) | (rows[at + green]! << 8) | rows[at + blue]!;
}

type Bytes = Uint8Array | Uint16Array;

function indicesOf({ rows, height, width, depth }: Png): Bytes {
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
  values: Bytes,
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

/** Undoes the row filters in place; each row is one filter byte and `stride` bytes. */
export function unfilter(
  rows: Buffer,
  height: number,
  stride: number,
  bytesPerPixel: number,
): boolean {
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
