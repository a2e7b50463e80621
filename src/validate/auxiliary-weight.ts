/** An auxiliary head that weighs nothing is a mistake for `none`. */

import * as says from "./errors-model.js";
import type { Rule } from "./rule.js";

export const auxiliaryWeight: Rule = ({ model }) =>
  model.auxiliary?.weight === 0 ? [says.auxiliaryWeightless()] : [];
