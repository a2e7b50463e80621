/** Reads a spec as text, or says why it is none: a folder, a device, too large, not UTF-8. */

import { readFileSync, statSync } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { type Failure, failure } from "../diagnostic/failure.js";
import { systemReason } from "./system.js";

/** Far above the characters that a spec may have; nothing larger is read into memory. */
const MAX_BYTES = 8 * 2 ** 20;

export const readText = (file: string, path = file): E.Either<Failure, string> => {
  try {
    const kind = statSync(file);
    if (kind.isCharacterDevice() || kind.isBlockDevice() || kind.isSocket())
      return E.left(notAFile(path));
    if (kind.size > MAX_BYTES) return E.left(fileTooLarge(path, kind.size));
    return decoded(path, readFileSync(file));
  } catch (error) {
    return E.left(unreadable(path, error));
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

export const unreadable = (path: string, error: unknown): Failure =>
  failure(`cannot read ${path}`, systemReason(error), "check the path");

const notAFile = (path: string): Failure =>
  failure(`cannot read ${path}`, "it is a device or socket", "check the path");

const fileTooLarge = (path: string, bytes: number): Failure =>
  failure(
    `cannot read ${path}`,
    `it has ${bytes.toLocaleString("en")} bytes, more than any spec`,
    "check the path",
  );

const notText = (path: string, reason: string, help: string): Failure =>
  failure(`cannot read ${path}`, reason, help);
