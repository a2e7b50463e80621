/**
 * Photometric distortion of a picture's pixels, in bytes as mmsegmentation's `PhotoMetricDistortion` computes it: each
 * step rounds down to bytes, and hue and saturation are changed in OpenCV's HSV of 8 bits, each on its own way there
 * and back. Both ways equal OpenCV's vector code for every colour (its last 31 pixels of a row are rounded otherwise).
 */

import type { Distortion } from "../plan/transform.js";
import { LABEL } from "./packed.js";

/** Bytes through `value·factor + term`, clipped and cut to a byte. */
const line = (factor: number, term: number): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, value) => {
    const moved = fround(fround(value * fround(factor)) + fround(term));
    return Math.trunc(Math.min(255, Math.max(0, moved)));
  });

const { fround } = Math;

const same = line(1, 0);

/** First `inner`, then `outer`. */
const after = (outer: Uint8Array, inner: Uint8Array): Uint8Array =>
  inner.map((value) => outer[value] ?? 0);

/** OpenCV's quotients of fixed point: 255/v for saturation, 30/difference for hue. */
const [SHIFT, HALF] = [12, 1 << 11];
const quotients = (of: number): Int32Array =>
  Int32Array.from({ length: 256 }, (_, i) => (i === 0 ? 0 : Math.round((of << SHIFT) / i)));
const perValue = quotients(255);
const perDifference = quotients(30);

/** Hue in steps of 2° (0 to 179), saturation and value, as the bytes of a word. */
const toHsv = (r: number, g: number, b: number): number => {
  const value = Math.max(r, g, b);
  const difference = value - Math.min(r, g, b);
  const saturation = (difference * perValue[value]! + HALF) >> SHIFT;
  const turn = value === r ? g - b : value === g ? b - r + 2 * difference : r - g + 4 * difference;
  const hue = (turn * perDifference[difference]! + HALF) >> SHIFT;
  return (hue < 0 ? hue + 180 : hue) | (saturation << 8) | (value << 16);
};

const [SIXTH, BYTE] = [fround(6 / 180), fround(1 / 255)];

/** Red, green and blue as the bytes of a word; of equal channels all the same, without a hue. */
const fromHsv = (hue: number, saturation: number, value: number): number => {
  const turned = fround(hue * SIXTH);
  const sector = Math.floor(turned);
  const rest = fround(turned - sector);
  const [s, v] = [fround(saturation * BYTE), fround(value * BYTE)];
  const least = byte(fround(v * fround(1 - s)));
  const falling = byte(fround(v * fround(1 - s * rest)));
  const rising = byte(fround(v * fround(1 - s * fround(1 - rest))));
  const most = byte(v);
  switch (sector) {
    case 0:
      return most | (rising << 8) | (least << 16);
    case 1:
      return falling | (most << 8) | (least << 16);
    case 2:
      return least | (most << 8) | (rising << 16);
    case 3:
      return least | (falling << 8) | (most << 16);
    case 4:
      return rising | (least << 8) | (most << 16);
    default:
      return most | (least << 8) | (falling << 16);
  }
};

const byte = (share: number): number => fround(share * 255) | 0;

/** A pixel's bytes, each through a table. */
const through = (table: Uint8Array, pixel: number): number =>
  table[pixel & 255]! | (table[(pixel >>> 8) & 255]! << 8) | (table[(pixel >>> 16) & 255]! << 16);

const inHsv = (pixel: number, hue: number, saturation: Uint8Array): number => {
  const hsv = toHsv(pixel & 255, (pixel >>> 8) & 255, (pixel >>> 16) & 255);
  return fromHsv(((hsv & 255) + hue) % 180, saturation[(hsv >>> 8) & 255]!, hsv >>> 16);
};

/** What is to be done with the pixels from `start` to `end`, in place; their labels stay. */
export type Distort = (words: Int32Array, start: number, end: number) => void;

export const distorter = (how: Distortion): Distort => {
  const contrast = how.contrast === null ? same : line(how.contrast, 0);
  const light = how.brightness === null ? same : line(1, how.brightness);
  const first = how.contrastLast ? light : after(contrast, light);
  const last = how.contrastLast ? contrast : same;
  const saturation = how.saturation === null ? null : line(how.saturation, 0);
  const hue = how.hue === null ? null : how.hue + 180;
  return (words, start, end) => {
    for (let i = start; i < end; i++) {
      let pixel = through(first, words[i]!);
      if (saturation !== null) pixel = inHsv(pixel, 0, saturation);
      if (hue !== null) pixel = inHsv(pixel, hue, same);
      words[i] = (words[i]! & LABEL) | through(last, pixel);
    }
  };
};
