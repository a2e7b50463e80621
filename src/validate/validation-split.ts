/** Who scores while training needs a split to score, and who keeps the best needs scores. */

import * as says from "./errors-train.js";
import type { Rule } from "./rule.js";

export const validationSplit: Rule = ({ data, train: { validate, checkpoints } }) => {
  if (validate === null)
    return checkpoints.best === "none" ? [] : [says.bestWithoutScores(checkpoints.best)];
  return data.val === null ? [says.noSplitToValidate()] : [];
};
