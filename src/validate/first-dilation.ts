/** Contracting halves the dilation of a stage's first block, so that it is even. */

import * as says from "./errors-model.js";
import type { Rule } from "./rule.js";

export const firstDilation: Rule = ({ model: { backbone } }) =>
  backbone.first_dilation === "contracted"
    ? backbone.dilations.flatMap((d, stage) =>
        d > 1 && d % 2 === 1 ? [says.contractedOdd(stage, d)] : [],
      )
    : [];
