/**
 * Reads packed pixels through an affine map into a rectangle of a target: colours bilinear, labels nearest.
 *
 * Positions are pixel indices. A target pixel whose nearest source pixel does not exist takes the fill, in
 * colour and label alike; within half a pixel of the border the outermost pixels count twice, as in
 * `cv2.resize`. Labels are read at the position of the image; `cv2.resize` reads them up to half a pixel
 * off (`INTER_NEAREST` rounds down), which moves boundaries and nothing else. Without rotation (`stretch`) columns
 * and rows are taken in turns: the same pixels, sooner.
 */

import type { Size } from "../language/geometry.js";
import type { Rectangle } from "../plan/augment.js";
import type { Affine } from "../plan/transform.js";
import type { Loops, Placement } from "./loops.js";
import { LABEL, mix, ONE } from "./packed.js";

/** A picture of which those pixels are at hand that are asked for. */
export interface Source extends Size, Placement {}

/** The part of a picture that a region reads through a map; never nothing. */
export function seenBy(
  [a, b, c, d, e, f]: Affine,
  { left, top, right, bottom }: Rectangle,
  { height, width }: Size,
): Rectangle {
  const corners = (x: number, y: number, offset: number) => {
    const ends = [x * left, x * (right - 1)].flatMap((at) => [at + y * top, at + y * (bottom - 1)]);
    return [Math.min(...ends) + offset, Math.max(...ends) + offset] as const;
  };
  const [u, v] = [corners(a, b, c), corners(d, e, f)];
  // One pixel more on either side: positions in fixed point stray by a fraction of one.
  const first = (least: number, length: number) => clamp(Math.floor(least) - 1, 0, length - 1);
  const end = (most: number, length: number) => clamp(Math.floor(most) + 3, 1, length);
  return {
    left: first(u[0], width),
    top: first(v[0], height),
    right: end(u[1], width),
    bottom: end(v[1], height),
  };
}

const clamp = (value: number, least: number, most: number): number =>
  Math.min(Math.max(value, least), most);

/** Fills `region` of the target; any affine map. */
export function resample(
  loops: Loops,
  source: Source,
  map: Affine,
  region: Rectangle,
  { origin, stride }: Placement,
  fill: number,
): void {
  for (let y = region.top; y < region.bottom; y++) {
    const row = origin + y * stride;
    const [from, to] = inside(map, y, source, region);
    edge(loops.words, source, map, y, region.left, from, row, fill);
    if (from < to) interior(loops, source, map, y, from, to, row);
    edge(loops.words, source, map, y, to, region.right, row, fill);
  }
}

const FIXED = 65536;
/** More than steps in fixed point can stray over a row of 4,000 pixels. */
const MARGIN = 1 / 16;

/** Columns whose four neighbours exist: no test, and most of the window. */
function interior(
  loops: Loops,
  source: Source,
  [a, b, c, d, e, f]: Affine,
  y: number,
  from: number,
  to: number,
  row: number,
) {
  // 16.16 fixed point, with half a weight ahead so that the shift rounds.
  const u = ((a * from + b * y + c) * FIXED + FIXED / (2 * ONE)) | 0;
  const v = ((d * from + e * y + f) * FIXED + FIXED / (2 * ONE)) | 0;
  const [du, dv] = [Math.round(a * FIXED), Math.round(d * FIXED)];
  loops.interpolate(source, u, v, du, dv, row + from, to - from);
}

