/** The parts in which a batch comes are equal. */

import * as says from "./errors-train.js";
import type { Rule } from "./rule.js";

/** More parts than anyone wants are not proposed. */
const MOST = 32;

export const batchParts: Rule = ({ train: { batch, accumulate } }) => {
  if (batch % accumulate === 0) return [];
  const several = Array.from({ length: MOST }, (_, i) => i + 1).filter((n) => batch % n === 0);
  return [says.unevenParts(batch, accumulate, several)];
};
