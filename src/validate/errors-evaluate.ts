/** What the rules say of the section `evaluate`. */

import { type Diagnostic, error, warning } from "../diagnostic/diagnostic.js";
import { binsPath, by, cropPath, place, type Size, sides, useCrops } from "./places.js";

export const windowOffGrid = (window: Size, stride: number, better: readonly Size[]): Diagnostic =>
  error(
    "E0511",
    `window ${sides(window)} is not a multiple of ${stride} plus 1`,
    place(["evaluate", "window"], `${by(window)} does not land on the features' grid`),
    { help: [useCrops(better, "a window")] },
  );

export const windowTooSmall = (window: Size, bin: number, feature: Size): Diagnostic =>
  error(
    "E0512",
    `pyramid bin ${bin} does not fit the ${by(feature)} feature map of a window`,
    place(["evaluate", "window"], `${by(window)} gives ${by(feature)}`),
    { related: [place(binsPath, `bin ${bin}`)], help: ["use the training crop as the window"] },
  );

export const windowLarger = (window: Size, crop: Size): Diagnostic =>
  warning(
    "E0513",
    `the window ${by(window)} is larger than the training crop ${by(crop)}`,
    place(["evaluate", "window"], "the pyramid's bins cover more than they have learnt"),
    { related: [place(cropPath, "trained on this")], help: [`use a window of ${sides(crop)}`] },
  );

export const overlapWhole = (overlap: number): Diagnostic =>
  error(
    "E0514",
    `an overlap of ${overlap} leaves no step between windows`,
    place(["evaluate", "overlap"], "must be below 1"),
    { help: ["use `1/3`, as the paper's authors do"] },
  );
