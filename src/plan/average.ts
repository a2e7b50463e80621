/** Scoring while training: passes of inference enter; those that read each weight as its moving average leave. */

import { none, some } from "fp-ts/lib/Option.js";
import { averageOf } from "../gradient/descend.js";
import { isTrained } from "../graph/op.js";
import { isFrozen } from "../model/freeze.js";
import type { Train } from "../normalize/experiment.js";
import type { Passes } from "../rewrite/passes.js";
import type { Rewrite } from "../rewrite/rewrite.js";

/** For graphs that share their variables with a training; a file of weights holds the averages under the weights' names. */
export const averagePasses = ({ ema, freeze }: Train, passes: Passes): Passes => {
  const readAverage: Rewrite = {
    name: "read-average",
    law: "a network is scored by the moving average of its weights (`train.ema`); what is frozen has none",
    rule: (node) =>
      node.op === "variable" && isTrained(node) && !isFrozen(node.attributes.name, freeze)
        ? some(averageOf(node))
        : none,
  };
  return ema === null ? passes : { ...passes, inference: [readAverage, ...passes.inference] };
};
