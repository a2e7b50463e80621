/** Decodes the samples of a TIFF as the numbers that they are. The inner loops index typed arrays within their length. */

import { inflateSync } from "node:zlib";
import * as E from "fp-ts/lib/Either.js";
import type { Tiff } from "./tiff.js";

/** [H, W, bands], as they stand in the file. */
export type Samples =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** Samples of one picture in bytes; beyond it lies no picture that fits the memory of its training. */
const MOST_BYTES = 2 ** 31;

/** The samples, or why they cannot be decoded. */
export const tiffSamples = (bytes: Buffer, head: Tiff): E.Either<string, Samples> => {
  const { height, width, bands, bits, block, planar, offsets, lengths } = head;
  const kind = arrayOf(head);
  const inflate = unpackers[head.compression];
  if (kind === undefined) return E.left(`its samples are ${head.kind} numbers of ${bits} bits`);
  if (inflate === undefined)
    return E.left(
      head.compression === 7
        ? "it is compressed as JPEG, which changes values"
        : `its compression (${head.compression}) is none of LZW, Deflate and PackBits`,
    );
  const tallest = Math.min(block.height, height);
  const [across, down] = [Math.ceil(width / block.width), Math.ceil(height / block.height)];
  const inBlock = planar ? 1 : bands;
  const stride = Math.ceil((block.width * inBlock * bits) / 8);
  const size = Math.max(height * width * bands * kind.BYTES_PER_ELEMENT, stride * tallest);
  if (size > MOST_BYTES)
    return E.left(`${width}×${height} pixels of ${bands} bands are more than 2 GiB`);
  const most = Math.min(MOST_BYTES, stride * block.height + 1024);
  const samples = new kind(height * width * bands);
  for (let index = 0; index < across * down * (planar ? bands : 1); index++) {
    const [at, length] = [offsets[index], lengths[index]];
    if (at === undefined || length === undefined || at + length > bytes.length) return cut;
    const [band, place] = [Math.floor(index / (across * down)), index % (across * down)];
    const [top, left] = [Math.floor(place / across) * block.height, (place % across) * block.width];
    const rows = Math.min(block.height, height - top);
    const packed = inflate(bytes.subarray(at, at + length), stride * rows, most);
    if (packed === null || packed.length < stride * rows) return cut;
    const region = { top, left, rows, columns: Math.min(block.width, width - left), band };
    fill(samples, head, region, unpredicted(Buffer.from(packed), head, stride, rows), stride);
  }
  return E.right(samples);
};

const cut = E.left("the file is damaged or was cut short");

interface ArrayOfSamples {
  new (length: number): Samples;
  readonly BYTES_PER_ELEMENT: number;
}

const arrayOf = ({ kind, bits }: Tiff): ArrayOfSamples | undefined =>
  kind === "unsigned" && [1, 2, 4].includes(bits) ? Uint8Array : arrays[`${kind} ${bits}`];

const arrays: Readonly<Partial<Record<string, ArrayOfSamples>>> = {
  "unsigned 8": Uint8Array,
  "unsigned 16": Uint16Array,
  "unsigned 32": Uint32Array,
  "signed 8": Int8Array,
  "signed 16": Int16Array,
  "signed 32": Int32Array,
  "float 32": Float32Array,
  "float 64": Float64Array,
};

/** `length` bytes are needed; a whole block, whose last rows may lie below the picture, has at most `most`. */
type Unpack = (packed: Buffer, length: number, most: number) => Uint8Array | null;

const inflated: Unpack = (packed, _, most) => {
  try {
    return inflateSync(packed, { maxOutputLength: most });
  } catch {
    return null;
  }
};

const unpackers: Readonly<Partial<Record<number, Unpack>>> = {
  1: (packed) => packed,
  5: (packed, length) => lzw(packed, length),
  8: inflated,
  32946: inflated,
  32773: (packed, length) => packBits(packed, length),
};

/** A count below 128 is followed by so many bytes and one; above it, by one byte that is repeated. */
const packBits = (packed: Buffer, length: number): Uint8Array => {
  const out = new Uint8Array(length);
  let [from, to] = [0, 0];
  while (from < packed.length && to < length) {
    const count = packed[from++]!;
    if (count < 128) {
      const literal = packed.subarray(from, Math.min(from + count + 1, from + length - to));
      out.set(literal, to);
      from += count + 1;
      to += count + 1;
    } else if (count > 128) {
      out.fill(packed[from++]!, to, to + 257 - count);
      to += 257 - count;
    }
  }
  return out.subarray(0, Math.min(to, length));
};

const [CLEAR, END] = [256, 257];

