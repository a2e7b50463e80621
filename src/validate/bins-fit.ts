/** A bin pools the feature map to b×b, so that the map has at least b rows and columns. */

import { leastSide } from "./crops.js";
import * as says from "./errors-model.js";
import { geometry, type Rule } from "./rule.js";

export const binsFit: Rule = (experiment) => {
  const { model } = experiment;
  const g = geometry(experiment);
  return (model.pyramid?.bins ?? []).flatMap((bin, i) =>
    bin > Math.min(...g.feature) ? [says.binTooLarge(g, bin, i, leastSide(bin, model))] : [],
  );
};
