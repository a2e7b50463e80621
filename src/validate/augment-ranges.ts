/** The ranges of scaling and rotation go from the lesser to the greater. */

import * as says from "./errors-train.js";
import type { Rule } from "./rule.js";

export const augmentRanges: Rule = ({ train }) =>
  train.augment.flatMap((a, i) =>
    (a.op === "scale" || a.op === "rotate") && a.min > a.max
      ? [says.reversedRange(a.op, i, a.min, a.max)]
      : [],
  );
