/**
 * The augmentation's Gaussian blur: colours are blurred by 1-4-6-4-1 along both axes, labels are left as they are.
 *
 * Weights /16 are OpenCV's for a 5×5 kernel without a sigma. Their products with a byte sum to 16 bits, so
 * red and blue share one integer throughout.
 */

import type { Rectangle } from "../plan/augment.js";
import { LABEL, RED_BLUE } from "./packed.js";
import type { Placement } from "./resample.js";

/** How far the kernel reaches. */
export const REACH = 2;

/** Room for a picture on its way through the blur. */
export interface Room {
  /** The picture, row behind row. */
  readonly words: Int32Array;
  /** The last rows that were blurred across, `RING` of them. */
  readonly redBlue: Int32Array;
  readonly green: Int32Array;
}

/** A power of two, and no less than the kernel's 5. */
const RING = 8;

export const room = (height: number, width: number): Room => ({
  words: new Int32Array(height * width),
  redBlue: new Int32Array(RING * width),
  green: new Int32Array(RING * width),
});

/**
 * Blurs the picture in `room.words`, which holds `region` densely, into the part `window` of a target.
 * Beyond the region the picture is mirrored about its outermost pixels (reflect-101).
 */
export function blur(room: Room, region: Rectangle, window: Rectangle, target: Placement): void {
  const width = region.right - region.left;
  const height = region.bottom - region.top;
  const left = window.left - region.left;
  const count = window.right - window.left;
  let done = Math.max(0, window.top - region.top - REACH);
  for (let y = window.top; y < window.bottom; y++) {
    const middle = y - region.top;
    for (; done <= Math.min(middle + REACH, height - 1); done++) acrossRow(room, done, width);
    const row = (dy: number) => left + (reflect(middle + dy, height) & (RING - 1)) * width;
    const rows = [row(-2), row(-1), row(0), row(1), row(2)] as const;
    const start = target.origin + y * target.stride + window.left;
    downRow(room, rows, middle * width + left, target.words, start, count);
  }
}

type Rows = readonly [number, number, number, number, number];

function downRow(
  { words, redBlue, green }: Room,
  [r0, r1, r2, r3, r4]: Rows,
  centre: number,
  out: Int32Array,
  start: number,
  count: number,
) {
  for (let x = 0; x < count; x++) {
    const rb =
      redBlue[r0 + x]! +
      redBlue[r4 + x]! +
      ((redBlue[r1 + x]! + redBlue[r3 + x]!) << 2) +
      Math.imul(redBlue[r2 + x]!, 6) +
      0x00800080;
    const g =
      green[r0 + x]! +
      green[r4 + x]! +
      ((green[r1 + x]! + green[r3 + x]!) << 2) +
      Math.imul(green[r2 + x]!, 6) +
      0x80;
    out[start + x] = ((rb >>> 8) & RED_BLUE) | (g & 0xff00) | (words[centre + x]! & LABEL);
  }
}

/** Leaves 16 times the blurred row: red and blue in the halves of one integer, green in another. */
function acrossRow({ words, redBlue, green }: Room, y: number, width: number) {
  const start = y * width;
  const out = (y & (RING - 1)) * width;
  const at = (x: number) => words[start + reflect(x, width)]!;
  let p0 = at(-2);
  let p1 = at(-1);
  let p2 = at(0);
  let p3 = at(1);
  for (let x = 0; x < width; x++) {
    const p4 = x + REACH < width ? words[start + x + REACH]! : at(x + REACH);
    redBlue[out + x] =
      (p0 & RED_BLUE) +
      (p4 & RED_BLUE) +
      (((p1 & RED_BLUE) + (p3 & RED_BLUE)) << 2) +
      Math.imul(p2 & RED_BLUE, 6);
    green[out + x] =
      ((p0 >>> 8) & 255) +
      ((p4 >>> 8) & 255) +
      ((((p1 >>> 8) & 255) + ((p3 >>> 8) & 255)) << 2) +
      Math.imul((p2 >>> 8) & 255, 6);
    p0 = p1;
    p1 = p2;
    p2 = p3;
    p3 = p4;
  }
}

/** …2 1 | 0 1 2 … n−1 | n−2 n−3… */
function reflect(i: number, n: number): number {
  if (n === 1) return 0;
  const period = 2 * (n - 1);
  const folded = ((i % period) + period) % period;
  return folded < n ? folded : period - folded;
}
