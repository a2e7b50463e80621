/**
 * Decodes plain JPEGs on the thread that asks, where set-up could compile what it takes (scripts/setup/plain-jpeg.cc).
 *
 * sharp's own path, in decode-picture.ts, says what a JPEG's pixels are. It goes by two other threads and several
 * copies, which for a small picture take as long as half of the decoding; this one calls the same decoder in place.
 */

import sharp from "sharp";
import { requireDecoder } from "../runtime/tfjs.js";
import type { Picture } from "./picture.js";

/** `null` for what is not plain after all, or has the least fault: sharp says what it is. */
export type DecodePlain = (bytes: Buffer) => Picture | null;

/** `null` where there is no compiler, or sharp brings no libvips of its own. */
export const plainDecoder = (): DecodePlain | null => {
  const decode = requireDecoder(`libvips-cpp.so.${sharp.versions.vips}`);
  return decode === null ? null : (bytes) => (isPlain(bytes) ? decode(bytes) : null);
};

const [START, SCAN, EXIF] = [0xd8, 0xda, 0xe1];

/**
 * Whether the segments before the first scan let a decoder's pixels be the picture's: three bands of 8 bits, and
 * nothing that sharp would obey or libvips would warn of. Profiles and second pictures stand in APP2, and what
 * announces them in an APP1 that is no EXIF. Whether EXIF turns a picture, the decoder says.
 */
export const isPlain = (bytes: Buffer): boolean => {
  if (bytes[0] !== 0xff || bytes[1] !== START) return false;
  let bands = 0;
  for (let at = 2; at + 4 <= bytes.length; ) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff || marker < 0xc0 || marker === 0xff) return false;
    if (marker === SCAN) return bands === 3;
    const length = bytes.readUInt16BE(at + 2);
    const body = bytes.subarray(at + 4, at + 2 + length);
    if (length < 2 || !isHarmless(marker, body)) return false;
    if (isFrame(marker)) bands = body[0] === 8 ? (body[5] ?? 0) : 0;
    at += 2 + length;
  }
  return false;
};

/** Huffman-coded frames: baseline, extended, progressive. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xc2;

const isHarmless = (marker: number, body: Buffer): boolean => {
  if (marker >= 0xd0 && marker <= 0xd9) return false; // has no body, and no place here
  if (marker === 0xe0) return !isJfif(body) || body[7]! <= 2; // units of resolution that there are
  if (marker === EXIF) return body.toString("latin1", 0, 4) === "Exif";
  return marker !== 0xe2;
};

const isJfif = (body: Buffer): boolean =>
  body.length >= 14 && body.toString("latin1", 0, 5) === "JFIF\0";
