/**
 * Colour jitter as one affine map of RGB: what was drawn for brightness, contrast and saturation enters,
 * a 3×4 matrix leaves.
 *
 * Contrast turns about the grey of the data set's mean, not of the picture's, so that the map is known
 * before the picture is read; values are clipped once, at the end.
 */

import type { Augmentation } from "../normalize/experiment.js";

type Jitter = Extract<Augmentation, { op: "jitter" }>;

/** What a channel becomes: weights of red, green and blue, and a constant on the 0–255 scale. */
export type Row = readonly [red: number, green: number, blue: number, constant: number];

/** The rows of red, green and blue. */
export type Colour = readonly [Row, Row, Row];

/** Rec. 601 luma, the grey of JPEG. */
const GREY = [0.299, 0.587, 0.114] as const;

/** A colour map and then a jitter whose factors are uniform in [1 − strength, 1 + strength]. */
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
  return before === null ? drawn : compose(drawn, before);
}

/** First `inner`, then `outer`. */
function compose(outer: Colour, [p, q, r]: Colour): Colour {
  const row = ([x, y, z, constant]: Row): Row => [
    x * p[0] + y * q[0] + z * r[0],
    x * p[1] + y * q[1] + z * r[1],
    x * p[2] + y * q[2] + z * r[2],
    x * p[3] + y * q[3] + z * r[3] + constant,
  ];
  return [row(outer[0]), row(outer[1]), row(outer[2])];
}
