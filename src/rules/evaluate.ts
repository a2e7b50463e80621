/** The rules of the section `evaluate`: sliding windows obey what crops obey. */

import { type Diagnostic, error, warning } from "../diagnostic/diagnostic.js";
import { outputStride, type Sides } from "../language/geometry.js";
import { path } from "../language/path.js";
import type { Experiment } from "../normalize/experiment.js";
import { featureOf, fixSize, fixSizes, isOnGrid, nearestSizes, useSizes } from "./crops.js";
import { by, place, type Rule, remove, type SpecRule, sides, write } from "./rule.js";

/** An image is scaled to one size: by its longer side, or into a base size. */
export const oneScale: Rule = ({ evaluate: { long_side, base } }) =>
  long_side === null || base === null ? [] : [twoScales(long_side, base)];

const twoScales = (long: number, base: Sides): Diagnostic =>
  error(
    "E0564",
    "images are scaled to two sizes",
    place(path("evaluate.base"), `into ${by(base)}`),
    {
      related: [place(path("evaluate.long_side"), `to a longer side of ${long}`)],
      help: ["keep one: `base` as mmsegmentation scales, `long_side` as semseg does"],
      fixes: [remove(path("evaluate.long_side")), remove(path("evaluate.base"))],
    },
  );

/** A window is on the grid of the features, and has room for the bins (semseg `tool/test.py` slides the crop). */
export const windowOnGrid: Rule = (experiment) => {
  const { model, evaluate } = experiment;
  if (evaluate.mode === "whole" || isTheCrop(experiment)) return [];
  const { window } = evaluate;
  if (model.align_corners && !window.every((n) => isOnGrid(n, model))) {
    const stride = outputStride(model.backbone);
    return [windowOffGrid(window, stride, nearestSizes(window, model))];
  }
  const feature = featureOf(window, model);
  const large = Math.max(0, ...(model.pyramid?.bins ?? []));
  return large > Math.min(...feature) ? [windowTooSmall(experiment, large, feature)] : [];
};

/** Then the crop's own rules have spoken. */
const isTheCrop = ({ evaluate: { window }, train: { crop } }: Experiment): boolean =>
  window[0] === crop[0] && window[1] === crop[1];

const windowOffGrid = (window: Sides, stride: number, better: readonly Sides[]): Diagnostic =>
  error(
    "E0511",
    `window ${sides(window)} is not a multiple of ${stride} plus 1`,
    place(path("evaluate.window"), `${by(window)} does not land on the features' grid`),
    {
      help: [useSizes(better, "a window")],
      fixes: fixSizes(better, "a window", "evaluate.window"),
    },
  );

const windowTooSmall = (
  { train: { crop }, evaluate: { window } }: Experiment,
  bin: number,
  feature: Sides,
): Diagnostic =>
  error(
    "E0512",
    `pyramid bin ${bin} does not fit the ${by(feature)} feature map of a window`,
    place(path("evaluate.window"), `${by(window)} gives ${by(feature)}`),
    {
      related: [place(path("model.pyramid.bins"), `bin ${bin}`)],
      help: ["use the training crop as the window"],
      fixes: [fixSize(crop, "a window", "evaluate.window")],
    },
  );

/** In a window larger than the crop, the pyramid's bins cover more of the scene than in training. */
export const windowSize: Rule = ({ evaluate: { mode, window }, train: { crop } }) =>
  mode === "slide" && (window[0] > crop[0] || window[1] > crop[1])
    ? [windowLarger(window, crop)]
    : [];

const windowLarger = (window: Sides, crop: Sides): Diagnostic =>
  warning(
    "E0513",
    `the window ${by(window)} is larger than the training crop ${by(crop)}`,
    place(path("evaluate.window"), "the pyramid's bins cover more of a scene than in training"),
    {
      related: [place(path("train.crop"), "trained on this")],
      help: [`use a window of ${sides(crop)}`],
      fixes: [fixSize(crop, "a window", "evaluate.window")],
    },
  );

/** A window moves on by 1 − overlap of its size (1/3 in semseg `tool/test.py`, `stride_rate` 2/3). */
export const overlapBelowOne: Rule = ({ evaluate: { overlap } }) =>
  overlap < 1 ? [] : [overlapWhole(overlap)];

const overlapWhole = (overlap: number): Diagnostic =>
  error(
    "E0514",
    `an overlap of ${overlap} leaves no step between windows`,
    place(path("evaluate.overlap"), "must be below 1"),
    {
      help: ["use `1/3`, as the paper's authors do"],
      fixes: [write(path("evaluate.overlap"), "1/3")],
    },
  );

/** A window or an overlap is written, and `mode: whole` never slides one. */
export const windowUsed: SpecRule = ({ evaluate = {} }) =>
  evaluate.mode === "whole"
    ? (["window", "overlap"] as const)
        .filter((key) => evaluate[key] !== undefined)
        .map(noEffectOnWhole)
    : [];

const noEffectOnWhole = (key: "window" | "overlap"): Diagnostic =>
  warning(
    "E0313",
    `\`evaluate.${key}\` has no effect on whole images`,
    place(path(`evaluate.${key}`), "never used"),
    {
      related: [place(path("evaluate.mode"), "no windows slide")],
      help: ["write `mode: slide`, or remove it"],
      fixes: [write(path("evaluate.mode"), "slide"), remove(path(`evaluate.${key}`))],
    },
  );
