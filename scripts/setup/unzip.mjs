// @ts-check
/** A zip file → its entries, and any of them as a file or a text; streamed, and checked against size and CRC. */

import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { PassThrough, Transform } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";

/**
 * @typedef {object} Entry
 * @property {string} name
 * @property {number} method 0 stored, 8 deflated
 * @property {number} crc
 * @property {number} packed bytes in the zip file
 * @property {number} size bytes
 * @property {number} offset of its local header
 */

/** The signatures of the zip format (PKWARE APPNOTE 4.3). */
const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const localHeader = 0x04034b50;

/**
 * @param {string} file
 * @returns {Promise<Entry[]>}
 * @throws where the file is no whole zip file
 */
export async function entries(file) {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const last = await read(handle, Math.max(0, size - 65_557), Math.min(size, 65_557));
    const end = last.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
    if (end < 0 || last.readUInt32LE(end) !== endOfDirectory)
      throw broken(file, "its end is missing");
    const directory = await read(handle, last.readUInt32LE(end + 16), last.readUInt32LE(end + 12));
    return [...parse(directory, last.readUInt16LE(end + 10), file)];
  } finally {
    await handle.close();
  }
}

/**
 * @param {Buffer} directory
 * @param {number} count
 * @param {string} file
 * @returns {Generator<Entry>}
 */
function* parse(directory, count, file) {
  for (let at = 0, i = 0; i < count; i++) {
    if (directory.length < at + 46 || directory.readUInt32LE(at) !== directoryEntry)
      throw broken(file, "its directory is damaged");
    const nameLength = directory.readUInt16LE(at + 28);
    yield {
      name: directory.toString("utf8", at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      packed: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    };
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
}

/**
 * Writes one entry to a file.
 * @param {string} file
 * @param {Entry} entry
 * @param {string} target
 * @param {(bytes: number) => void} [wrote]
 */
export async function extract(file, entry, target, wrote) {
  await mkdir(dirname(target), { recursive: true });
  await pipe(file, entry, createWriteStream(target), wrote);
}

/**
 * @param {string} file
 * @param {Entry} entry
 * @returns {Promise<string>}
 */
export async function text(file, entry) {
  const sink = new PassThrough();
  const [content] = await Promise.all([buffer(sink), pipe(file, entry, sink)]);
  return content.toString("utf8");
}

/**
 * @param {string} file
 * @param {Entry} entry
 * @param {NodeJS.WritableStream} sink
 * @param {(bytes: number) => void} [wrote]
 */
async function pipe(file, entry, sink, wrote) {
  const start = await contentStart(file, entry);
  const source = entry.packed
    ? createReadStream(file, { start, end: start + entry.packed - 1, highWaterMark: 1 << 20 })
    : PassThrough.from([]);
  const inflate =
    entry.method === 8 ? zlib.createInflateRaw({ chunkSize: 1 << 18 }) : new PassThrough();
  await pipeline(source, inflate, check(file, entry, wrote), sink);
}

/** @param {string} file @param {Entry} entry */
async function contentStart(file, entry) {
  const handle = await open(file);
  try {
    const header = await read(handle, entry.offset, 30);
    if (header.length < 30 || header.readUInt32LE(0) !== localHeader)
      throw broken(file, `${entry.name} is not where the directory says`);
    return entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  } finally {
    await handle.close();
  }
}

/**
 * @param {string} file
 * @param {Entry} entry
 * @param {((bytes: number) => void) | undefined} wrote
 */
function check(file, entry, wrote) {
  let size = 0;
  let crc = 0;
  return new Transform({
    transform(chunk, _encoding, next) {
      size += chunk.length;
      // Node before 20.15 has no crc32; the size is checked there all the same.
      crc = zlib.crc32 ? zlib.crc32(chunk, crc) : entry.crc;
      wrote?.(chunk.length);
      next(null, chunk);
    },
    flush(next) {
      const whole = size === entry.size && (crc === entry.crc || size === 0);
      next(whole ? null : broken(file, `${entry.name} is damaged`));
    },
  });
}

/** @param {import("node:fs/promises").FileHandle} handle @param {number} position @param {number} length */
async function read(handle, position, length) {
  const { bytesRead, buffer: bytes } = await handle.read(Buffer.alloc(length), 0, length, position);
  return bytes.subarray(0, bytesRead);
}

/** @param {string} file @param {string} why */
const broken = (file, why) => new Error(`${file} is no whole zip file: ${why}`);
