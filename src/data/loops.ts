/**
 * The loops over the pixels of a warp, in TypeScript: what they compute is what a warp means, and all that a page has.
 * Where vector instructions are at hand others compute the same bits (vectors.ts).
 *
 * They share one memory. Rows, tables and pixels are named by the index of their first word, raw pictures by that of
 * their first byte.
 */

import type { Rectangle } from "../plan/augment.js";
import { blurred } from "./blur.js";
import { LABEL, mix, ONE } from "./packed.js";

/** Where pixel (x, y) lies: in word `origin + y·stride + x`. */
export interface Placement {
  readonly origin: number;
  readonly stride: number;
}

export interface Loops {
  readonly words: Int32Array;
  /** The same memory. */
  readonly bytes: Uint8Array;
  /** `count` pixels RGB and their labels of a byte, as words. */
  pack(image: number, labels: number, to: number, count: number): void;
  /** Words as RGB and labels of a byte. */
  unpack(from: number, image: number, labels: number, count: number): void;
  /**
   * Pixels (u, v), (u + du, v + dv)…, in 16.16 fixed point with half a weight ahead: colours bilinear, labels nearest.
   * The four neighbours of each exist.
   */
  interpolate(
    from: Placement,
    u: number,
    v: number,
    du: number,
    dv: number,
    to: number,
    count: number,
  ): void;
  /** A row's pixels `first[x]` and their right neighbours, mixed by `weight[x]` of `ONE`. */
  stretchRow(row: number, first: number, weight: number, to: number, count: number): void;
  /** Two rows, mixed by one weight. */
  mixRows(upper: number, lower: number, weight: number, to: number, count: number): void;
  /**
   * Blurs what lies densely from word `from`, `region` of a picture, into the part `window` of a target. Beyond the region
   * the picture is mirrored about its outermost pixels (reflect-101). `room` is that of blur.ts.
   */
  blur(from: number, region: Rectangle, window: Rectangle, target: Placement, room: number): void;
}

/** Loops over so many words of memory. */
export type MakeLoops = (words: number) => Loops;

export const plain: MakeLoops = (words) => plainIn(new ArrayBuffer(4 * words));

export const plainIn = (memory: ArrayBuffer): Loops => {
  const words = new Int32Array(memory);
  const bytes = new Uint8Array(memory);
  return {
    words,
    bytes,
    pack(image, labels, to, count) {
      for (let i = 0, j = image; i < count; i++, j += 3)
        words[to + i] =
          bytes[j]! | (bytes[j + 1]! << 8) | (bytes[j + 2]! << 16) | (bytes[labels + i]! << 24);
    },
    unpack(from, image, labels, count) {
      for (let i = 0, j = image; i < count; i++, j += 3) {
        const pixel = words[from + i]!;
        bytes[j] = pixel;
        bytes[j + 1] = pixel >>> 8;
        bytes[j + 2] = pixel >>> 16;
        bytes[labels + i] = pixel >>> 24;
      }
    },
    interpolate({ origin, stride }, u, v, du, dv, to, count) {
      for (let x = 0; x < count; x++, u += du, v += dv) {
        const right = (u >> 8) & 255;
        const down = (v >> 8) & 255;
        const i = origin + Math.imul(v >> 16, stride) + (u >> 16);
        const j = i + stride;
        const upper = mix(words[i]!, words[i + 1]!, right);
        const lower = mix(words[j]!, words[j + 1]!, right);
        const near = (down < ONE / 2 ? i : j) + ((right + ONE / 2) >> 8);
        words[to + x] = mix(upper, lower, down) | (words[near]! & LABEL);
      }
    },
    stretchRow(row, first, weight, to, count) {
      for (let x = 0; x < count; x++) {
        const at = row + words[first + x]!;
        const [left, right] = [words[at]!, words[at + 1]!];
        const share = words[weight + x]!;
        words[to + x] = mix(left, right, share) | ((share < ONE / 2 ? left : right) & LABEL);
      }
    },
    mixRows(upper, lower, weight, to, count) {
      const nearest = weight < ONE / 2 ? upper : lower;
      for (let x = 0; x < count; x++)
        words[to + x] =
          mix(words[upper + x]!, words[lower + x]!, weight) | (words[nearest + x]! & LABEL);
    },
    blur: (from, region, window, target, room) =>
      blurred(words, from, region, window, target, room),
  };
};
