/**
 * Safetensors: writes named tensors and a map of words, and reads them, trusting nothing.
 *
 * 8 bytes length of the header (little-endian), the header (JSON, padded with blanks to 8 bytes), then the tensors,
 * sorted by name without gaps. The metadata's `sha256` is that of the tensors' bytes.
 */

import { createHash } from "node:crypto";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { invariant } from "../diagnostic/invariant.js";
import { product } from "../graph/type.js";
import { budgetFor } from "../source/budget.js";
import { damaged, inexact, unknownType } from "./errors.js";
import { type Bytes, bytesInMemory, type Read, viewOf, type WeightsFile } from "./file.js";
import { type DType, isDType, numbersOf, type Outline, sizes, type Tensor } from "./tensor.js";

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface TensorInfo extends Outline {
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
    .map(([name, { dtype, shape }]): [string, TensorInfo] => {
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

/** A file that is written tensor by tensor, in the order of `names`. */
export interface Pieces {
  readonly names: readonly string[];
  readonly size: number;
  /** What the next tensor is in the file, and where. */
  readonly piece: (name: string, tensor: Tensor) => Piece;
  /** What it begins with, which is known last: it holds the checksum. */
  readonly head: () => Piece;
}

export type Piece = readonly [bytes: Uint8Array, place: number];

export const inPieces = (
  tensors: readonly (readonly [name: string, Outline])[],
  metadata: Readonly<Record<string, string>> = {},
): Pieces => {
  const { places, size } = layOut(tensors, { ...metadata, sha256: "0".repeat(64) });
  const hash = createHash("sha256");
  return {
    names: [...places.keys()],
    size,
    piece: (name, tensor) => {
      const place = places.get(name);
      invariant(place !== undefined, `${name} was not laid out`);
      const bytes = bytesOf(tensor);
      hash.update(bytes);
      return [bytes, place];
    },
    head: () => [layOut(tensors, { ...metadata, sha256: hash.digest("hex") }).head, 0],
  };
};

/** Equal tensors and metadata give equal bytes, in whatever order they come. */
export const encodeSafetensors = (
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array => {
  const outlines = [...tensors].map(
    ([name, of]) => [name, { dtype: dtypeOf(of), shape: of.shape }] as const,
  );
  const { names, size, piece, head } = inPieces(outlines, metadata);
  const bytes = Buffer.alloc(size);
  for (const name of names) {
    const tensor = tensors.get(name);
    if (tensor !== undefined) bytes.set(...piece(name, tensor));
  }
  bytes.set(...head());
  return bytes;
};

/** The header is held to everything that the format promises: the tensors fill the file, without gap or overlap. */
export const openSafetensors = (bytes: Bytes): Read<WeightsFile> => {
  const { file, size, close } = bytes;
  const damage = (reason: string) => E.left(damaged(file, reason));
  if (size < 8) return damage(`it has ${size} bytes`);
  const claimed = pipe(bytes.piece(0, 8), E.map(headerLength));
  if (E.isLeft(claimed)) return claimed;
  const long = claimed.right;
  if (long > LONGEST) return damage(`its header claims ${long} bytes`);
  if (8 + long > size) return damage(`it ends within its header of ${long} bytes`);
  return pipe(
    bytes.piece(8, long),
    E.flatMap((header) => asDamage(file, parse(header))),
    E.flatMap((header) => contents(file, header, size - 8 - long)),
    E.map(({ metadata, tensors }) => ({
      file,
      format: "safetensors",
      tensors,
      beside: [],
      metadata,
      read: (name) => {
        const info = tensors.get(name);
        if (info === undefined) return damage(`it holds no ${name}`);
        const { dtype, shape, data_offsets } = info;
        const [from, to] = data_offsets;
        return pipe(
          bytes.piece(8 + long + from, to - from),
          E.map((numbers) => numbersOf(dtype, numbers)),
          E.flatMap(E.mapLeft((value) => inexact(file, name, value))),
          E.map((data) => ({ shape, data })),
        );
      },
      close,
    })),
  );
};

const headerLength = (first: Uint8Array): number => Number(viewOf(first).getBigUint64(0, true));

const asDamage = <A>(file: string, read: E.Either<string, A>): Read<A> =>
  pipe(
    read,
    E.mapLeft((reason) => damaged(file, reason)),
  );

interface Contents {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

/** Tensors in the order in which they lie in the `size` bytes behind the header. */
const contents = (
  file: string,
  { [METADATA]: metadata = {}, ...lines }: Readonly<Record<string, unknown>>,
  size: number,
): Read<Contents> => {
  const damage = (reason: string) => E.left(damaged(file, reason));
  if (!areWords(metadata)) return damage("its metadata are not a map of words");
  const infos: (readonly [string, TensorInfo])[] = [];
  for (const [name, line] of Object.entries(lines)) {
    if (!isTensorInfo(line)) return damage(`it describes ${name} by ${JSON.stringify(line)}`);
    const { dtype, shape, data_offsets } = line;
    if (!isDType(dtype)) return E.left(unknownType(file, name, dtype));
    infos.push([name, { dtype, shape, data_offsets }]);
  }
  // A tensor without numbers begins where the next one does.
  infos.sort(([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1]);
  let end = 0;
  for (const [name, { dtype, shape, data_offsets }] of infos) {
    const [from, to] = data_offsets;
    if (from !== end || to - from !== product(shape) * sizes[dtype])
      return damage(`${name} does not fill the bytes ${from}…${to}`);
    if (to > size) return damage(`it ends within ${name}`);
    end = to;
  }
  if (end !== size) return damage(`${size - end} bytes follow its tensors`);
  return E.right({ metadata, tensors: new Map(infos) });
};

/** A file that pspc wrote itself, whole: header, offsets, sizes and checksum hold, or it is refused. */
export const decodeSafetensors = (bytes: Uint8Array, file: string): Read<Safetensors> =>
  pipe(
    openSafetensors(bytesInMemory(file, bytes)),
    E.filterOrElse(
      ({ metadata: { sha256 } }) =>
        sha256 === undefined || sha256 === checksum(bytes.subarray(8 + headerLength(bytes))),
      () => damaged(file, "its checksum does not hold"),
    ),
    E.flatMap(readAll),
  );

const readAll = ({ tensors, metadata, read }: WeightsFile): Read<Safetensors> => {
  const whole = new Map<string, Tensor>();
  for (const name of tensors.keys()) {
    const tensor = read(name);
    if (E.isLeft(tensor)) return tensor;
    whole.set(name, tensor.right);
  }
  return E.right({ tensors: whole, metadata });
};

/** Of `{"name": {"shape": [1]}}`. */
const DEEPEST = 3;
/** Bytes that a tensor takes in a header for each map or list that describes it. */
const OPENING = 16;

const parse = (header: Uint8Array): E.Either<string, Readonly<Record<string, unknown>>> => {
  const strange = nesting(header);
  if (strange !== null) return E.left(strange);
  return pipe(
    E.tryCatch(
      (): unknown => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(header)),
      () => "its header is no JSON",
    ),
    E.filterOrElse(isRecord, () => "its header is no map"),
  );
};

/** What is wrong with the maps and lists of a header, before any is made. */
const nesting = (header: Uint8Array): string | null => {
  const budget = budgetFor(header.length, { entries: 1 + header.length / OPENING });
  let depth = 0;
  let isText = false;
  for (let i = 0; i < header.length; i++) {
    const code = header[i];
    if (code === QUOTE) isText = !isText;
    else if (isText) i += code === BACKSLASH ? 1 : 0;
    else if (code === BRACKET || code === BRACE) {
      if (++depth > DEEPEST) return `its header nests deeper than ${DEEPEST} maps and lists`;
      if (!budget.spend("entries")) return budget.overrun();
    } else if (code === BRACKET + 2 || code === BRACE + 2) depth--;
  }
  return null;
};

/** `"`, `\\`, `[` and `{`; what closes the last two follows two codes later. */
const [QUOTE, BACKSLASH, BRACKET, BRACE] = [0x22, 0x5c, 0x5b, 0x7b];

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const areWords = (value: unknown): value is Readonly<Record<string, string>> =>
  isRecord(value) && Object.values(value).every((word) => typeof word === "string");

const areSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

const isTensorInfo = (
  value: unknown,
): value is Omit<TensorInfo, "dtype"> & { readonly dtype: string } =>
  isRecord(value) &&
  typeof value.dtype === "string" &&
  areSizes(value.shape) &&
  areSizes(value.data_offsets) &&
  value.data_offsets.length === 2;
