/** What a crop makes of the network: the feature map it ends in, and the nearest crops that would fit better. */

import type { Fix, Place } from "../diagnostic/diagnostic.js";
import { featureSize, outputStride, type Sides, usualStrides } from "../language/geometry.js";
import { type KeyPath, path } from "../language/path.js";
import type { Backbone, Experiment, Model } from "../normalize/experiment.js";
import { by, list, place, sides, write } from "./rule.js";

export interface Geometry {
  readonly crop: Sides;
  readonly stride: number;
  /** Height and width of the backbone's last map. */
  readonly feature: Sides;
  readonly backbone: Backbone;
}

export const geometry = ({ model, train }: Experiment): Geometry => {
  const { backbone } = model;
  return {
    crop: train.crop,
    stride: outputStride(backbone),
    feature: featureOf(train.crop, model),
    backbone,
  };
};

export const featureOf = ([h, w]: Sides, { backbone }: Model): Sides => [
  featureSize(h, backbone),
  featureSize(w, backbone),
];

/** On the grid of the features: a multiple of the output stride plus 1. */
export const isOnGrid = (n: number, { backbone }: Model): boolean =>
  (n - 1) % outputStride(backbone) === 0;

/** On the grid, with a feature map that all bins divide. */
export const isGood = (n: number, model: Model): boolean =>
  isOnGrid(n, model) &&
  (model.pyramid?.bins ?? []).every((b) => featureSize(n, model.backbone) % b === 0);

/** Least side on the grid whose feature map has `feature` rows. */
export const leastSide = (feature: number, { backbone }: Model): number =>
  outputStride(backbone) * (feature - 1) + 1;

/** The nearest good sizes below and above, height and width each on its own. */
export const nearestSizes = ([h, w]: Sides, model: Model): readonly Sides[] => {
  const heights = isGood(h, model) ? [h] : nearestSides(h, model);
  const widths = isGood(w, model) ? [w] : nearestSides(w, model);
  const longer = heights.length < widths.length ? widths : heights;
  return longer.map((_, i) => [heights[i] ?? heights[0] ?? h, widths[i] ?? widths[0] ?? w]);
};

/** Beyond this side a crop fits no machine, so it is not worth proposing. */
const MAX_SIDE = 16384;

/**
 * The good sides just below and just above `n`: multiples of the output stride plus 1 whose feature map all bins
 * divide (473 and 521 for 512). Bins that no sensible crop suits are ignored.
 */
const nearestSides = (n: number, { backbone, pyramid }: Model): readonly number[] => {
  const stride = outputStride(backbone);
  const common = lcm(pyramid?.bins ?? []);
  const every = common * stride > MAX_SIDE / 4 ? 1 : common;
  const side = (k: number): number => stride * (every * k - 1) + 1;
  const k = Math.floor(((n - 1) / stride + 1) / every);
  return [side(k), side(k + 1)].filter((s) => s > 1 && s !== n);
};

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const lcm = (xs: readonly number[]): number => xs.reduce((a, b) => (a / gcd(a, b)) * b, 1);

/** The dilations, where the strides follow from them. */
export const strideFrom = ({ stride, backbone: { strides, dilations } }: Geometry): Place => {
  const follow = usualStrides(dilations).every((usual, stage) => usual === strides[stage]);
  const [at, from] = follow
    ? [path("model.backbone.dilations"), dilations]
    : [path("model.backbone.strides"), strides];
  return place(at, `${list(from)} makes output stride ${stride}`);
};

export const featureFrom = ({ crop, feature, stride }: Geometry): Place =>
  place(path("train.crop"), `${by(crop)} at output stride ${stride} gives ${by(feature)}`);

/** Each of the sizes as a fix. */
export const fixSizes = (
  sizes: readonly Sides[],
  what: string,
  key: Extract<KeyPath, "train.crop" | "evaluate.window">,
): readonly Fix[] => sizes.map((size) => fixSize(size, what, key));

export const fixSize = (
  size: Sides,
  what: string,
  key: Extract<KeyPath, "train.crop" | "evaluate.window">,
): Fix => write(path(key), size[0] === size[1] ? size[0] : size, `use ${what} of ${sides(size)}`);

/** `what` is "a crop" or "a window". */
export const useSizes = (sizes: readonly Sides[], what: string): string =>
  `use ${what} of ${sizes.map(sides).join(" or ")}`;
