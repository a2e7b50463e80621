/** Windows that overlap wholly never move on. */

import * as says from "./errors-evaluate.js";
import type { Rule } from "./rule.js";

export const overlapBelowOne: Rule = ({ evaluate: { overlap } }) =>
  overlap < 1 ? [] : [says.overlapWhole(overlap)];
