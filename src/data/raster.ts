/** A decoded file of any format as the numbers that stand in it, and what its first bytes say that it is. */

import type { Size } from "../language/geometry.js";
import type { Samples } from "./tiff-samples.js";

export interface Raster extends Size {
  /** Samples a pixel. */
  readonly bands: number;
  /** Bits a sample. */
  readonly bits: number;
  /** [H, W, bands] */
  readonly samples: Samples;
  /** `0xRRGGBB` of each index, where a sample is one. */
  readonly palette: readonly number[] | null;
}

/** What a picture is at most; libvips's bound, which libraries of this kind share. */
export const MOST_PIXELS = 0x3fff * 0x3fff;

export const tooManyPixels = ({ height, width }: Size): string =>
  `it has ${width.toLocaleString("en")}×${height.toLocaleString("en")} pixels, and at most 268 million are read`;

export type Format = "jpeg" | "png" | "webp" | "tiff" | "gif" | "bmp" | "heif" | "svg" | "unknown";

/** What a file is, whatever it is called: the first 32 bytes tell. */
export const formatOf = (bytes: Buffer): Format => {
  const head = bytes.toString("latin1", 0, 32);
  const found = signatures.find(([, fits]) => fits(head));
  return found?.[0] ?? "unknown";
};

const begins =
  (...heads: readonly string[]) =>
  (head: string): boolean =>
    heads.some((each) => head.startsWith(each));

const signatures: readonly (readonly [Format, (head: string) => boolean])[] = [
  ["jpeg", begins("\xff\xd8\xff")],
  ["png", begins("\x89PNG\r\n\x1a\n")],
  ["webp", (head) => head.startsWith("RIFF") && head.startsWith("WEBP", 8)],
  ["tiff", begins("II*\0", "II+\0", "MM\0*", "MM\0+")],
  ["gif", begins("GIF87a", "GIF89a")],
  ["bmp", (head) => head.startsWith("BM") && head.startsWith("\0\0\0", 15)],
  ["heif", (head) => head.startsWith("ftyp", 4)],
  ["svg", (head) => /^(\xef\xbb\xbf)?\s*<(\?xml|svg|!)/.test(head)],
];

/** By its chunks: an animated WebP has one of that name, and a still one the bitstream of either kind. */
export const webpKind = (bytes: Buffer): "lossless" | "lossy" | "animated" => {
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = bytes.toString("latin1", at, at + 4);
    if (name === "ANIM") return "animated";
    if (name === "VP8L") return "lossless";
    if (name === "VP8 ") return "lossy";
    const size = bytes.readUInt32LE(at + 4);
    at += 8 + size + (size & 1);
  }
  return "lossy";
};
