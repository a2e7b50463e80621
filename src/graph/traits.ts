/** What passes over a graph ask of an operation beside its type, its work and its gradient. */

import type { OpName } from "./op.js";

interface Traits {
  /** Its result is what a backward pass keeps: what goes into a norm, what leaves a ReLU. */
  readonly isKept: boolean;
  /** It only shows its argument in another type or shape: whoever keeps it or waits for it takes the argument. */
  readonly isRecast: boolean;
}

const usual: Traits = { isKept: false, isRecast: false };
const kept: Traits = { ...usual, isKept: true };
const recast: Traits = { ...usual, isRecast: true };

export const traits: { readonly [K in OpName]: Traits } = {
  input: usual,
  variable: usual,
  constant: usual,
  part: usual,
  convolution: kept,
  convolutionInputGradient: usual,
  convolutionKernelGradient: usual,
  depthwise: kept,
  depthwiseInputGradient: usual,
  depthwiseKernelGradient: usual,
  batchNorm: usual,
  batchNormGradient: usual,
  batchNormInference: usual,
  relu: kept,
  reluGradient: usual,
  relu6: kept,
  relu6Gradient: usual,
  maxPool: usual,
  maxPoolGradient: usual,
  resize: usual,
  resizeGradient: usual,
  softmax: usual,
  crossEntropy: usual,
  matmul: usual,
  unary: usual,
  binary: usual,
  compare: usual,
  select: usual,
  largest: usual,
  stop: usual,
  after: usual,
  sum: usual,
  broadcast: usual,
  cast: recast,
  reshape: recast,
  transpose: usual,
  concat: usual,
  slice: usual,
  pad: usual,
  reverse: usual,
  gather: usual,
  kthSmallest: usual,
  argmax: usual,
  bincount: usual,
  uniform: usual,
  across: usual,
  share: usual,
  spread: usual,
};
