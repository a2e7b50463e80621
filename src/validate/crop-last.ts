/** What stands in the pipeline happens before the crop: its limit is written last. */

import * as says from "./errors-train.js";
import type { Rule } from "./rule.js";

export const cropLast: Rule = ({ train: { augment } }) =>
  augment.flatMap(({ op }, i) =>
    op === "crop" && i < augment.length - 1 ? [says.cropNotLast(i, augment.length - 1)] : [],
  );
