/** A GIF whose colours are made its indices, so that any decoder gives these back. */

import * as E from "fp-ts/lib/Either.js";

export interface IndexedGif {
  /** The same file: colour i is the grey i, and no pixel is transparent. */
  readonly bytes: Buffer;
  /** `0xRRGGBB` of each index. */
  readonly palette: readonly number[];
  readonly frames: number;
}

/** Blocks in a file; each is a step of the search for the next. */
const MOST_BLOCKS = 1_000_000;

/** Or why it is none (GIF89a, sections 15 to 23). */
export const indexedGif = (file: Buffer): E.Either<string, IndexedGif> => {
  const bytes = Buffer.from(file);
  let palette: readonly number[] = [];
  let frames = 0;
  /** Takes the table of colours at a place that its flags announce; where it ends. */
  const table = (flags: number, at: number): number => {
    if ((flags & 0x80) === 0) return at;
    const colours = 2 ** ((flags & 7) + 1);
    if (at + 3 * colours > bytes.length) return bytes.length;
    palette = Array.from({ length: colours }, (_, i) => bytes.readUIntBE(at + 3 * i, 3));
    for (let i = 0; i < colours; i++) bytes.fill(i, at + 3 * i, at + 3 * i + 3);
    return at + 3 * colours;
  };
  let at = bytes.length < 13 ? bytes.length : table(bytes.readUInt8(10), 13);
  for (let blocks = 0; at + 1 < bytes.length && blocks < MOST_BLOCKS; blocks++) {
    const kind = bytes.readUInt8(at);
    if (kind === 0x3b) break;
    if (kind === 0x21) {
      // A graphic control extension may name a transparent colour.
      if (bytes.readUInt8(at + 1) === 0xf9 && at + 3 < bytes.length)
        bytes[at + 3] = bytes.readUInt8(at + 3) & 0xfe;
      at = behind(bytes, at + 2);
    } else if (kind === 0x2c && at + 10 < bytes.length) {
      frames++;
      at = behind(bytes, table(bytes.readUInt8(at + 9), at + 10) + 1);
    } else return E.left("the file is damaged or was cut short");
  }
  return frames === 0
    ? E.left("it holds no picture, or was cut short")
    : E.right({ bytes, palette, frames });
};

/** Behind the chain of sub-blocks that begins at a place. */
const behind = (bytes: Buffer, start: number): number => {
  let at = start;
  while (at < bytes.length && bytes.readUInt8(at) !== 0) at += bytes.readUInt8(at) + 1;
  return at + 1;
};
