/** Reads a spec as text, or says why it is none: a folder, a pipe, a device, too large, not UTF-8. */

import * as E from "fp-ts/lib/Either.js";
import { type Failure, failure } from "../diagnostic/failure.js";
import { readRegular } from "./regular.js";

/** Far above the characters that a spec may have; nothing larger is read into memory. */
const MAX_BYTES = 8 * 2 ** 20;

export const readText = (file: string, path = file): E.Either<Failure, string> => {
  const read = readRegular(file, MAX_BYTES);
  return E.isRight(read) ? decoded(path, read.right) : E.left(unreadable(path, read.left));
};

/** Without a byte order mark. */
const decoded = (path: string, bytes: Buffer): E.Either<Failure, string> => {
  const isUtf16 = bytes.length > 1 && [0xfeff, 0xfffe].includes(bytes.readUInt16BE(0));
  if (isUtf16) return E.left(notText(path, "it is UTF-16 text", "save it as UTF-8"));
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const isBinary = text.includes("\0");
    return isBinary ? E.left(notText(path, "it is not text", "check the path")) : E.right(text);
  } catch {
    return E.left(notText(path, "it is not UTF-8 text", "save it as UTF-8, or check the path"));
  }
};

export const unreadable = (path: string, reason: string): Failure =>
  failure(`cannot read ${path}`, reason, "check the path");

const notText = (path: string, reason: string, help: string): Failure =>
  failure(`cannot read ${path}`, reason, help);
