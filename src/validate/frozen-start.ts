/** What is frozen must have learnt before. */

import * as says from "./errors-train.js";
import type { Rule } from "./rule.js";

export const frozenStart: Rule = ({ model, train: { freeze } }) => {
  if (model.weights !== null || (freeze.stages === 0 && freeze.norm === "none")) return [];
  return [says.frozenAtRandom(freeze.stages > 0 ? "stages" : "norm")];
};
