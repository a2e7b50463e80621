/** A file of weights: its bytes, read piece by piece, and what every format offers of it once opened. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Failed } from "../diagnostic/failure.js";
import { cutShort, unreadableWeights } from "./errors.js";
import type { Outline, Tensor } from "./tensor.js";

export interface Bytes {
  /** As messages call it. */
  readonly file: string;
  readonly size: number;
  /** A copy of its own. @throws Failed where the piece does not lie within the file. */
  readonly piece: (from: number, length: number) => Uint8Array;
  readonly close: () => void;
}

const within = (file: string, size: number, from: number, length: number): void => {
  if (!(from >= 0 && length >= 0 && from + length <= size))
    throw new Failed(cutShort(file, from, length, size));
};

/** @throws Failed where the file cannot be opened. */
export const bytesOfFile = (file: string): Bytes => {
  const told = <A>(act: () => A): A => {
    try {
      return act();
    } catch (error) {
      throw new Failed(unreadableWeights(file, error));
    }
  };
  const handle = told(() => openSync(file, "r"));
  const { size } = fstatSync(handle);
  return {
    file,
    size,
    piece: (from, length) => {
      within(file, size, from, length);
      const into = new Uint8Array(length);
      const read = told(() => readSync(handle, into, 0, length, from));
      if (read !== length) throw new Failed(cutShort(file, from, length, from + read));
      return into;
    },
    close: () => closeSync(handle),
  };
};

/** For what is in memory already. */
export const bytesInMemory = (file: string, bytes: Uint8Array): Bytes => ({
  file,
  size: bytes.length,
  piece: (from, length) => {
    within(file, bytes.length, from, length);
    return Uint8Array.from(bytes.subarray(from, from + length));
  },
  close: () => {},
});

export const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** What is known before any number is read. */
export interface Header {
  readonly file: string;
  /** "PyTorch", with where in the file the weights lay. */
  readonly format: string;
  readonly tensors: ReadonlyMap<string, Outline>;
}

export interface WeightsFile extends Header {
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The numbers of a tensor that is in the header. @throws Failed */
  readonly read: (name: string) => Tensor;
  readonly close: () => void;
}
