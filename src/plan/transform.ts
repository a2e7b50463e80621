/** Affine maps of the plane in pixel indices, and of colours: what augmentations compose. */

import type { Augmentation } from "../normalize/experiment.js";

/** `(x, y) → (a·x + b·y + c, d·x + e·y + f)`. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export const identity: Affine = [1, 0, 0, 0, 1, 0];

/** First `inner`, then `outer`. */
export const compose = (outer: Affine, inner: Affine): Affine => {
  const [a, b, c, d, e, f] = outer;
  const [p, q, r, s, t, u] = inner;
  return [
    a * p + b * s,
    a * q + b * t,
    a * r + b * u + c,
    d * p + e * s,
    d * q + e * t,
    d * r + e * u + f,
  ];
};

export const shift = (x: number, y: number): Affine => [1, 0, x, 0, 1, y];

/** Mirrors the columns of an image of this width. */
export const mirror = (width: number): Affine => [-1, 0, width - 1, 0, 1, 0];

/** From an image enlarged by (x, y) back to the image: pixel areas scale, not centres, as in `cv2.resize`. */
export const shrink = (x: number, y: number): Affine => [
  1 / x,
  0,
  0.5 / x - 0.5,
  0,
  1 / y,
  0.5 / y - 0.5,
];

/** Turns about (x, y), clockwise as seen on a screen where y points down. */
export function turn(degrees: number, x: number, y: number): Affine {
  const radians = (degrees * Math.PI) / 180;
  const [cos, sin] = [sine(Math.PI / 2 - radians), sine(radians)];
  return [cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y];
}

/** sin x for |x| ≤ 3π/2 by its series: `Math.sin` may differ in the last bit between machines. */
function sine(x: number): number {
  let [term, sum] = [x, x];
  for (let k = 2; k < 36; k += 2) {
    term *= (-x * x) / (k * (k + 1));
    sum += term;
  }
  return sum;
}

export const apply = ([a, b, c, d, e, f]: Affine, x: number, y: number): [number, number] => [
  a * x + b * y + c,
  d * x + e * y + f,
];

type Jitter = Extract<Augmentation, { op: "jitter" }>;

/** What a channel becomes: weights of red, green and blue, and a constant on the 0–255 scale. */
export type Row = readonly [red: number, green: number, blue: number, constant: number];

/** The rows of red, green and blue. */
export type Colour = readonly [Row, Row, Row];

/** Rec. 601 luma, the grey of JPEG. */
const GREY = [0.299, 0.587, 0.114] as const;

/**
 * A colour map and then a jitter whose factors are uniform in [1 − strength, 1 + strength]. Contrast turns about the
 * grey of the dataset's mean, not of the picture's, so that the map is known before the picture is read; values are
 * clipped once, at the end.
 */
export function jitter(
  before: Colour | null,
  { brightness, contrast, saturation }: Jitter,
  mean: readonly [number, number, number],
  draw: (lane: number) => number,
): Colour {
  const factor = (strength: number, lane: number) => 1 + strength * (2 * draw(lane) - 1);
  const light = factor(brightness, 0);
  const contrasted = factor(contrast, 1);
  const vivid = factor(saturation, 2);
  const grey = GREY[0] * mean[0] + GREY[1] * mean[1] + GREY[2] * mean[2];
  const weight = (row: number, column: 0 | 1 | 2) =>
    light * contrasted * ((1 - vivid) * GREY[column] + (row === column ? vivid : 0));
  const offset = (1 - contrasted) * grey * light;
  const row = (i: number): Row => [weight(i, 0), weight(i, 1), weight(i, 2), offset];
  const drawn: Colour = [row(0), row(1), row(2)];
  return before === null ? drawn : composeColours(drawn, before);
}

/** Photometric distortion as it was drawn; `null` leaves a step out. */
export interface Distortion {
  /** Added to every channel. */
  readonly brightness: number | null;
  /** Factor of every channel, before saturation and hue, or after them. */
  readonly contrast: number | null;
  readonly contrastLast: boolean;
  /** Factor of the saturation in HSV. */
  readonly saturation: number | null;
  /** Added to the hue, in steps of 2°. */
  readonly hue: number | null;
}

/** mmsegmentation's draws (`PhotoMetricDistortion`): each step every second time, and contrast on either side. */
export const distortion = (
  { brightness, contrast, saturation, hue }: Extract<Augmentation, { op: "distort" }>,
  draw: (lane: number) => number,
): Distortion => {
  const within = ([low, high]: readonly [number, number], lane: number): number =>
    low + (high - low) * draw(lane);
  const every = <A>(lane: number, value: A): A | null => (draw(lane) < 0.5 ? value : null);
  return {
    brightness: every(0, within([-brightness, brightness], 1)),
    contrastLast: draw(2) < 0.5,
    contrast: every(3, within(contrast, 4)),
    saturation: every(5, within(saturation, 6)),
    // Whole steps of OpenCV's circle of 180, the last left out as `randint` has it.
    hue: every(7, Math.floor(within([-hue / 2, hue / 2], 8))),
  };
};

/** First `inner`, then `outer`. */
function composeColours(outer: Colour, [p, q, r]: Colour): Colour {
  const row = ([x, y, z, constant]: Row): Row => [
    x * p[0] + y * q[0] + z * r[0],
    x * p[1] + y * q[1] + z * r[1],
    x * p[2] + y * q[2] + z * r[2],
    x * p[3] + y * q[3] + z * r[3] + constant,
  ];
  return [row(outer[0]), row(outer[1]), row(outer[2])];
}
