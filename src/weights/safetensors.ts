/**
 * Safetensors: named tensors and a map of words enter, bytes leave; and back, trusting nothing.
 *
 * 8 bytes length of the header (little-endian), the header (JSON, padded with blanks to 8 bytes), then the tensors,
 * sorted by name without gaps. The metadata's `sha256` is that of the tensors' bytes.
 */

import { createHash } from "node:crypto";
import { Failed } from "../diagnostic/failure.js";
import { product } from "../graph/type.js";
import { damaged, unknownType } from "./errors.js";

/** Numbers row by row. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}

const METADATA = "__metadata__";
/** Longest header that the format allows. */
const LONGEST = 100_000_000;

const arrays = { F32: Float32Array, I32: Int32Array, U8: Uint8Array } as const;
type DType = keyof typeof arrays;

const dtypeOf = ({ data }: Tensor): DType =>
  data instanceof Float32Array ? "F32" : data instanceof Int32Array ? "I32" : "U8";

const bytesOf = ({ data }: Tensor): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const checksum = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** A tensor before its numbers. */
export interface Outline {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export interface Layout {
  /** What the file begins with. */
  readonly head: Uint8Array;
  /** Where in the file each tensor's bytes begin. */
  readonly places: ReadonlyMap<string, number>;
  /** Of the whole file, in bytes. */
  readonly size: number;
}

/** How a file with these tensors lies, before there are any numbers to write. */
export const layOut = (
  tensors: Iterable<readonly [name: string, Outline]>,
  metadata: Readonly<Record<string, string>> = {},
): Layout => {
  let end = 0;
  const entries = [...tensors]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { dtype, shape }]): [string, Entry] => {
      const begin = end;
      end += product(shape) * arrays[dtype].BYTES_PER_ELEMENT;
      return [name, { dtype, shape, data_offsets: [begin, end] }];
    });
  const text = Buffer.from(
    JSON.stringify({ [METADATA]: metadata, ...Object.fromEntries(entries) }),
  );
  const head = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, " ");
  head.writeBigUInt64LE(BigInt(head.length - 8));
  text.copy(head, 8);
  const places = entries.map(([name, { data_offsets }]) => [name, head.length + data_offsets[0]]);
  return { head, places: new Map(places as [string, number][]), size: head.length + end };
};

/** Equal tensors and metadata give equal bytes, in whatever order they come. */
export const encodeSafetensors = (
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array => {
  const outlines = [...tensors].map(
    ([name, of]) => [name, { dtype: dtypeOf(of), shape: of.shape }] as const,
  );
  const unsigned = { ...metadata, sha256: "0".repeat(64) };
  const { head, places, size } = layOut(outlines, unsigned);
  const bytes = Buffer.alloc(size);
  for (const [name, tensor] of tensors) bytes.set(bytesOf(tensor), places.get(name));
  const sha256 = checksum(bytes.subarray(head.length));
  bytes.set(layOut(outlines, { ...metadata, sha256 }).head);
  return bytes;
};

/** @throws Failed where header, offsets, sizes or checksum do not hold; `file` is how the message calls the bytes. */
export const decodeSafetensors = (bytes: Uint8Array, file: string): Safetensors => {
  const demand = (holds: boolean, reason: string): void => {
    if (!holds) throw new Failed(damaged(file, reason));
  };
  demand(bytes.length >= 8, `it has ${bytes.length} bytes`);
  const long = Number(Buffer.from(bytes.buffer, bytes.byteOffset, 8).readBigUInt64LE());
  demand(long <= LONGEST, `its header claims ${long} bytes`);
  demand(8 + long <= bytes.length, `it ends within its header of ${long} bytes`);
  const data = bytes.subarray(8 + long);
  const { [METADATA]: words = {}, ...entries } = parse(bytes.subarray(8, 8 + long), demand);
  demand(isWords(words), "its metadata are not a map of words");
  const metadata = words as Readonly<Record<string, string>>;

  let end = 0;
  const tensors = Object.entries(entries)
    .map(([name, entry]): [string, Entry] => {
      demand(isEntry(entry), `it describes ${name} by ${JSON.stringify(entry)}`);
      return [name, entry as Entry];
    })
    .sort(
      ([, a], [, b]) =>
        a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
    )
    .map(([name, { dtype, shape, data_offsets }]): [string, Tensor] => {
      if (!isDType(dtype)) throw new Failed(unknownType(file, name, dtype));
      const [from, to] = data_offsets;
      const size = shape.reduce((a, b) => a * b, arrays[dtype].BYTES_PER_ELEMENT);
      demand(from === end && to - from === size, `${name} does not fill the bytes ${from}…${to}`);
      demand(to <= data.length, `it ends within ${name}`);
      end = to;
      return [name, { shape, data: view(dtype, data, from, to) }];
    });
  demand(end === data.length, `${data.length - end} bytes follow its tensors`);
  const { sha256 } = metadata;
  demand(sha256 === undefined || sha256 === checksum(data), "its checksum does not hold");
  return { tensors: new Map(tensors), metadata };
};

const parse = (
  header: Uint8Array,
  demand: (holds: boolean, reason: string) => void,
): Record<string, unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(header));
  } catch {
    demand(false, "its header is no JSON");
  }
  demand(isRecord(value), "its header is no map");
  return value as Record<string, unknown>;
};

/** A copy, for a view needs its numbers aligned. */
const view = (dtype: DType, data: Uint8Array, from: number, to: number): Tensor["data"] =>
  new arrays[dtype](Uint8Array.from(data.subarray(from, to)).buffer);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isWords = (value: unknown): boolean =>
  isRecord(value) && Object.values(value).every((word) => typeof word === "string");

const isDType = (dtype: string): dtype is DType => Object.hasOwn(arrays, dtype);

const areSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

const isEntry = (value: unknown): value is Entry =>
  isRecord(value) &&
  typeof value.dtype === "string" &&
  areSizes(value.shape) &&
  areSizes(value.data_offsets) &&
  value.data_offsets.length === 2;
