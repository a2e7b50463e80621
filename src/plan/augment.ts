/**
 * Decides the augmentation of a sample before any of its pixels is read, as a function of (seed, epoch, index).
 *
 * Whatever moves pixels folds into a single inverse-affine map from the crop window to the source, which
 * image and label share. The meaning is semseg's (`util/transform.py`): scale with one factor for both axes,
 * rotation about (w/2, h/2) on a canvas that stays, padding split half and rest, a uniform crop. Blur and
 * colour follow the map wherever they stand in the pipeline: they see the pixels that the network will see.
 */

import type { Rgb } from "../language/dataset.js";
import { type Sides, sizeWithin } from "../language/geometry.js";
import type { Augmentation } from "../normalize/experiment.js";
import { uniform } from "./random.js";
import {
  type Affine,
  type Colour,
  compose,
  type Distortion,
  distortion,
  identity,
  jitter,
  mirror,
  shift,
  shrink,
  turn,
} from "./transform.js";

/** Pixels x with left ≤ x < right, top ≤ y < bottom. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Decision {
  readonly crop: Sides;
  /** Crop pixel (x, y) → source pixel; beyond the source lie the mean and the ignore label. */
  readonly map: Affine;
  /** Where the whole augmented picture lies, in crop pixels; the window beyond it is padding. */
  readonly canvas: Rectangle;
  readonly blur: boolean;
  readonly colour: Colour | null;
  /** Follows `colour`. */
  readonly distortion: Distortion | null;
  /** Colour of what lies beyond the source; `null` is the mean, as of the padding. */
  readonly border: Rgb | null;
  /** What was drawn, for people: factors (x, y), degrees, and where in the canvas the crop begins (x, y). */
  readonly drawn: {
    readonly scale: readonly [number, number];
    readonly degrees: number;
    readonly mirrored: boolean;
    readonly offset: readonly [number, number];
  };
}

export interface Draws {
  readonly seed: number;
  readonly epoch: number;
  /** Of the sample in its split. */
  readonly index: number;
}

export interface Augmenting extends Draws {
  readonly pipeline: readonly Augmentation[];
  readonly size: Sides;
  readonly crop: Sides;
  /** RGB; contrast turns about its grey. */
  readonly mean: readonly [number, number, number];
}

/** The greatest share that one class has of the labels that a crop would show. */
export type ShareOf = (decision: Decision) => number;

/** Crops that are drawn before the last is taken as it is (mmsegmentation's `cat_max_ratio`). */
const CROPS = 10;

/**
 * The decision for one sample in one epoch: a pure function of what is asked (and of the labels, where the
 * crop has a limit), the same wherever and whenever it is asked.
 */
export function decide(asked: Augmenting, shareOf: ShareOf = () => 0): Decision {
  const start = untouched(asked.size);
  const picture = asked.pipeline.reduce((before, step, place) => {
    const draw: Draw = (lane) =>
      uniform(asked.seed, `augment/${step.op}`, asked.epoch, asked.index, lane, place);
    return apply(before, step, draw, asked.mean);
  }, start);
  const at = (lane: number) => uniform(asked.seed, "augment/crop", asked.epoch, asked.index, lane);
  const drawn = (crop: number) => cut(picture, asked.crop, at(2 * crop), at(2 * crop + 1));
  const limit = asked.pipeline.find((step) => step.op === "crop")?.max_share ?? 1;
  let decision = drawn(0);
  if (limit === 1) return decision;
  for (let crop = 1; crop < CROPS && shareOf(decision) > limit; crop++) decision = drawn(crop);
  return decision;
}

/** No augmentation: the middle of the picture, padded where it is smaller than the crop. */
export const centreCrop = (size: Sides, crop: Sides): Decision =>
  cut(untouched(size), crop, 0.5, 0.5);

/** The picture as far as the pipeline has come; `map` leads from its pixels to the source's. */
interface Picture extends Pick<Decision, "map" | "blur" | "colour" | "distortion" | "border"> {
  readonly size: Sides;
  readonly drawn: Omit<Decision["drawn"], "offset">;
}

const still: Picture["drawn"] = { scale: [1, 1], degrees: 0, mirrored: false };

const untouched = (size: Sides): Picture => ({
  size,
  map: identity,
  blur: false,
  colour: null,
  distortion: null,
  border: null,
  drawn: still,
});

