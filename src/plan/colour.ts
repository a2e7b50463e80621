/**
 * Colour jitter as one affine map of RGB: what was drawn for brightness, contrast and saturation enters,
 * a 3×4 matrix leaves.
 *
 * Contrast turns about the grey of the data set's mean, not of the picture's, so that the map is known
 * before the picture is read; values are clipped once, at the end.
 */

import type { Augmentation } from "../normalize/experiment.js";

type Jitter = Extract<Augmentation, { op: "jitter" }>;

/** Row-major [3, 4]: each row weighs red, green, blue and adds a constant on the 0–255 scale. */
export type Colour = readonly number[];

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
  const gain = light * contrasted;
  const offset = (1 - contrasted) * grey(mean) * light;
  const drawn = [0, 1, 2].flatMap((row) => [
    ...GREY.map((weight, column) => gain * ((1 - vivid) * weight + (row === column ? vivid : 0))),
    offset,
  ]);
  return before === null ? drawn : compose(drawn, before);
}

const grey = (rgb: readonly [number, number, number]): number =>
  GREY[0] * rgb[0] + GREY[1] * rgb[1] + GREY[2] * rgb[2];

/** First `inner`, then `outer`; both as if a fourth row (0, 0, 0, 1) stood below. */
const compose = (outer: Colour, inner: Colour): Colour =>
  Array.from({ length: 12 }, (_, i) => {
    const [row, column] = [i - (i % 4), i % 4];
    const linear = [0, 1, 2].reduce((sum, k) => sum + outer[row + k]! * inner[4 * k + column]!, 0);
    return linear + (column === 3 ? outer[row + 3]! : 0);
  });
