/**
 * Decodes a PNG to the samples that stand in it.
 *
 * Image libraries expand palettes to colours, and the class index is lost; or they convert colours by a
 * profile, and the class is lost too. Format: W3C PNG, third edition. The inner loops index buffers within their length.
 */

import { promisify } from "node:util";
import { crc32, inflate, inflateSync, type ZlibOptions } from "node:zlib";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as IOE from "fp-ts/lib/IOEither.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import type { Size } from "../language/geometry.js";
import { MOST_PIXELS, type Raster, tooManyPixels } from "./raster.js";

export const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export interface PngHead extends Size {
  /** Bits a sample. */
  readonly bits: number;
  /** Samples a pixel. */
  readonly bands: number;
  readonly isPalette: boolean;
  readonly interlaced: boolean;
}

/** By colour type: grey, RGB, palette, grey with alpha, RGB with alpha. */
const BANDS: Readonly<Partial<Record<number, number>>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** What the file is, or why it is no PNG. */
export const pngHead = (bytes: Buffer): E.Either<string, PngHead> => {
  if (!bytes.subarray(0, 8).equals(SIGNATURE)) return E.left("it is not a PNG");
  if (bytes.length < 33) return E.left("the file is cut short");
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const [bits = 0, type = 0, , , interlace] = bytes.subarray(24, 29);
  const bands = BANDS[type];
  if (bands === undefined) return E.left(`it has the unknown colour type ${type}`);
  if (![1, 2, 4, 8, 16].includes(bits)) return E.left(`it has samples of ${bits} bits`);
  if (width === 0 || height === 0) return E.left("it has no pixels");
  return width * height > MOST_PIXELS
    ? E.left(tooManyPixels({ height, width }))
    : E.right({ width, height, bits, bands, isPalette: type === 3, interlaced: interlace === 1 });
};

/** Its samples [H, W, bands], or what is wrong with it. */
export const decodePng = (bytes: Buffer): TE.TaskEither<string, Raster> =>
  pipe(
    TE.fromEither(pngHead(bytes)),
    TE.bindTo("head"),
    TE.bind("chunks", () => TE.fromEither(chunksOf(bytes))),
    TE.bind("rows", ({ head, chunks }) => inflated(chunks.data, passesOf(head))),
    TE.chainEitherK(({ head, chunks, rows }) => unpacked(head, chunks.palette, rows)),
  );

/** Whether it is an animated PNG. */
export const isAnimated = (bytes: Buffer): boolean => {
  const first = bytes.indexOf("acTL", 33, "latin1");
  return first >= 0 && first < bytes.indexOf("IDAT", 33, "latin1");
};

interface Chunks {
  /** The IDAT chunks in one piece. */
  readonly data: Buffer;
  /** `0xRRGGBB` of each index. */
  readonly palette: readonly number[];
}

/** What a pixel means hangs on these; a date or a profile may be damaged. */
const MEANT: ReadonlySet<string> = new Set(["IHDR", "PLTE", "IDAT"]);

const chunksOf = (bytes: Buffer): E.Either<string, Chunks> => {
  const parts: Buffer[] = [];
  let palette: readonly number[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const name = bytes.toString("latin1", at + 4, at + 8);
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (at + 12 + length > bytes.length) break;
    if (
      MEANT.has(name) &&
      crc32(bytes.subarray(at + 4, at + 8 + length)) !== bytes.readUInt32BE(at + 8 + length)
    )
      return E.left(`its ${name} chunk is damaged: its checksum is another`);
    const [only, ...others] = parts;
    if (name === "IEND")
      return only === undefined
        ? E.left("it holds no pixels")
        : E.right({ data: others.length === 0 ? only : Buffer.concat(parts), palette });
    if (name === "IDAT") parts.push(body);
    if (name === "PLTE")
      palette = Array.from({ length: Math.floor(length / 3) }, (_, i) => body.readUIntBE(3 * i, 3));
    at += 12 + length;
  }
  return E.left("the file is cut short");
};

/** One grid of pixels: the picture, or one of the seven that an interlaced one comes in. */
interface Pass {
  readonly left: number;
  readonly top: number;
  /** Between its columns and its rows in the picture. */
  readonly across: number;
  readonly down: number;
  readonly width: number;
  readonly height: number;
  /** Bytes of a row behind its filter byte. */
  readonly stride: number;
  /** Where its rows begin. */
  readonly start: number;
}

