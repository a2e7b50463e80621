/**
 * Reads packed pixels through an affine map into a rectangle of a target: colours bilinear, labels nearest.
 *
 * Positions are pixel indices. A target pixel whose nearest source pixel does not exist takes the fill, in
 * colour and label alike; within half a pixel of the border the outermost pixels count twice, as in
 * `cv2.resize`. Labels are read at the position of the image; `cv2.resize` reads them up to half a pixel
 * off (`INTER_NEAREST` rounds down), which moves boundaries and nothing else. Without rotation (`stretch`) columns
 * and rows are taken in turns: the same pixels, sooner.
 */

import type { Rectangle } from "../plan/augment.js";
import type { Affine } from "../plan/transform.js";
import { LABEL, mix, ONE, type Packed } from "./packed.js";

/** A target whose pixel (x, y) is word `origin + y·stride + x`. */
export interface Placement {
  readonly words: Int32Array;
  readonly origin: number;
  readonly stride: number;
}

/** Fills `region` of the target; any affine map. */
export function resample(
  source: Packed,
  map: Affine,
  region: Rectangle,
  { words, origin, stride }: Placement,
  fill: number,
): void {
  for (let y = region.top; y < region.bottom; y++) {
    const row = origin + y * stride;
    const [from, to] = inside(map, y, source, region);
    edge(source, map, y, region.left, from, words, row, fill);
    interior(source, map, y, from, to, words, row);
    edge(source, map, y, to, region.right, words, row, fill);
  }
}

const FIXED = 65536;
/** More than steps in fixed point can stray over a row of 4,000 pixels. */
const MARGIN = 1 / 16;

/** Columns whose four neighbours exist: no test, and most of the window. */
function interior(
  { words: pixels, width }: Packed,
  [a, b, c, d, e, f]: Affine,
  y: number,
  from: number,
  to: number,
  words: Int32Array,
  row: number,
) {
  // 16.16 fixed point, with half a weight ahead so that the shift rounds.
  let u = ((a * from + b * y + c) * FIXED + FIXED / (2 * ONE)) | 0;
  let v = ((d * from + e * y + f) * FIXED + FIXED / (2 * ONE)) | 0;
  const du = Math.round(a * FIXED);
  const dv = Math.round(d * FIXED);
  for (let x = from; x < to; x++, u += du, v += dv) {
    const x0 = u >> 16;
    const y0 = v >> 16;
    const right = (u >> 8) & 255;
    const down = (v >> 8) & 255;
    const i = Math.imul(y0, width) + x0;
    const j = i + width;
    const upper = mix(pixels[i]!, pixels[i + 1]!, right);
    const lower = mix(pixels[j]!, pixels[j + 1]!, right);
    const near = (down < ONE / 2 ? i : j) + ((right + ONE / 2) >> 8);
    words[row + x] = mix(upper, lower, down) | (pixels[near]! & LABEL);
  }
}

/** Columns at the border and beyond it. */
function edge(
  { words: pixels, height, width }: Packed,
  [a, b, c, d, e, f]: Affine,
  y: number,
  from: number,
  to: number,
  words: Int32Array,
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
      const i = y0 * width + x0;
      const step = x0 + 1 < width ? 1 : 0;
      const j = y0 + 1 < height ? i + width : i;
      const right = ((cx - x0) * ONE + 0.5) | 0;
      const down = ((cy - y0) * ONE + 0.5) | 0;
      const upper = mix(pixels[i]!, pixels[i + step]!, right);
      const lower = mix(pixels[j]!, pixels[j + step]!, right);
      const near = (down < ONE / 2 ? i : j) + (right < ONE / 2 ? 0 : step);
      words[row + x] = mix(upper, lower, down) | (pixels[near]! & LABEL);
    }
  }
}

/** The columns of row y that lie between source pixels on both axes. */
function inside(
  [a, b, c, d, e, f]: Affine,
  y: number,
  { width, height }: Packed,
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

/** Each source row that is needed is stretched once; then pairs of rows are mixed. */
export function stretch(
  source: Packed,
  [a, , c, , e, f]: Affine,
  region: Rectangle,
  { words, origin, stride }: Placement,
): void {
  const columns = neighbours(a, c, region.left, region.right, source.width);
  const rows = neighbours(e, f, region.top, region.bottom, source.height);
  let upper = { y: -1, words: new Int32Array(region.right - region.left) };
  let lower = { y: -1, words: new Int32Array(region.right - region.left) };
  for (let j = 0; j < rows.weight.length; j++) {
    const [y0, y1] = [rows.first[j]!, rows.second[j]!];
    if (lower.y === y0 || upper.y === y1) [upper, lower] = [lower, upper];
    if (upper.y !== y0) stretchRow(source, y0, columns, upper.words);
    if (lower.y !== y1) stretchRow(source, y1, columns, lower.words);
    upper.y = y0;
    lower.y = y1;
    const start = origin + (region.top + j) * stride + region.left;
    mixRows(upper.words, lower.words, rows.weight[j]!, words, start);
  }
}

function stretchRow(source: Packed, y: number, columns: Neighbours, out: Int32Array) {
  const { words, width } = source;
  const { first, second, weight } = columns;
  const start = y * width;
  for (let x = 0; x < out.length; x++) {
    const left = words[start + first[x]!]!;
    const right = words[start + second[x]!]!;
    const share = weight[x]!;
    out[x] = mix(left, right, share) | ((share < ONE / 2 ? left : right) & LABEL);
  }
}

function mixRows(
  upper: Int32Array,
  lower: Int32Array,
  down: number,
  out: Int32Array,
  start: number,
) {
  const nearest = down < ONE / 2 ? upper : lower;
  for (let x = 0; x < upper.length; x++)
    out[start + x] = mix(upper[x]!, lower[x]!, down) | (nearest[x]! & LABEL);
}

/** For each target position on an axis the two source positions around it, and the second's weight. */
interface Neighbours {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Int32Array;
}

function neighbours(
  slope: number,
  offset: number,
  from: number,
  to: number,
  length: number,
): Neighbours {
  const [first, second, weight] = [0, 1, 2].map(() => new Int32Array(to - from)) as Three;
  for (let i = 0; i < first.length; i++) {
    const at = Math.min(Math.max(slope * (from + i) + offset, 0), length - 1);
    first[i] = at;
    second[i] = Math.min(first[i]! + 1, length - 1);
    weight[i] = (at - first[i]!) * ONE + 0.5;
  }
  return { first, second, weight };
}

type Three = [Int32Array, Int32Array, Int32Array];
