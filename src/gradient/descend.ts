/** One step of stochastic gradient descent: a loss and how its variables move enter, the updates leave. */

import { variable } from "../graph/compose.js";
import { topological, type Update } from "../graph/graph.js";
import { isTrained, type Node, type Variable } from "../graph/op.js";
import { gradients } from "./reverse.js";

export interface Descent {
  readonly rate: Node;
  readonly momentum: number;
  /** Weight decay of a variable, added to its gradient (coupled, as PyTorch's and Caffe's SGD have it). */
  readonly decay: (of: Variable) => number;
  /** Rate multiplier of a variable. */
  readonly scale: (of: Variable) => number;
}

/** Variables that training moves, in the order in which the loss meets them. */
export const trainedVariables = (roots: readonly Node[]): Variable[] =>
  topological(roots).filter((node): node is Variable => node.op === "variable" && isTrained(node));

/** The momentum buffer of a variable: named after it, so that no order of gradients can mix two. */
export const velocityOf = ({ attributes }: Variable): Variable =>
  variable({
    ...attributes,
    name: `${attributes.name}/momentum`,
    role: "momentum",
    initial: { kind: "constant", value: 0 },
  });

export const descend = (loss: Node, { rate, momentum, decay, scale }: Descent): Update<Node>[] => {
  const variables = trainedVariables([loss]);
  const slopes = gradients(loss, variables);
  return variables.map((of, i) => ({
    kind: "momentum",
    variable: of,
    velocity: velocityOf(of),
    gradient: slopes[i],
    rate,
    momentum,
    decay: decay(of),
    scale: scale(of),
  }));
};
