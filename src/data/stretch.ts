/**
 * Resampling without rotation, where columns and rows can be taken by turns: packed pixels and a map that
 * keeps the axes enter, target pixels leave. The same pixels as `resample.ts` gives, sooner.
 *
 * Nothing is filled: a canvas that was only scaled and mirrored lies within its source but for rounding, so
 * positions are clamped, as `cv2.resize` does.
 */

import type { Rectangle } from "../plan/augment.js";
import type { Affine } from "../plan/transform.js";
import { LABEL, mix, ONE, type Packed } from "./packed.js";
import type { Placement } from "./resample.js";

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
