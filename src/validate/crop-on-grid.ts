/** With aligned corners a crop is a multiple of the output stride plus 1: 473 = 8·59 + 1 (semseg asserts it while training). */

import { isGood, isOnGrid, nearestSizes } from "./crops.js";
import * as says from "./errors-train.js";
import { geometry, type Rule } from "./rule.js";

export const cropOnGrid: Rule = (experiment) => {
  const { model, train } = experiment;
  if (!model.align_corners || train.crop.every((n) => isOnGrid(n, model))) return [];
  const better = nearestSizes(train.crop, model);
  const bins = model.pyramid?.bins ?? [];
  const divide = Math.max(0, ...bins) > 1 && better.flat().every((n) => isGood(n, model));
  return [says.cropOffGrid(geometry(experiment), better, bins, divide)];
};