type Draw = (lane: number) => number;

type Step<Op extends Augmentation["op"]> = Extract<Augmentation, { readonly op: Op }>;

function apply(
  picture: Picture,
  step: Augmentation,
  draw: Draw,
  mean: Augmenting["mean"],
): Picture {
  switch (step.op) {
    case "mirror":
      return draw(0) < step.probability ? mirrored(picture) : picture;
    case "scale": {
      const [x, y] = factorsOf(step, picture.size, draw(0));
      const stretch = Math.sqrt(between(1 / step.aspect, step.aspect, draw(1)));
      return scaled(picture, x * stretch, y / stretch);
    }
    case "rotate":
      return draw(0) < step.probability
        ? {
            ...rotated(picture, between(step.min, step.max, draw(1))),
            border: step.border === "mean" ? null : step.border,
          }
        : picture;
    case "blur":
      return draw(0) < step.probability ? { ...picture, blur: true } : picture;
    case "jitter":
      return draw(3) < step.probability
        ? { ...picture, colour: jitter(picture.colour, step, mean, draw) }
        : picture;
    case "distort":
      return { ...picture, distortion: distortion(step, draw) };
    case "crop":
      return picture;
  }
}

/** Of the range, or of its even steps, both ends among them (PaddleSeg's `ResizeStepScaling`). */
const factorOf = ({ min, max, step }: Step<"scale">, u: number): number => {
  if (step === null) return between(min, max, u);
  const steps = Math.floor((max - min) / step + 1e-9);
  return steps === 0 ? min : between(min, max, Math.floor(u * (steps + 1)) / steps);
};

/** Of both axes: of the picture, or of a base size into which it fits. */
const factorsOf = (
  step: Step<"scale">,
  [height, width]: Sides,
  u: number,
): [x: number, y: number] => {
  const factor = factorOf(step, u);
  if (step.base === null) return [factor, factor];
  const [h, w] = sizeWithin([height, width], step.base, factor);
  return [w / width, h / height];
};

const between = (min: number, max: number, u: number): number => min + (max - min) * u;

const mirrored = (picture: Picture): Picture => ({
  ...picture,
  map: compose(picture.map, mirror(picture.size[1])),
  drawn: { ...picture.drawn, mirrored: !picture.drawn.mirrored },
});

function scaled(picture: Picture, x: number, y: number): Picture {
  const [height, width] = picture.size;
  const [sx, sy] = picture.drawn.scale;
  return {
    ...picture,
    size: [Math.max(1, roundEven(height * y)), Math.max(1, roundEven(width * x))],
    map: compose(picture.map, shrink(x, y)),
    drawn: { ...picture.drawn, scale: [sx * x, sy * y] },
  };
}

const rotated = (picture: Picture, degrees: number): Picture => ({
  ...picture,
  map: compose(picture.map, turn(degrees, picture.size[1] / 2, picture.size[0] / 2)),
  drawn: { ...picture.drawn, degrees: picture.drawn.degrees + degrees },
});

/** Halves go to the even neighbour, as OpenCV rounds the size of a resized image. */
function roundEven(x: number): number {
  const floor = Math.floor(x);
  return x - floor === 0.5 ? floor + (floor % 2) : Math.round(x);
}

/** Pads to the crop's size, then cuts at an offset chosen by u and v in [0, 1). */
function cut(picture: Picture, crop: Sides, u: number, v: number): Decision {
  const top = placed(picture.size[0], crop[0], u);
  const left = placed(picture.size[1], crop[1], v);
  return {
    crop,
    map: compose(picture.map, shift(left, top)),
    canvas: {
      left: -left,
      top: -top,
      right: picture.size[1] - left,
      bottom: picture.size[0] - top,
    },
    blur: picture.blur,
    colour: picture.colour,
    distortion: picture.distortion,
    border: picture.border,
    drawn: { ...picture.drawn, offset: [left, top] },
  };
}

/** Where a crop begins on an axis: before the picture by ⌊padding/2⌋, or uniformly within it. */
function placed(length: number, crop: number, u: number): number {
  if (length <= crop) return -Math.floor((crop - length) / 2);
  return Math.floor(u * (length - crop + 1));
}
