/** Batch norm with fixed statistics moves into the convolution before it, which then needs no pass of its own. */

import { none, type Option, some } from "fp-ts/lib/Option.js";
import { add, convolution, divide, multiply, scalar, sqrt, subtract } from "../graph/compose.js";
import type { Node } from "../graph/op.js";
import type { Rewrite } from "./rewrite.js";

const fold = (node: Node): Option<Node> => {
  if (node.op !== "batchNormInference" || node.args[0].op !== "convolution") return none;
  const [conv, scale, shift, mean, variance] = node.args;
  const [x, kernel] = conv.args;
  // Along the kernel's last axis, the output channels.
  const factor = divide(scale, sqrt(add(variance, scalar(node.attributes.epsilon))));
  const bias = subtract(shift, multiply(mean, factor));
  return some(add(convolution(x, multiply(kernel, factor), conv.attributes), bias));
};

export const foldBatchNorm: Rewrite = {
  name: "fold-batch-norm",
  law: "(k∗x − μ)·γ/√(σ²+ε) + β = (k·γ/√(σ²+ε))∗x + (β − μ·γ/√(σ²+ε)): convolution is linear in its kernel",
  rule: fold,
};
