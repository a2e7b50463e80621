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
import { type Bytes, bytesInMemory, viewOf, type WeightsFile } from "./file.js";
import { type DType, isDType, numbersOf, type Outline, sizes, type Tensor } from "./tensor.js";

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry extends Outline {
  readonly data_offsets: readonly [begin: number, end: number];
}

const METADATA = "__metadata__";
/** Longest header that the format allows. */
const LONGEST = 100_000_000;

const dtypeOf = ({ data }: Tensor): DType =>
  data instanceof Float32Array ? "F32" : data instanceof Int32Array ? "I32" : "U8";

const bytesOf = ({ data }: Tensor): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const checksum = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

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
      end += product(shape) * sizes[dtype];
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

/**
 * The header is held to everything that the format promises: the tensors fill the file, without gap or overlap.
 * @throws Failed where it does not.
 */
export const openSafetensors = (bytes: Bytes): WeightsFile => {
  const { file, size, close } = bytes;
  const demand: Demand = (holds, reason) => {
    if (!holds) throw new Failed(damaged(file, reason));
  };
  demand(size >= 8, `it has ${size} bytes`);
  const long = Number(viewOf(bytes.piece(0, 8)).getBigUint64(0, true));
  demand(long <= LONGEST, `its header claims ${long} bytes`);
  demand(8 + long <= size, `it ends within its header of ${long} bytes`);
  const { [METADATA]: words = {}, ...entries } = parse(bytes.piece(8, long), demand);
  demand(isWords(words), "its metadata are not a map of words");
  const tensors = new Map(placed(entries, size - 8 - long, file, demand));
  return {
    file,
    format: "safetensors",
    tensors,
    metadata: words as Readonly<Record<string, string>>,
    read: (name) => {
      const { dtype, shape, data_offsets } = tensors.get(name)!;
      const [from, to] = data_offsets;
      return { shape, data: numbersOf(dtype, bytes.piece(8 + long + from, to - from), file, name) };
    },
    close,
  };
};

type Demand = (holds: boolean, reason: string) => void;

/** Tensors in the order in which they lie in the `size` bytes behind the header. */
const placed = (
  entries: Readonly<Record<string, unknown>>,
  size: number,
  file: string,
  demand: Demand,
): readonly (readonly [string, Entry])[] => {
  let end = 0;
  const inOrder = Object.entries(entries)
    .map(([name, entry]): [string, Entry] => {
      const isKnown = isEntry(entry);
      demand(isKnown, `it describes ${name} by ${JSON.stringify(entry)}`);
      const known = entry as Entry;
      if (!isDType(known.dtype)) throw new Failed(unknownType(file, name, known.dtype));
      return [name, known];
    })
    // A tensor without numbers begins where the next one does.
    .sort(([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1]);
  for (const [name, { dtype, shape, data_offsets }] of inOrder) {
    const [from, to] = data_offsets;
    const fills = from === end && to - from === product(shape) * sizes[dtype];
    demand(fills, `${name} does not fill the bytes ${from}…${to}`);
    demand(to <= size, `it ends within ${name}`);
    end = to;
  }
  demand(end === size, `${size - end} bytes follow its tensors`);
  return inOrder;
};

/** A file that pspc wrote itself, whole. @throws Failed where header, offsets, sizes or checksum do not hold. */
export const decodeSafetensors = (bytes: Uint8Array, file: string): Safetensors => {
  const { tensors, metadata, read } = openSafetensors(bytesInMemory(file, bytes));
  const start = 8 + Number(viewOf(bytes).getBigUint64(0, true));
  const { sha256 } = metadata;
  if (sha256 !== undefined && sha256 !== checksum(bytes.subarray(start)))
    throw new Failed(damaged(file, "its checksum does not hold"));
  return { tensors: new Map([...tensors.keys()].map((name) => [name, read(name)])), metadata };
};

const parse = (header: Uint8Array, demand: Demand): Record<string, unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(header));
  } catch {
    demand(false, "its header is no JSON");
  }
  demand(isRecord(value), "its header is no map");
  return value as Record<string, unknown>;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isWords = (value: unknown): boolean =>
  isRecord(value) && Object.values(value).every((word) => typeof word === "string");

const areSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

const isEntry = (value: unknown): value is Entry =>
  isRecord(value) &&
  typeof value.dtype === "string" &&
  areSizes(value.shape) &&
  areSizes(value.data_offsets) &&
  value.data_offsets.length === 2;
