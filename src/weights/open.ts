/** Opens a file of weights by the reader of its format, which its first bytes tell, whatever it is called. */

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import type { Failure } from "../diagnostic/failure.js";
import type { Headers } from "./check.js";
import { packedKeras, unknownFormat } from "./errors.js";
import {
  type Bytes,
  bytesOfFile,
  type Header,
  type Read,
  viewOf,
  type WeightsFile,
} from "./file.js";
import { openNpz } from "./npz.js";
import { LEGACY_TORCH, openLegacyPth, openPickle, openPth } from "./pth.js";
import { openSafetensors } from "./safetensors.js";
import { openZip } from "./zip.js";

/** Opens a file, hands it to `use`, and closes it. */
export const withWeights = <A>(
  file: string,
  use: (opened: WeightsFile) => Read<A>,
): TE.TaskEither<Failure, A> =>
  TE.bracket(
    () => openWeights(file),
    (opened) => TE.fromEither(use(opened)),
    ({ close }) => TE.fromIO(close),
  );

/** Of each file, what can be known before any number is read. */
export const readHeaders = async (files: Iterable<string>): Promise<Headers> =>
  new Map(
    await Promise.all(
      [...files].map(async (file) => [file, await withWeights<Header>(file, E.right)()] as const),
    ),
  );

const openWeights = async (file: string): Promise<Read<WeightsFile>> => {
  const bytes = bytesOfFile(file);
  if (E.isLeft(bytes)) return bytes;
  const begins = beginning(bytes.right);
  const isHdf5 = E.isRight(begins) && begins.right.startsWith("\x89HDF\r\n\x1a\n");
  const opened = isHdf5
    ? // Four megabytes of WebAssembly, which nothing else needs.
      await (await import("./hdf5.js")).openHdf5(file)
    : openBytes(bytes.right);
  if (isHdf5 || E.isLeft(opened)) bytes.right.close();
  return opened;
};

/** The formats that pspc reads by itself. */
export const openBytes = (bytes: Bytes): Read<WeightsFile> =>
  pipe(
    beginning(bytes),
    E.flatMap((begins) => readerFor(begins, bytes)(bytes)),
  );

const readerFor = (begins: string, bytes: Bytes): ((bytes: Bytes) => Read<WeightsFile>) => {
  if (begins.startsWith("PK\x03\x04") || begins.startsWith("PK\x05\x06")) return openArchive;
  if (begins.startsWith(LEGACY_TORCH)) return openLegacyPth;
  if (isPickle(bytes, begins)) return openPickle;
  if (begins.charAt(8) === "{") return openSafetensors;
  return ({ file }) => E.left(unknownFormat(file));
};

/** PROTO and a protocol; as the length of a safetensors header they are mostly longer than the file. */
const isPickle = ({ size }: Bytes, begins: string): boolean =>
  begins.charCodeAt(0) === 0x80 &&
  begins.charCodeAt(1) <= 5 &&
  (begins.charAt(8) !== "{" ||
    viewOf(Buffer.from(begins, "latin1")).getBigUint64(0, true) > BigInt(size));

const openArchive = (bytes: Bytes): Read<WeightsFile> =>
  pipe(
    openZip(bytes),
    E.flatMap((zip) => {
      const names = [...zip.members.keys()];
      if (names.some((name) => /(^|\/)data\.pkl$/.test(name))) return openPth(zip);
      if (names.some((name) => name.endsWith(".npy"))) return openNpz(zip);
      return E.left(
        names.includes(KERAS) ? packedKeras(bytes.file, KERAS) : unknownFormat(bytes.file),
      );
    }),
  );

/** Where a `.keras` archive has its weights. */
const KERAS = "model.weights.h5";

/** The first bytes of a file, a character each. */
const beginning = (bytes: Bytes): Read<string> =>
  pipe(
    bytes.piece(0, Math.min(bytes.size, 64)),
    E.map((first) => Buffer.from(first).toString("latin1")),
  );
