/** A moving average forgets where it began before the training ends. */

import * as says from "./errors-train.js";
import type { Rule } from "./rule.js";

/** Of the first weights, in the average at the end. */
const SHARE = 0.05;

export const averageFollows: Rule = ({ train: { ema, iterations } }) => {
  const left = ema === null ? 0 : ema ** iterations;
  return left > SHARE ? [says.averageLags(ema!, iterations, left, SHARE ** (1 / iterations))] : [];
};