/** Section 13: codes of 9 to 12 bits from the highest bit on, one bit wider one code early. */
const lzw = (packed: Buffer, length: number): Uint8Array | null => {
  const out = new Uint8Array(length);
  // Each code is the string of an earlier one and a byte; strings are copied from where they were written last.
  const [starts, sizes] = [new Int32Array(4097), new Int32Array(4097)];
  let [next, width, previous, bits, held, to] = [258, 9, -1, 0, 0, 0];
  for (let from = 0; to < length; ) {
    while (bits < width && from < packed.length) {
      held = ((held << 8) | packed[from++]!) & 0xffffff;
      bits += 8;
    }
    if (bits < width) break;
    bits -= width;
    const code = (held >> bits) & ((1 << width) - 1);
    if (code === END) break;
    if (code === CLEAR) {
      [next, width, previous] = [258, 9, -1];
      continue;
    }
    if (code > next || (code >= 258 && previous < 0)) return null;
    const start = to;
    if (code < 256) out[to++] = code;
    else {
      // The code being defined is the last string and its own first byte: both stand in `out` already.
      const [source, size] =
        code === next ? [previous, start - previous + 1] : [starts[code]!, sizes[code]!];
      for (let i = 0; i < size && to < length; i++) out[to++] = out[source + i]!;
    }
    if (previous >= 0 && next < 4096) {
      starts[next] = previous;
      sizes[next] = start - previous + 1;
      next++;
      if (next >= (1 << width) - 1 && width < 12) width++;
    }
    previous = start;
  }
  return out.subarray(0, to);
};

/** Undoes the differences of neighbours, in place; samples are then little-endian. */
const unpredicted = (packed: Buffer, head: Tiff, stride: number, rows: number): Buffer => {
  const { bits, predictor, bands, planar, little, block } = head;
  const [size, step] = [bits >> 3, planar ? 1 : bands];
  if (predictor === 3) {
    const plane = block.width * step;
    const row = Buffer.alloc(stride);
    for (let y = 0; y < rows; y++) {
      const line = packed.subarray(y * stride, (y + 1) * stride);
      for (let i = step; i < stride; i++) line[i] = line[i]! + line[i - step]!;
      // Bytes of one weight lie together, the highest first.
      for (let i = 0; i < plane; i++)
        for (let b = 0; b < size; b++) row[i * size + b] = line[(size - 1 - b) * plane + i]!;
      line.set(row);
    }
    return packed;
  }
  if (!little && size === 2) packed.subarray(0, packed.length & ~1).swap16();
  if (!little && size === 4) packed.subarray(0, packed.length & ~3).swap32();
  if (!little && size === 8) packed.subarray(0, packed.length & ~7).swap64();
  if (predictor !== 2) return packed;
  for (let y = 0; y < rows; y++) {
    const end = (y + 1) * stride;
    for (let at = y * stride + step * size; at < end; at += size) {
      const before = at - step * size;
      if (size === 1) packed[at] = packed[at]! + packed[before]!;
      else if (size === 2)
        packed.writeUInt16LE((packed.readUInt16LE(at) + packed.readUInt16LE(before)) & 0xffff, at);
      else if (size === 4)
        packed.writeUInt32LE((packed.readUInt32LE(at) + packed.readUInt32LE(before)) >>> 0, at);
    }
  }
  return packed;
};

interface Region {
  readonly top: number;
  readonly left: number;
  readonly rows: number;
  readonly columns: number;
  readonly band: number;
}

const fill = (
  samples: Samples,
  { width, bands, bits, planar, kind }: Tiff,
  { top, left, rows, columns, band }: Region,
  block: Buffer,
  stride: number,
): void => {
  const read = reader(block, bits, kind);
  const inBlock = planar ? 1 : bands;
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++)
      for (let b = 0; b < inBlock; b++)
        samples[((top + y) * width + left + x) * bands + band + b] = read(
          y * stride,
          x * inBlock + b,
        );
};

/** The sample at a place of the row that starts at a byte. */
const reader = (
  block: Buffer,
  bits: number,
  kind: Tiff["kind"],
): ((row: number, place: number) => number) => {
  if (bits < 8) {
    const mask = (1 << bits) - 1;
    return (row, place) => {
      const bit = place * bits;
      return (block[row + (bit >> 3)]! >> (8 - bits - (bit & 7))) & mask;
    };
  }
  if (kind === "float")
    return bits === 32
      ? (row, place) => block.readFloatLE(row + 4 * place)
      : (row, place) => block.readDoubleLE(row + 8 * place);
  const size = bits >> 3;
  return kind === "signed"
    ? (row, place) => block.readIntLE(row + size * place, size)
    : (row, place) => block.readUIntLE(row + size * place, size);
};
