/** The colours of classes, and pictures with their classes laid over them. */

import type { Rgb } from "../language/dataset.js";
import { type ClassIndices, ignoredIn } from "../language/labels.js";
import type { Picture } from "./picture.js";

/** RGB of each index, [256 or more, 3]. */
export type Palette = Uint8Array;

/** Twelve colours that people with any sight tell apart by hue or lightness. */
const distinct: readonly Rgb[] = [
  [86, 180, 233],
  [154, 99, 36],
  [0, 114, 178],
  [127, 127, 127],
  [204, 121, 167],
  [213, 94, 0],
  [230, 159, 0],
  [240, 228, 66],
  [255, 255, 255],
  [0, 158, 115],
  [94, 79, 162],
  [179, 222, 105],
];

/** Of the value 255 where it is the ignored one: Pascal VOC's pale border. */
const border: Rgb = [224, 224, 192];

/**
 * The colours of a data set: its own, or ours where it has none. Ours are the twelve, and from then on Pascal VOC's
 * colour map lifted from black, so that on a dark picture, too, no class looks like nothing.
 */
export function palette(own: readonly Rgb[] | null = null, classes = 0): Palette {
  const indices = Math.max(256, classes);
  const colours = new Uint8Array(indices * 3);
  for (let index = 0; index < indices; index++)
    colours.set(distinct[index] ?? lifted(index), 3 * index);
  if (classes <= 255) colours.set(border, 3 * 255);
  for (const [index, colour] of (own ?? []).entries()) colours.set(colour, 3 * index);
  return colours;
}

/** As VOC's development kit has it, the bits of an index go in turn to the highest free bits of red, green and blue. */
const lifted = (index: number): Rgb => {
  const channel = (first: number): number => {
    let value = 0;
    for (let bit = 0; bit < 8; bit++) value |= ((index >> (3 * bit + first)) & 1) << (7 - bit);
    return 80 + Math.round((value * 175) / 255);
  };
  return [channel(0), channel(1), channel(2)];
};

/** The colour of a class, for pages: `#56b4e9`. */
export const hexOf = (colours: Palette, index: number): string =>
  `#${Buffer.from(colours.subarray(3 * index, 3 * index + 3)).toString("hex")}`;

/** A picture [H, W, 3] with its classes [H, W] laid over it at `alpha`; ignored pixels stay bare. */
export function overlay(
  { pixels, height, width }: Picture,
  labels: ClassIndices,
  colours: Palette,
  alpha: number,
): Picture {
  const mixed = Uint8Array.from(pixels);
  const ignored = ignoredIn(labels);
  for (let i = 0; i < labels.length; i++) {
    const index = labels[i]!;
    if (index === ignored) continue;
    for (let k = 0; k < 3; k++) {
      const bare = pixels[3 * i + k]!;
      mixed[3 * i + k] = Math.round(bare + alpha * (colours[3 * index + k]! - bare));
    }
  }
  return { pixels: mixed, height, width };
}
