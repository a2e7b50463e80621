/** One weight a class, and not all of them 0. */

import * as says from "./errors-train.js";
import type { Rule } from "./rule.js";

export const classWeights: Rule = ({ data, train: { loss } }) => {
  const weights = loss.class_weights;
  if (weights === null) return [];
  if (weights.length !== data.classes.length) {
    return [says.weightCount(weights.length, data.classes.length)];
  }
  return weights.every((w) => w === 0) ? [says.weightsAllZero()] : [];
};
