/** Two bins of one size compute the same map twice. */

import * as says from "./errors-model.js";
import { type Rule, repetitions } from "./rule.js";

export const binsDiffer: Rule = ({ model }) =>
  repetitions(model.pyramid?.bins ?? []).map(({ item, index, first }) =>
    says.repeatedBin(item, index, first),
  );
