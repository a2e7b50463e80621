/** A file of weights: its bytes, read piece by piece, and what every format offers of it once opened. */

import { closeSync, readSync } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import type { Failure } from "../diagnostic/failure.js";
import { openRegular } from "../file/regular.js";
import { systemReason } from "../file/system.js";
import { cutShort, unreadableWeights } from "./errors.js";
import type { Outline, Tensor } from "./tensor.js";

/** What reading gives: a value, or what is wrong with the file. */
export type Read<A> = E.Either<Failure, A>;

export interface Bytes {
  /** As messages call it. */
  readonly file: string;
  readonly size: number;
  /** A copy of its own; a piece that does not lie within the file is a failure. */
  readonly piece: (from: number, length: number) => Read<Uint8Array<ArrayBuffer>>;
  readonly close: () => void;
}

/** What is known of a file before any number is read. */
export interface Header {
  readonly file: string;
  /** "PyTorch", with where in the file the weights lay. */
  readonly format: string;
  readonly tensors: ReadonlyMap<string, Outline>;
  /** What else the file holds, by name: a counter of epochs, an optimiser. Nothing of it is used. */
  readonly beside: readonly string[];
}

export interface WeightsFile extends Header {
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The numbers of a tensor of the header. */
  readonly read: (name: string) => Read<Tensor>;
  readonly close: () => void;
}

const isWithin = (size: number, from: number, length: number): boolean =>
  from >= 0 && length >= 0 && from + length <= size;

/** Pipes, devices and folders are no files. */
export const bytesOfFile = (file: string): Read<Bytes> => {
  const opened = openRegular(file);
  if (E.isLeft(opened)) return E.left(unreadableWeights(file, opened.left));
  const { descriptor, size } = opened.right;
  return E.right({
    file,
    size,
    piece: (from, length) => {
      if (!isWithin(size, from, length)) return E.left(cutShort(file, from, length, size));
      const into = new Uint8Array(length);
      const read = E.tryCatch(
        () => readSync(descriptor, into, 0, length, from),
        (error) => unreadableWeights(file, systemReason(error)),
      );
      if (E.isLeft(read)) return read;
      return read.right === length
        ? E.right(into)
        : E.left(cutShort(file, from, length, from + read.right));
    },
    close: () => closeSync(descriptor),
  });
};

/** For what is in memory already. */
export const bytesInMemory = (file: string, bytes: Uint8Array): Bytes => ({
  file,
  size: bytes.length,
  piece: (from, length) =>
    isWithin(bytes.length, from, length)
      ? E.right(Uint8Array.from(bytes.subarray(from, from + length)))
      : E.left(cutShort(file, from, length, bytes.length)),
  close: () => {},
});

export const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);
