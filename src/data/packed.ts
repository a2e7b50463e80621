/**
 * A labelled picture as one 32-bit word a pixel.
 *
 * Red, green, blue and the label are the bytes of a word, from the lowest. A pixel and its label are read
 * at once, and red and blue are mixed by one multiplication: their products with 8-bit weights keep apart.
 */

import type { Colour } from "../plan/transform.js";

/** The two lanes of 16 bits that red and blue have to themselves. */
export const RED_BLUE = 0xff00ff;
const GREEN = 0x00ff00;
export const LABEL = 0xff000000;

/** Weights of two pixels that are mixed sum to `ONE`. */
export const ONE = 256;

/** `p·(ONE − weight) + q·weight`, rounded; the label byte is empty. */
export function mix(p: number, q: number, weight: number): number {
  const rest = ONE - weight;
  const redBlue =
    (Math.imul(p & RED_BLUE, rest) + Math.imul(q & RED_BLUE, weight) + 0x800080) >>> 8;
  const green = (Math.imul((p >>> 8) & 255, rest) + Math.imul((q >>> 8) & 255, weight) + 128) | 0;
  return (redBlue & RED_BLUE) | (green & GREEN);
}

export const word = (red: number, green: number, blue: number, label: number): number =>
  red | (green << 8) | (blue << 16) | (label << 24);

/** Sends the pixels from `start` to `end` through a colour map; clips and rounds once. */
export function recolour(words: Int32Array, start: number, end: number, colour: Colour): void {
  const [[rr, rg, rb, r0], [gr, gg, gb, g0], [br, bg, bb, b0]] = colour;
  for (let i = start; i < end; i++) {
    const pixel = words[i]!;
    const [r, g, b] = [pixel & 255, (pixel >>> 8) & 255, (pixel >>> 16) & 255];
    words[i] =
      (pixel & LABEL) |
      clip(rr * r + rg * g + rb * b + r0) |
      (clip(gr * r + gg * g + gb * b + g0) << 8) |
      (clip(br * r + bg * g + bb * b + b0) << 16);
  }
}

const clip = (value: number): number => (value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0);
