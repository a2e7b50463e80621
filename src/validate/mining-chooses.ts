/** Mining leaves pixels out, and each part of a batch chooses for itself. */

import * as says from "./errors-train.js";
import type { Rule } from "./rule.js";

export const miningChooses: Rule = ({ train: { loss, crop, accumulate } }) => {
  if (loss.mining === null) return [];
  const pixels = crop[0] * crop[1];
  if (loss.mining.keep >= pixels) return [says.miningKeepsAll(loss.mining.keep, crop, pixels)];
  return accumulate > 1 ? [says.miningInParts(accumulate)] : [];
};
