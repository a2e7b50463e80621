/**
 * Carries out what was decided for a sample of an epoch: reads the picture once, through one affine map and for the
 * crop's window only, then blurs and recolours it.
 */

import type { Sides } from "../language/geometry.js";
import type { ClassIndices } from "../language/labels.js";
import type { Data, Train } from "../normalize/experiment.js";
import { type Decision, decide, type Rectangle } from "../plan/augment.js";
import type { Affine } from "../plan/transform.js";
import { blur, REACH, room } from "./blur.js";
import { distorter } from "./distort.js";
import { type Packed, recolour, unpack, unpackUpper, word } from "./packed.js";
import { type Placement, resample, stretch } from "./resample.js";

/** Writes image [h, w, 3] and labels [h, w]; tells what was decided. */
export type Augment = (
  source: Packed,
  epoch: number,
  /** Of the sample in its split. */
  index: number,
  image: Uint8Array,
  labels: ClassIndices,
) => Decision;

export function augmenter(
  { mean }: Pick<Data, "mean">,
  { seed, crop, augment: pipeline }: Pick<Train, "seed" | "crop" | "augment">,
): Augment {
  const warp = warper(crop, mean);
  return (source, epoch, index, image, labels) => {
    const size = [source.height, source.width] as const;
    const asked = { pipeline, seed, epoch, index, size, crop, mean };
    const decision = decide(asked, largestShare(source));
    warp(source, decision, image, labels);
    return decision;
  };
}

/** Every fourth pixel of every fourth row stands for its neighbours: regions are larger than that. */
const STEP = 4;

/**
 * The share of the most frequent class among the pixels that count, read where the crop will read them.
 * A crop without one has share 1, so that another is drawn.
 */
export const largestShare =
  ({ words, upper, height, width }: Packed) =>
  ({ crop, map: [a, b, c, d, e, f], canvas }: Decision): number => {
    const counts = new Int32Array(upper === null ? 256 : 65536);
    const ignored = counts.length - 1;
    let counted = 0;
    const [top, left] = [Math.max(0, canvas.top), Math.max(0, canvas.left)];
    for (let y = top; y < Math.min(crop[0], canvas.bottom); y += STEP)
      for (let x = left; x < Math.min(crop[1], canvas.right); x += STEP) {
        const u = Math.round(a * x + b * y + c);
        const v = Math.round(d * x + e * y + f);
        if (u < 0 || v < 0 || u >= width || v >= height) continue;
        const at = v * width + u;
        const label = (words[at]! >>> 24) | (upper === null ? 0 : (upper[at]! >>> 24) << 8);
        if (label === ignored) continue;
        counts[label]!++;
        counted++;
      }
    return counted === 0 ? 1 : counts.reduce((most, n) => Math.max(most, n), 0) / counted;
  };

export type Warp = (
  source: Packed,
  decision: Decision,
  /** [h, w, 3] */
  image: Uint8Array,
  /** [h, w] */
  labels: ClassIndices,
) => void;

/** A warp for crops of one size. Padding takes `mean` (RGB) and is ignored; what lies beyond the source too, or the decision's border. */
export function warper(crop: Sides, mean: readonly [number, number, number]): Warp {
  const [height, width] = crop;
  const [red, green, blue] = mean;
  const fill = word(Math.round(red), Math.round(green), Math.round(blue), BEYOND);
  const target = { words: new Int32Array(height * width), origin: 0, stride: width };
  const unblurred = room(height + 2 * REACH, width + 2 * REACH);

  const eachRow = ({ left, top, right, bottom }: Rectangle, each: Row): void => {
    for (let y = top; y < bottom; y++) each(y * width + left, y * width + right);
  };

  const draw = (
    source: Packed,
    { map, canvas, colour, distortion, border, ...decision }: Decision,
  ): void => {
    const beyond = border === null ? fill : word(...border, BEYOND);
    const window = intersect(canvas, widened(crop, 0));
    if (area(window) < height * width) target.words.fill(fill);
    if (decision.blur) {
      const region = intersect(canvas, widened(crop, REACH));
      read(source, map, region, densely(unblurred.words, region), beyond);
      blur(unblurred, region, window, target);
    } else read(source, map, window, target, beyond);
    if (colour !== null)
      eachRow(window, (start, end) => recolour(target.words, start, end, colour));
    if (distortion === null) return;
    const distort = distorter(distortion);
    eachRow(window, (start, end) => distort(target.words, start, end));
  };

  return (source, decision, image, labels) => {
    draw(source, decision);
    unpack(target.words, image, labels);
    if (source.upper === null) return;
    // Blurred too where the colours were: the same arithmetic reads the same neighbours.
    draw({ ...source, words: source.upper }, { ...decision, colour: null, distortion: null });
    unpackUpper(target.words, labels);
  };
}

type Row = (start: number, end: number) => void;

/** Each byte of the label of a pixel beyond the picture, and so the index that is ignored. */
const BEYOND = 255;

function read(source: Packed, map: Affine, region: Rectangle, target: Placement, fill: number) {
  const straight = map[1] === 0 && map[3] === 0;
  if (straight) stretch(source, map, region, target);
  else resample(source, map, region, target, fill);
}

const widened = ([height, width]: Sides, by: number): Rectangle => ({
  left: -by,
  top: -by,
  right: width + by,
  bottom: height + by,
});

const intersect = (a: Rectangle, b: Rectangle): Rectangle => ({
  left: Math.max(a.left, b.left),
  top: Math.max(a.top, b.top),
  right: Math.min(a.right, b.right),
  bottom: Math.min(a.bottom, b.bottom),
});

const area = (r: Rectangle): number => (r.right - r.left) * (r.bottom - r.top);

/** A region stored without gaps, from the first word. */
function densely(words: Int32Array, region: Rectangle): Placement {
  const stride = region.right - region.left;
  return { words, origin: -region.top * stride - region.left, stride };
}
