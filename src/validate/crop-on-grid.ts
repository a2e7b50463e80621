/** With aligned corners a crop is a multiple of the output stride plus 1: 473 = 8·59 + 1 (semseg asserts it while training). */

import { isOnGrid, nearestSizes } from "./crops.js";
import * as says from "./errors.js";
import { geometry, type Rule } from "./rule.js";

export const cropOnGrid: Rule = (experiment) => {
  const { model, train } = experiment;
  if (!model.align_corners || train.crop.every((n) => isOnGrid(n, model))) return [];
  const better = nearestSizes(train.crop, model);
  return [says.cropOffGrid(geometry(experiment), better, model.pyramid?.bins ?? [])];
};
