/** The auxiliary head helps the stages before it to learn: frozen ones do not. */

import * as says from "./errors-model.js";
import type { Rule } from "./rule.js";

export const frozenAuxiliary: Rule = ({ model: { auxiliary }, train: { freeze } }) =>
  auxiliary !== null && auxiliary.after <= freeze.stages
    ? [says.auxiliaryOnFrozen(auxiliary.after, freeze.stages)]
    : [];
