/** Opens files that have an end: pipes, sockets, devices and folders are refused on the opened descriptor, without waiting. */

import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { systemReason } from "./system.js";

/** Why a folder is no file. */
export const FOLDER = "it is a folder";

export interface RegularFile {
  readonly descriptor: number;
  /** In bytes, when it was opened. */
  readonly size: number;
}

/** Opened for reading, or the reason why not. The caller closes the descriptor. */
export const openRegular = (path: string): E.Either<string, RegularFile> => {
  // Without O_NONBLOCK, opening a pipe that nobody writes to never returns.
  const opened = E.tryCatch(
    () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    openReason,
  );
  if (E.isLeft(opened)) return opened;
  const stats = fstatSync(opened.right);
  if (stats.isFile()) return E.right({ descriptor: opened.right, size: stats.size });
  closeSync(opened.right);
  return E.left(kindReason(stats));
};

/** The whole of a file of at most `most` bytes, or the reason why it cannot be read. */
export const readRegular = (
  path: string,
  most = Number.POSITIVE_INFINITY,
): E.Either<string, Buffer<ArrayBuffer>> => {
  const opened = openRegular(path);
  if (E.isLeft(opened)) return opened;
  const { descriptor, size } = opened.right;
  try {
    if (size > most) return E.left(tooLarge(size, most));
    const bytes = Buffer.alloc(size);
    let length = 0;
    // One call reads two gigabytes at most.
    for (let read = 1; read > 0 && length < size; length += read)
      read = readSync(descriptor, bytes, length, size - length, length);
    return E.right(bytes.subarray(0, length));
  } catch (error) {
    return E.left(systemReason(error));
  } finally {
    closeSync(descriptor);
  }
};

const tooLarge = (size: number, most: number): string =>
  `it has ${size.toLocaleString("en")} bytes, and at most ${most.toLocaleString("en")} are read`;

/** A socket cannot be opened at all, nor a device whose driver is missing. */
const openReason = (error: unknown): string =>
  error instanceof Error && "code" in error && error.code === "ENXIO"
    ? "it is a socket or a device, not a file"
    : systemReason(error);

const kindReason = (stats: Stats): string => {
  if (stats.isDirectory()) return FOLDER;
  if (stats.isFIFO()) return "it is a pipe, not a file";
  if (stats.isSocket()) return "it is a socket, not a file";
  return "it is a device, not a file";
};