/** Columns at the border and beyond it. */
function edge(
  words: Int32Array,
  { height, width, origin, stride }: Source,
  [a, b, c, d, e, f]: Affine,
  y: number,
  from: number,
  to: number,
  row: number,
  fill: number,
) {
  for (let x = from; x < to; x++) {
    const sx = a * x + (b * y + c);
    const sy = d * x + (e * y + f);
    if (sx < -0.5 || sy < -0.5 || sx >= width - 0.5 || sy >= height - 0.5) words[row + x] = fill;
    else {
      const cx = Math.min(Math.max(sx, 0), width - 1);
      const cy = Math.min(Math.max(sy, 0), height - 1);
      const x0 = Math.floor(cx);
      const y0 = Math.floor(cy);
      const i = origin + y0 * stride + x0;
      const step = x0 + 1 < width ? 1 : 0;
      const j = y0 + 1 < height ? i + stride : i;
      const right = ((cx - x0) * ONE + 0.5) | 0;
      const down = ((cy - y0) * ONE + 0.5) | 0;
      const upper = mix(words[i]!, words[i + step]!, right);
      const lower = mix(words[j]!, words[j + step]!, right);
      const near = (down < ONE / 2 ? i : j) + (right < ONE / 2 ? 0 : step);
      words[row + x] = mix(upper, lower, down) | (words[near]! & LABEL);
    }
  }
}

/** The columns of row y that lie between source pixels on both axes. */
function inside(
  [a, b, c, d, e, f]: Affine,
  y: number,
  { width, height }: Size,
  region: Rectangle,
): readonly [from: number, to: number] {
  const x = between(a, b * y + c, width - 1 - MARGIN, region.left, region.right);
  const both = between(d, e * y + f, height - 1 - MARGIN, x[0], x[1]);
  const fits = both[0] < both[1] && Math.max(width, height) < FIXED / 2;
  return fits ? both : [region.left, region.left];
}

/** Integers x in [low, high) with MARGIN ≤ slope·x + offset < limit, in the very arithmetic of the loop. */
function between(slope: number, offset: number, limit: number, low: number, high: number) {
  const holds = (x: number) => {
    const at = slope * x + offset;
    return at >= MARGIN && at < limit;
  };
  if (slope === 0) return holds(0) ? ([low, high] as const) : ([low, low] as const);
  const [p, q] = [(MARGIN - offset) / slope, (limit - offset) / slope];
  // One column wider than computed, then narrowed by the test itself: rounding is monotone in x.
  let from = Math.max(low, Math.ceil(Math.min(p, q)) - 1);
  let to = Math.min(high, Math.floor(Math.max(p, q)) + 2);
  while (from < to && !holds(from)) from++;
  while (to > from && !holds(to - 1)) to--;
  return [from, to] as const;
}

/** Words of room that `stretch` needs for each column. */
export const STRETCH_ROOM = 4;

/** Each source row that is needed is stretched once; then pairs of rows are mixed. */
export function stretch(
  loops: Loops,
  source: Source,
  [a, , c, , e, f]: Affine,
  region: Rectangle,
  { origin, stride }: Placement,
  room: number,
): void {
  const [count, down] = [region.right - region.left, region.bottom - region.top];
  const [first, weight] = [room, room + count];
  const across = loops.words.subarray(first, first + 2 * count);
  neighbours(across.subarray(0, count), across.subarray(count), a, c, region.left, source.width);
  const rows = [new Int32Array(down), new Int32Array(down)] as const;
  neighbours(...rows, e, f, region.top, source.height);
  let upper = { y: -1, at: room + 2 * count };
  let lower = { y: -1, at: room + 3 * count };
  const stretched = (row: typeof upper, y: number): void => {
    if (row.y === y) return;
    loops.stretchRow(source.origin + y * source.stride, first, weight, row.at, count);
    row.y = y;
  };
  for (let j = 0; j < down; j++) {
    const y0 = rows[0][j]!;
    const y1 = Math.min(y0 + 1, source.height - 1);
    if (lower.y === y0 || upper.y === y1) [upper, lower] = [lower, upper];
    stretched(upper, y0);
    stretched(lower, y1);
    const to = origin + (region.top + j) * stride + region.left;
    loops.mixRows(upper.at, lower.at, rows[1][j]!, to, count);
  }
}

/** For each target position on an axis the source position before it, and the weight of the one behind that. */
function neighbours(
  first: Int32Array,
  weight: Int32Array,
  slope: number,
  offset: number,
  from: number,
  length: number,
): void {
  for (let i = 0; i < first.length; i++) {
    const at = Math.min(Math.max(slope * (from + i) + offset, 0), length - 1);
    first[i] = at;
    weight[i] = (at - first[i]!) * ONE + 0.5;
  }
}
