/** The colours of classes, and pictures with their classes laid over them. */

import type { Rgb } from "../language/dataset.js";
import { type ClassIndices, ignoredIn } from "../language/labels.js";
import type { Picture } from "./picture.js";

/** RGB of each index, [256 or more, 3]. */
export type Palette = Uint8Array;

/**
 * The colour map of Pascal VOC's development kit: index c's bits, from the lowest, go in turn to the highest
 * free bits of red, green and blue; a dataset's own colours stand before it. Index 255, the ignored label, comes out as VOC's pale border.
 */
export function palette(own: readonly Rgb[] | null = null, classes = 0): Palette {
  const indices = Math.max(256, classes);
  const colours = new Uint8Array(indices * 3);
  for (let index = 0; index < indices; index++)
    for (let bit = 0; bit < 8; bit++)
      for (let channel = 0; channel < 3; channel++) {
        const set = (index >> (3 * bit + channel)) & 1;
        colours[3 * index + channel]! |= set << (7 - bit);
      }
  for (const [index, colour] of (own ?? []).entries()) colours.set(colour, 3 * index);
  return colours;
}

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