/** Adam7 (section 8): left, top, and the steps across and down. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

const passesOf = ({ width, height, bits, bands, interlaced }: PngHead): readonly Pass[] => {
  let start = 0;
  return (interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const)).flatMap(([left, top, across, down]) => {
    const columns = Math.ceil((width - left) / across);
    const rows = Math.ceil((height - top) / down);
    if (columns <= 0 || rows <= 0) return [];
    const stride = Math.ceil((columns * bits * bands) / 8);
    const pass = { left, top, across, down, width: columns, height: rows, stride, start };
    start += (stride + 1) * rows;
    return [pass];
  });
};

const endOf = (passes: readonly Pass[]): number =>
  passes.reduce(
    (end, { start, stride, height }) => Math.max(end, start + (stride + 1) * height),
    0,
  );

/** Rows of so many bytes are unpacked here: a trip to another thread takes as long. */
const SMALL = 2 ** 20;

/** In one piece (a chunk is a trip between threads), and no further than the size says. */
const inflated = (packed: Buffer, passes: readonly Pass[]): TE.TaskEither<string, Buffer> => {
  const size = endOf(passes);
  const options = { chunkSize: Math.max(64, size + 1), maxOutputLength: Math.max(64, size + 1024) };
  const unpacked =
    size <= SMALL
      ? TE.fromIOEither(IOE.tryCatch(() => inflateSync(packed, options), E.toError))
      : TE.tryCatch(() => inflating(packed, options), E.toError);
  return pipe(
    unpacked,
    TE.mapLeft((error) => inflateReason(error, size)),
    TE.filterOrElse(
      (rows) => rows.length >= size,
      () => "the pixel data is cut short",
    ),
  );
};

const inflating = promisify<Buffer, ZlibOptions, Buffer>(inflate);

const inflateReason = (error: NodeJS.ErrnoException, size: number): string =>
  error.code === "ERR_BUFFER_TOO_LARGE"
    ? `its pixel data is longer than the ${size.toLocaleString("en")} bytes that its size declares`
    : `its pixel data is damaged (${error.message})`;

const unpacked = (
  head: PngHead,
  palette: readonly number[],
  rows: Buffer,
): E.Either<string, Raster> => {
  const { width, height, bits, bands, isPalette, interlaced } = head;
  const passes = passesOf(head);
  for (const pass of passes)
    if (!unfilter(rows, pass, Math.max(1, (bits * bands) >> 3)))
      return E.left("it has an unknown row filter");
  const samples =
    bits === 8 && !interlaced ? closedUp(rows, height, width * bands) : spread(rows, passes, head);
  return E.right({ height, width, bands, bits, samples, palette: isPalette ? palette : null });
};

/** Bytes in the order of the picture: only the filters' bytes before each row go. */
const closedUp = (rows: Buffer, height: number, stride: number): Uint8Array => {
  for (let y = 0; y < height; y++) {
    const from = y * (stride + 1) + 1;
    rows.copyWithin(y * stride, from, from + stride);
  }
  return new Uint8Array(rows.buffer, rows.byteOffset, height * stride);
};

const spread = (
  rows: Buffer,
  passes: readonly Pass[],
  { width, height, bits, bands }: PngHead,
): Uint8Array | Uint16Array => {
  const samples = new (bits === 16 ? Uint16Array : Uint8Array)(height * width * bands);
  for (const pass of passes)
    for (let y = 0; y < pass.height; y++) {
      const from = pass.start + y * (pass.stride + 1) + 1;
      const to = ((pass.top + y * pass.down) * width + pass.left) * bands;
      unpackRow(rows, from, samples, to, pass, bits, bands);
    }
  return samples;
};

function unpackRow(
  rows: Buffer,
  from: number,
  samples: Uint8Array | Uint16Array,
  to: number,
  { width, across }: Pass,
  bits: number,
  bands: number,
): void {
  const mask = (1 << bits) - 1;
  for (let x = 0; x < width; x++)
    for (let b = 0; b < bands; b++) {
      const place = x * bands + b;
      const bit = place * bits;
      samples[to + x * across * bands + b] =
        bits === 16
          ? (rows[from + 2 * place]! << 8) | rows[from + 2 * place + 1]!
          : (rows[from + (bit >> 3)]! >> (8 - bits - (bit & 7))) & mask;
    }
}

/** Undoes the row filters in place (section 9); false for an unknown one. */
function unfilter(rows: Buffer, { height, stride, start }: Pass, reach: number): boolean {
  for (let y = 0; y < height; y++) {
    const row = start + y * (stride + 1) + 1;
    const filter = rows[row - 1]!;
    if (filter > 4) return false;
    if (filter !== 0) unfilterRow(rows, filter, row, stride, reach, y > 0);
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
): void {
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
