/** Which rewrites run, and when. */

import { factorPyramid } from "./factor-pyramid.js";
import { foldBatchNorm } from "./fold-batch-norm.js";
import { joinPads } from "./join-pads.js";
import type { Rewrite } from "./rewrite.js";
import { stretchLate } from "./stretch-late.js";

export interface Passes {
  /** First, and in inference alone: statistics are fixed there. */
  readonly inference: readonly Rewrite[];
  /** Before the gradient is taken, so that the backward pass is that of the cheaper network. */
  readonly forward: readonly Rewrite[];
  /** Over the whole step. */
  readonly whole: readonly Rewrite[];
}

export const standard: Passes = {
  inference: [foldBatchNorm],
  forward: [factorPyramid],
  whole: [joinPads, stretchLate],
};

/** The network as the paper draws it: for counting, and to hold the rewrites against. */
export const asWritten: Passes = { inference: [], forward: [], whole: [] };
