/**
 * The augmentation's Gaussian blur: colours are blurred by 1-4-6-4-1 along both axes, labels are left as they are.
 *
 * Weights /16 are OpenCV's for a 5×5 kernel without a sigma. Their products with a byte sum to 16 bits, so
 * red and blue share one integer throughout.
 */

import type { Rectangle } from "../plan/augment.js";
import type { Placement } from "./loops.js";
import { LABEL, RED_BLUE } from "./packed.js";

/** How far the kernel reaches. */
export const REACH = 2;

/** The rows of which sums are kept: a power of two, and no less than the kernel's 5. */
const RING = 8;

/** Words of room for each column: its last sums, red and blue in the halves of one, green in another. */
export const ROOM = 2 * RING;

/** The TypeScript of `Loops.blur`: each row is summed across once, then five of these sums downwards. */
export function blurred(
  words: Int32Array,
  from: number,
  region: Rectangle,
  window: Rectangle,
  target: Placement,
  room: number,
): void {
  const width = region.right - region.left;
  const height = region.bottom - region.top;
  const left = window.left - region.left;
  const count = window.right - window.left;
  const ring = (y: number) => room + (y & (RING - 1)) * 2 * width;
  let done = Math.max(0, window.top - region.top - REACH);
  for (let y = window.top; y < window.bottom; y++) {
    const middle = y - region.top;
    for (; done <= Math.min(middle + REACH, height - 1); done++)
      acrossRow(words, from + done * width, ring(done), width);
    const row = (dy: number) => left + ring(reflect(middle + dy, height));
    const rows = [row(-2), row(-1), row(0), row(1), row(2)] as const;
    const start = target.origin + y * target.stride + window.left;
    downRow(words, rows, width, from + middle * width + left, start, count);
  }
}

type Rows = readonly [number, number, number, number, number];

function downRow(
  words: Int32Array,
  [r0, r1, r2, r3, r4]: Rows,
  green: number,
  centre: number,
  to: number,
  count: number,
) {
  const [g0, g1, g2, g3, g4] = [r0 + green, r1 + green, r2 + green, r3 + green, r4 + green];
  for (let x = 0; x < count; x++) {
    const rb =
      words[r0 + x]! +
      words[r4 + x]! +
      ((words[r1 + x]! + words[r3 + x]!) << 2) +
      Math.imul(words[r2 + x]!, 6) +
      0x00800080;
    const g =
      words[g0 + x]! +
      words[g4 + x]! +
      ((words[g1 + x]! + words[g3 + x]!) << 2) +
      Math.imul(words[g2 + x]!, 6) +
      0x80;
    words[to + x] = ((rb >>> 8) & RED_BLUE) | (g & 0xff00) | (words[centre + x]! & LABEL);
  }
}

/** Leaves 16 times the blurred row: red and blue in the halves of one integer, and behind the row green in another. */
function acrossRow(words: Int32Array, start: number, out: number, width: number) {
  const at = (x: number) => words[start + reflect(x, width)]!;
  let p0 = at(-2);
  let p1 = at(-1);
  let p2 = at(0);
  let p3 = at(1);
  for (let x = 0; x < width; x++) {
    const p4 = x + REACH < width ? words[start + x + REACH]! : at(x + REACH);
    words[out + x] =
      (p0 & RED_BLUE) +
      (p4 & RED_BLUE) +
      (((p1 & RED_BLUE) + (p3 & RED_BLUE)) << 2) +
      Math.imul(p2 & RED_BLUE, 6);
    words[out + width + x] =
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
export function reflect(i: number, n: number): number {
  if (i >= 0 && i < n) return i;
  if (n === 1) return 0;
  const period = 2 * (n - 1);
  const folded = ((i % period) + period) % period;
  return folded < n ? folded : period - folded;
}
