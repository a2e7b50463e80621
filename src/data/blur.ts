/**
 * The augmentation's Gaussian blur: RGB pixels enter, the same blurred by 1-4-6-4-1 along both axes leave.
 *
 * Weights /16 are OpenCV's for a 5×5 kernel without a sigma. Their products with a byte sum to 16 bits, so
 * red and blue share one 32-bit integer and are blurred by one addition.
 */

import type { Rectangle } from "../plan/augment.js";
import type { Placement } from "./resample.js";

/** How far the kernel reaches. */
export const REACH = 2;

const RED_BLUE = 0xff00ff;
const GREEN = 0x00ff00;

/** Room for a picture on its way through the blur, four bytes a pixel: red, green, blue and nothing. */
export interface Room {
  readonly pixels: Uint8Array;
  readonly packed: Int32Array;
  readonly redBlue: Int32Array;
  readonly green: Int32Array;
}

export function room(pixels: number): Room {
  const packed = new Int32Array(pixels);
  return {
    pixels: new Uint8Array(packed.buffer),
    packed,
    redBlue: new Int32Array(pixels),
    green: new Int32Array(pixels),
  };
}

/**
 * Blurs the picture in `room.pixels`, which holds `region` densely, into the part `window` of an RGB target.
 * Beyond the region the picture is mirrored about its outermost pixels (reflect-101).
 */
export function blur(
  room: Room,
  region: Rectangle,
  window: Rectangle,
  target: Uint8Array,
  { origin, stride }: Placement,
): void {
  const width = region.right - region.left;
  const height = region.bottom - region.top;
  for (let y = 0; y < height; y++) acrossRow(room, y * width, width);
  const { redBlue, green } = room;
  const left = window.left - region.left;
  for (let y = window.top; y < window.bottom; y++) {
    const start = (dy: number) => left + reflect(y - region.top + dy, height) * width;
    let [r0, r1, r2, r3, r4] = [start(-2), start(-1), start(0), start(1), start(2)];
    const first = (origin + y * stride + window.left) * 3;
    const end = first + (window.right - window.left) * 3;
    for (let out = first; out < end; out += 3, r0++, r1++, r2++, r3++, r4++) {
      const rb =
        redBlue[r0]! +
        redBlue[r4]! +
        ((redBlue[r1]! + redBlue[r3]!) << 2) +
        Math.imul(redBlue[r2]!, 6) +
        0x00800080;
      const g =
        green[r0]! +
        green[r4]! +
        ((green[r1]! + green[r3]!) << 2) +
        Math.imul(green[r2]!, 6) +
        0x80;
      target[out] = rb >>> 8;
      target[out + 1] = g >>> 8;
      target[out + 2] = rb >>> 24;
    }
  }
}

/** Leaves 16 times the blurred row: red and blue in the halves of one integer, green in another. */
function acrossRow({ packed, redBlue, green }: Room, start: number, width: number) {
  const at = (x: number) => packed[start + reflect(x, width)]!;
  let [p0, p1, p2, p3] = [at(-2), at(-1), at(0), at(1)];
  for (let x = 0; x < width; x++) {
    const p4 = x + REACH < width ? packed[start + x + REACH]! : at(x + REACH);
    redBlue[start + x] =
      (p0 & RED_BLUE) +
      (p4 & RED_BLUE) +
      (((p1 & RED_BLUE) + (p3 & RED_BLUE)) << 2) +
      Math.imul(p2 & RED_BLUE, 6);
    green[start + x] =
      ((p0 & GREEN) +
        (p4 & GREEN) +
        (((p1 & GREEN) + (p3 & GREEN)) << 2) +
        Math.imul(p2 & GREEN, 6)) >>
      8;
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
