/** Sides of crops enter; the nearest sides that fit the network leave. */

import { featureSize, outputStride } from "../language/geometry.js";
import type { Model } from "../normalize/experiment.js";

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const lcm = (xs: readonly number[]): number => xs.reduce((a, b) => (a / gcd(a, b)) * b, 1);

/** Beyond this side a crop fits no machine, so that no remedy lies there. */
const MAX_SIDE = 16384;

/**
 * The good sides just below and just above `n`: multiples of the output stride plus 1 whose feature map all bins
 * divide (473 and 521 for 512). Bins that no sensible crop suits are left out of account.
 */
export const nearestSides = (n: number, { backbone, pyramid }: Model): readonly number[] => {
  const stride = outputStride(backbone.dilations);
  const common = lcm(pyramid?.bins ?? []);
  const every = common * stride > MAX_SIDE / 4 ? 1 : common;
  const side = (k: number): number => stride * (every * k - 1) + 1;
  const k = Math.floor(((n - 1) / stride + 1) / every);
  return [side(k), side(k + 1)].filter((s) => s > 1 && s !== n);
};

/** Least side on the grid whose feature map has `feature` rows. */
export const leastSide = (feature: number, { backbone }: Model): number =>
  outputStride(backbone.dilations) * (feature - 1) + 1;

/** The nearest sizes below and above, height and width each on its own. */
export const nearestSizes = (
  [h, w]: readonly [number, number],
  model: Model,
): readonly (readonly [number, number])[] => {
  const heights = isGood(h, model) ? [h] : nearestSides(h, model);
  const widths = isGood(w, model) ? [w] : nearestSides(w, model);
  const count = Math.max(heights.length, widths.length);
  return [...Array(count).keys()].map((i) => [heights[i] ?? heights[0]!, widths[i] ?? widths[0]!]);
};

/** On the grid, with a feature map that all bins divide. */
export const isGood = (n: number, model: Model): boolean =>
  isOnGrid(n, model) &&
  (model.pyramid?.bins ?? []).every((b) => featureSize(n, model.backbone.dilations) % b === 0);

export const isOnGrid = (n: number, { backbone }: Model): boolean =>
  (n - 1) % outputStride(backbone.dilations) === 0;
