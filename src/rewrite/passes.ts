/** Which rewrites run, and when. */

import {
  argmaxOfLogits,
  biasEarly,
  foldBatchNorm,
  foldScale,
  joinPads,
  stretchLate,
} from "./algebra.js";
import { factorPyramid, factorPyramidByAxes, poolTwice } from "./factor-pyramid.js";
import { halfInference, halfPrecision, narrowWidened } from "./half-precision.js";
import type { Rewrite } from "./rewrite.js";

export interface Passes {
  /** First, and in inference alone: statistics are fixed there. */
  readonly inference: readonly Rewrite[];
  /** Before the gradient is taken, so that the backward pass is that of the cheaper network. */
  readonly forward: readonly Rewrite[];
  /** After those: what rounds, and so is part of a spec's meaning. */
  readonly precision: readonly Rewrite[];
  /** Over the whole step. */
  readonly whole: readonly Rewrite[];
}

export const standard: Passes = {
  inference: [foldBatchNorm, argmaxOfLogits],
  forward: [factorPyramid],
  precision: [],
  whole: [joinPads, stretchLate],
};

/** For a network that leaves: its weights are known, so that whatever acts on weights alone costs nothing. */
export const exporting: Passes = {
  ...standard,
  inference: [foldScale, ...standard.inference, stretchLate],
};

/** For runtimes whose convolutions, plain and depthwise, are their fastest kernels. */
export const exportingByLayers: Passes = {
  ...exporting,
  forward: [poolTwice, factorPyramidByAxes, biasEarly],
};

/** For a network that is asked in bf16. */
export const asking = (passes: Passes, precision: "f32" | "bf16"): Passes =>
  precision === "bf16" ? { ...passes, precision: halfInference } : passes;

/** The same for a training in bf16, where it differs. Inference stays f32. */
export const inHalfPrecision = ({ inference, forward, whole }: Passes): Passes => ({
  inference,
  forward,
  precision: halfPrecision,
  whole: [...whole, narrowWidened],
});

/** The network as the paper draws it: for counting, and to hold the rewrites against. */
export const asWritten: Passes = { inference: [], forward: [], precision: [], whole: [] };
