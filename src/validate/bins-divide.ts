/** Bins that do not divide the feature map have overlapping cells: legal, as adaptive pooling defines it, and worth a note. */

import { isOnGrid, nearestSizes } from "./crops.js";
import * as says from "./errors-model.js";
import { geometry, type Rule } from "./rule.js";

export const binsDivide: Rule = (experiment) => {
  const { model, train } = experiment;
  const g = geometry(experiment);
  const onGrid = train.crop.every((n) => isOnGrid(n, model));
  const bins = model.pyramid?.bins ?? [];
  const fit = bins.every((b) => b <= Math.min(...g.feature));
  const uneven = fit ? bins.filter((b) => g.feature.some((n) => n % b !== 0)) : [];
  return onGrid && uneven.length > 0
    ? [says.unevenBins(g, uneven, nearestSizes(train.crop, model))]
    : [];
};
