/**
 * Reads the head of a TIFF: what its samples are and where they lie, whatever their number and kind.
 *
 * Image libraries convert to bytes and to three bands before anybody can ask what the file holds; satellite and medical
 * pictures are lost that way. Format: TIFF 6.0 (Adobe, 1992), and BigTIFF.
 */

import * as E from "fp-ts/lib/Either.js";
import type { Size } from "../language/geometry.js";

export interface Tiff extends Size {
  /** Samples a pixel, and bits a sample. */
  readonly bands: number;
  readonly bits: number;
  readonly kind: "unsigned" | "signed" | "float";
  /** 0, 1 grey; 2 RGB; 3 palette; 5 CMYK; 6 YCbCr; 8 Lab. */
  readonly photometric: number;
  /** 1 is upright (EXIF). */
  readonly orientation: number;
  /** Pictures in the file; reduced copies of one (overviews) and masks are not counted. */
  readonly pages: number;
  readonly little: boolean;
  /** 1 none, 5 LZW, 8 and 32946 Deflate, 32773 PackBits, 7 JPEG. */
  readonly compression: number;
  /** 1 none, 2 differences, 3 differences of the bytes of floats. */
  readonly predictor: number;
  /** Whether each band has blocks of its own. */
  readonly planar: boolean;
  /** Strips or tiles. */
  readonly block: { readonly height: number; readonly width: number };
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  /** `0xRRGGBB` of each index of a palette. */
  readonly palette: readonly number[];
}

/** A file whose tables are longer, or that has more pictures, is damaged or made to harm. */
const [MOST_VALUES, MOST_PAGES] = [4_000_000, 10_000];

const TAG = {
  subfile: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  orientation: 274,
  bands: 277,
  rowsPerStrip: 278,
  stripLengths: 279,
  planar: 284,
  predictor: 317,
  palette: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileLengths: 325,
  format: 339,
} as const;

const damaged = (what: string): E.Either<string, never> => E.left(`the file is damaged: ${what}`);

/** The first picture of the file, or why there is none. */
export const tiffHead = (bytes: Buffer): E.Either<string, Tiff> => {
  const file = opened(bytes);
  if (file === null) return damaged("it has no directory");
  const directories: Directory[] = [];
  const seen = new Set<number>();
  for (let at = file.first; at !== 0; ) {
    const directory = seen.has(at) ? null : readDirectory(file, at);
    if (directory === null || directories.length >= MOST_PAGES)
      return damaged("its directories cannot be followed");
    seen.add(at);
    directories.push(directory);
    at = directory.next;
  }
  const [first] = directories;
  if (first === undefined) return damaged("it has no directory");
  const reduced = 1 | 4;
  const pages = directories.filter(({ of }) => (of(TAG.subfile, 0) & reduced) === 0).length;
  return described(first, file.little, Math.max(1, pages));
};

const described = (
  { of, all }: Directory,
  little: boolean,
  pages: number,
): E.Either<string, Tiff> => {
  const [width, height] = [of(TAG.width, 0), of(TAG.height, 0)];
  const bits = all(TAG.bits);
  const tiled = all(TAG.tileOffsets).length > 0;
  const block = tiled
    ? { width: of(TAG.tileWidth, 0), height: of(TAG.tileHeight, 0) }
    : { width, height: Math.min(height, of(TAG.rowsPerStrip, height)) };
  if (width === 0 || height === 0 || block.width === 0 || block.height === 0)
    return damaged("it has no size");
  if (bits.some((each) => each !== bits[0])) return E.left("its bands differ in their bits");
  const kind = KINDS[of(TAG.format, 1)];
  if (kind === undefined) return E.left("its samples are of no kind that can be ordered");
  return E.right({
    width,
    height,
    bands: of(TAG.bands, 1),
    bits: bits[0] ?? 1,
    kind,
    photometric: of(TAG.photometric, 1),
    orientation: of(TAG.orientation, 1),
    pages,
    little,
    compression: of(TAG.compression, 1),
    predictor: of(TAG.predictor, 1),
    planar: of(TAG.planar, 1) === 2,
    block,
    offsets: all(tiled ? TAG.tileOffsets : TAG.stripOffsets),
    lengths: all(tiled ? TAG.tileLengths : TAG.stripLengths),
    palette: colours(all(TAG.palette)),
  });
};

/** The sample format 4 says nothing; most that write it mean numbers without a sign. */
const KINDS: Readonly<Partial<Record<number, Tiff["kind"]>>> = {
  1: "unsigned",
  2: "signed",
  3: "float",
  4: "unsigned",
};

/** All reds, all greens, all blues, of 16 bits each. */
const colours = (values: readonly number[]): readonly number[] => {
  const n = Math.floor(values.length / 3);
  const byte = (i: number): number => (values[i] ?? 0) >> 8;
  return Array.from(
    { length: n },
    (_, i) => (byte(i) << 16) | (byte(n + i) << 8) | byte(2 * n + i),
  );
};

interface File {
  readonly bytes: Buffer;
  readonly little: boolean;
  readonly big: boolean;
  /** Where the first directory is. */
  readonly first: number;
}

const opened = (bytes: Buffer): File | null => {
  if (bytes.length < 16) return null;
  const little = bytes[0] === 0x49;
  const big = (little ? bytes.readUInt16LE(2) : bytes.readUInt16BE(2)) === 43;
  const file = { bytes, little, big, first: 0 };
  return { ...file, first: number(file, big ? 8 : 4, big ? 8 : 4) ?? 0 };
};

/** Without a sign, of `size` bytes; `null` beyond the end of the file. */
const number = ({ bytes, little }: File, at: number, size: number): number | null => {
  if (at < 0 || at + size > bytes.length) return null;
  if (size <= 6) return little ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
  return Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
};

interface Directory {
  /** The values of a tag; none where it is missing. */
  readonly all: (tag: number) => readonly number[];
  /** The first of them. */
  readonly of: (tag: number, otherwise: number) => number;
  readonly next: number;
}

/** Bytes of a value by its type: byte, short, long, and their like of 8 bytes. Others say nothing that is needed. */
const SIZES: Readonly<Partial<Record<number, number>>> = { 1: 1, 3: 2, 4: 4, 16: 8, 18: 8 };

const readDirectory = (file: File, at: number): Directory | null => {
  const [head, entry, inline] = file.big ? [8, 20, 8] : [2, 12, 4];
  const count = number(file, at, head);
  if (count === null || count > 4096) return null;
  const next = number(file, at + head + count * entry, inline);
  const fields = new Map<number, readonly number[]>();
  for (let i = 0; i < count; i++) {
    const start = at + head + i * entry;
    const [tag, type] = [number(file, start, 2), number(file, start + 2, 2)];
    const length = number(file, start + 4, inline);
    const size = SIZES[type ?? 0];
    if (tag === null || length === null || length > MOST_VALUES) return null;
    if (size === undefined) continue;
    const value = start + 4 + inline;
    const from = length * size <= inline ? value : (number(file, value, inline) ?? -1);
    if (from < 0 || from + length * size > file.bytes.length) return null;
    const values = Array.from({ length }, (_, k) => number(file, from + k * size, size) ?? 0);
    fields.set(tag, values);
  }
  const all = (tag: number): readonly number[] => fields.get(tag) ?? [];
  return { all, of: (tag, otherwise) => all(tag)[0] ?? otherwise, next: next ?? 0 };
};
