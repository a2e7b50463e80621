/** A poly schedule falls from its base to its end. */

import * as says from "./errors-train.js";
import type { Rule } from "./rule.js";

export const rateFalls: Rule = ({ train: { schedule } }) =>
  schedule.end >= schedule.base ? [says.endAboveBase(schedule.base, schedule.end)] : [];
