/** Reads a spec as text, or says why it is none: a folder, a pipe, a device, too large, not UTF-8. */

import { readFileSync } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { type Failure, failure } from "../diagnostic/failure.js";
import { FOLDER, readRegular } from "./regular.js";
import { systemReason } from "./system.js";

/** Far above the characters that a spec may have; nothing larger is read into memory. */
const MAX_BYTES = 8 * 2 ** 20;

export const readText = (file: string, path = file): E.Either<Failure, string> => {
  const read = readRegular(file, MAX_BYTES);
  return E.isRight(read) ? decoded(path, read.right) : E.left(unreadable(path, read.left));
};

/** What a pipe or a shell gives this process: a spec called `-`. */
export const readStandardInput = (): E.Either<Failure, string> => {
  try {
    const bytes = readFileSync(0);
    const isLarge = bytes.length > MAX_BYTES;
    return isLarge ? E.left(unreadable("-", "it is larger than any spec")) : decoded("-", bytes);
  } catch (error) {
    return E.left(unreadable("-", systemReason(error)));
  }
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
  failure(
    `cannot read ${path}`,
    reason,
    reason === FOLDER
      ? `name a spec in it; \`pspc init ${path}\` writes one for a folder of data`
      : "check the path",
  );

const notText = (path: string, reason: string, help: string): Failure =>
  failure(`cannot read ${path}`, reason, help);
