/**
 * Reading a picture through an affine map: source pixels, a map and a rectangle of the target enter, the
 * target's pixels leave. Image bilinear, labels nearest.
 *
 * Positions are pixel indices. A target pixel whose nearest source pixel does not exist takes the fill, in
 * the image and in the labels alike; within half a pixel of the border the nearest pixels count twice, as
 * in `cv2.resize`. Labels are read at the position of the image; `cv2.resize` reads them up to half a pixel
 * off (`INTER_NEAREST` rounds down), which moves boundaries and nothing else.
 */

import type { Affine } from "../plan/affine.js";
import type { Rectangle } from "../plan/augment.js";

/** A target whose pixel (x, y) begins at element `(origin + y·stride + x)·pitch`. */
export interface Placement {
  readonly origin: number;
  readonly stride: number;
  readonly pitch: number;
}

/** Weights have 8 bits, so that a product of two and a pixel stays within 24. */
const ONE = 256;
const HALF = ONE * ONE * 0.5;

/** RGB [H, W, 3] bilinear into `region` of the target, of three or four bytes a pixel; `fill` is three. */
export function resampleImage(
  source: Uint8Array,
  height: number,
  width: number,
  map: Affine,
  region: Rectangle,
  target: Uint8Array,
  { origin, stride, pitch }: Placement,
  fill: Uint8Array,
): void {
  const [a, b, c, d, e, f] = map;
  const below = 3 * width;
  for (let y = region.top; y < region.bottom; y++) {
    const rowX = b * y + c;
    const rowY = e * y + f;
    const row = origin + y * stride;
    const [from, to] = inside(map, y, width, height, region);
    edge(region.left, from);
    for (let x = from; x < to; x++) {
      const sx = a * x + rowX;
      const sy = d * x + rowY;
      const x0 = sx | 0;
      const y0 = sy | 0;
      const right = ((sx - x0) * ONE + 0.5) | 0;
      const down = ((sy - y0) * ONE + 0.5) | 0;
      const left = ONE - right;
      const up = ONE - down;
      const i = (y0 * width + x0) * 3;
      const j = i + below;
      const out = (row + x) * pitch;
      target[out] =
        (Math.imul(Math.imul(source[i]!, left) + Math.imul(source[i + 3]!, right), up) +
          Math.imul(Math.imul(source[j]!, left) + Math.imul(source[j + 3]!, right), down) +
          HALF) >>
        16;
      target[out + 1] =
        (Math.imul(Math.imul(source[i + 1]!, left) + Math.imul(source[i + 4]!, right), up) +
          Math.imul(Math.imul(source[j + 1]!, left) + Math.imul(source[j + 4]!, right), down) +
          HALF) >>
        16;
      target[out + 2] =
        (Math.imul(Math.imul(source[i + 2]!, left) + Math.imul(source[i + 5]!, right), up) +
          Math.imul(Math.imul(source[j + 2]!, left) + Math.imul(source[j + 5]!, right), down) +
          HALF) >>
        16;
    }
    edge(to, region.right);

    function edge(start: number, end: number) {
      for (let x = start; x < end; x++) {
        const sx = a * x + rowX;
        const sy = d * x + rowY;
        const out = (row + x) * pitch;
        if (sx < -0.5 || sy < -0.5 || sx >= width - 0.5 || sy >= height - 0.5) {
          target[out] = fill[0]!;
          target[out + 1] = fill[1]!;
          target[out + 2] = fill[2]!;
        } else blend(source, width, height, sx, sy, target, out);
      }
    }
  }
}

/** One bilinear pixel near the border, whose neighbours beyond it are those on it. */
function blend(
  source: Uint8Array,
  width: number,
  height: number,
  sx: number,
  sy: number,
  target: Uint8Array,
  out: number,
) {
  const cx = Math.min(Math.max(sx, 0), width - 1);
  const cy = Math.min(Math.max(sy, 0), height - 1);
  const [x0, y0] = [Math.floor(cx), Math.floor(cy)];
  const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
  const right = ((cx - x0) * ONE + 0.5) | 0;
  const down = ((cy - y0) * ONE + 0.5) | 0;
  for (let k = 0; k < 3; k++) {
    const at = (x: number, y: number) => source[(y * width + x) * 3 + k]!;
    const upper = at(x0, y0) * (ONE - right) + at(x1, y0) * right;
    const lower = at(x0, y1) * (ONE - right) + at(x1, y1) * right;
    target[out + k] = (upper * (ONE - down) + lower * down + HALF) >> 16;
  }
}

/** Labels [H, W] nearest into `region` of the target. */
export function resampleLabels(
  source: Uint8Array,
  height: number,
  width: number,
  [a, b, c, d, e, f]: Affine,
  region: Rectangle,
  target: Uint8Array,
  { origin, stride }: Placement,
  fill: number,
): void {
  for (let y = region.top; y < region.bottom; y++) {
    const rowX = b * y + c;
    const rowY = e * y + f;
    const row = origin + y * stride;
    for (let x = region.left; x < region.right; x++) {
      const sx = a * x + rowX + 0.5;
      const sy = d * x + rowY + 0.5;
      target[row + x] =
        sx >= 0 && sy >= 0 && sx < width && sy < height
          ? source[(sy | 0) * width + (sx | 0)]!
          : fill;
    }
  }
}

/** The columns of row y that have four source neighbours: they need no test, and are most of the window. */
function inside(
  [a, b, c, d, e, f]: Affine,
  y: number,
  width: number,
  height: number,
  region: Rectangle,
): readonly [from: number, to: number] {
  const x = between(a, b * y + c, width - 1, region.left, region.right);
  const both = between(d, e * y + f, height - 1, x[0], x[1]);
  return both[0] < both[1] ? both : [region.left, region.left];
}

/** Integers x in [low, high) with 0 ≤ slope·x + offset < limit, in the very arithmetic of the loop. */
function between(slope: number, offset: number, limit: number, low: number, high: number) {
  const holds = (x: number) => {
    const at = slope * x + offset;
    return at >= 0 && at < limit;
  };
  if (slope === 0) return holds(0) ? ([low, high] as const) : ([low, low] as const);
  const [p, q] = [-offset / slope, (limit - offset) / slope];
  // One column wider than computed, then narrowed by the test itself: rounding is monotone in x.
  let from = Math.max(low, Math.ceil(Math.min(p, q)) - 1);
  let to = Math.min(high, Math.floor(Math.max(p, q)) + 2);
  while (from < to && !holds(from)) from++;
  while (to > from && !holds(to - 1)) to--;
  return [from, to] as const;
}
