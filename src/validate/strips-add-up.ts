/** Only a loss that is a sum over pixels comes in strips. */

import * as says from "./errors-train.js";
import type { Rule } from "./rule.js";

export const stripsAddUp: Rule = ({ train: { loss } }) => {
  if (loss.strips === 1) return [];
  if (loss.mining !== null) return [says.stripsNeedWhole(loss.strips, "mining")];
  return loss.dice > 0 ? [says.stripsNeedWhole(loss.strips, "dice")] : [];
};
