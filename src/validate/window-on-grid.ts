/** Sliding windows obey what crops obey: the grid of the features, and room for the bins. */

import { featureSize, outputStride } from "../language/geometry.js";
import type { Experiment } from "../normalize/experiment.js";
import { isOnGrid, nearestSizes } from "./crops.js";
import * as says from "./errors-evaluate.js";
import type { Rule } from "./rule.js";

export const windowOnGrid: Rule = (experiment) => {
  const { model, evaluate } = experiment;
  if (evaluate.mode === "whole" || isTheCrop(experiment)) return [];
  const { window } = evaluate;
  const offGrid = model.align_corners && !window.every((n) => isOnGrid(n, model));
  if (offGrid) {
    const stride = outputStride(model.backbone.dilations);
    return [says.windowOffGrid(window, stride, nearestSizes(window, model))];
  }
  const feature = window.map((n) => featureSize(n, model.backbone.dilations));
  const [h, w] = [feature[0]!, feature[1]!];
  const large = Math.max(...(model.pyramid?.bins ?? [0]));
  return large > Math.min(h, w) ? [says.windowTooSmall(window, large, [h, w])] : [];
};

/** Then the crop's own rules have spoken. */
const isTheCrop = ({ evaluate: { window }, train: { crop } }: Experiment): boolean =>
  window[0] === crop[0] && window[1] === crop[1];
