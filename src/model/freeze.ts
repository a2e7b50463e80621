/** What stands still in a training: a variable's name and the spec's `freeze` enter, whether it learns leaves. */

import type { Freeze } from "../normalize/experiment.js";

/** `backbone.stem2.conv.kernel` is of stage 0, `backbone.stage3.…` of stage 3; what is not the backbone is of none. */
const stageOf = (name: string): number | null => {
  const found = /^backbone\.(?:stem|stage(\d))/.exec(name);
  return found === null ? null : Number(found[1] ?? 0);
};

/** The stem and stages 1…k (mmsegmentation's `frozen_stages`, with 0 for none of them). */
export const isFrozen = (name: string, { stages }: Freeze): boolean => {
  const stage = stageOf(name);
  return stages > 0 && stage !== null && stage <= stages;
};

/** Whether a batch norm keeps to its running statistics: those asked for (mmsegmentation's `norm_eval`), and frozen ones. */
export const isNormFrozen = (name: string, freeze: Freeze): boolean =>
  freeze.norm === "all" ||
  (freeze.norm === "backbone" && stageOf(name) !== null) ||
  isFrozen(name, freeze);
