/** One step of stochastic gradient descent: how weights move by their gradients. */

import {
  add,
  concat,
  divide,
  minimum,
  multiply,
  reshape,
  scalar,
  sqrt,
  subtract,
  sum,
  variable,
} from "../graph/compose.js";
import { topological, type Update } from "../graph/graph.js";
import type { Node, Variable } from "../graph/op.js";
import { isTrained, type Role } from "../graph/variable.js";

export interface Descent {
  readonly rate: Node;
  readonly momentum: number;
  /** Weight decay of a variable, added to its gradient (coupled, as PyTorch's and Caffe's SGD have it). */
  readonly decay: (of: Variable) => number;
  /** Rate multiplier of a variable. */
  readonly scale: (of: Variable) => number;
  /** Decay of the moving average of the weights. */
  readonly average: number | null;
}

/** Variables that training could move, in the order in which the loss meets them. */
export const trainedVariables = (roots: readonly Node[]): Variable[] =>
  topological(roots).filter(
    (node): node is Variable => node.op === "variable" && isTrained(node.attributes),
  );

/** Stands where its variable does and is named after it, so that no order of gradients can mix two. */
const beside = ({ attributes }: Variable, role: Role, initial = zero): Variable =>
  variable({ ...attributes, name: `${attributes.name}/${role}`, role, initial });
const zero: Variable["attributes"]["initial"] = { kind: "constant", value: 0 };

/** The momentum buffer of a variable. */
export const velocityOf = (of: Variable): Variable => beside(of, "momentum");

/** The moving average of a variable, which begins where the variable does. */
export const averageOf = (of: Variable): Variable => {
  const { name, initial } = of.attributes;
  return beside(of, "average", { kind: "copy", of: name, initial });
};

/** Where the gradients of a batch's parts are added up. */
export const accumulatorOf = (of: Variable): Variable => beside(of, "gradient");

/**
 * Square root of the sum of all squares: the length of the gradient as one vector. One sum over the variables: a chain
 * of additions is put into another order by TensorFlow, a different one in every graph.
 */
export const norm = (gradients: readonly Node[]): Node =>
  sqrt(
    sum(
      concat(
        gradients.map((each) => reshape(sum(multiply(each, each)), [1])),
        0,
      ),
    ),
  );

/** Gradients of a norm above `most`, scaled to it (PyTorch's `clip_grad_norm_`, with its 1e-6). */
export const clipped = (gradients: readonly Node[], most: number): Node[] => {
  const share = minimum(scalar(1), divide(scalar(most), add(norm(gradients), scalar(1e-6))));
  return gradients.map((each) => multiply(each, share));
};

/** Updates of `variables` by their `gradients`, in order. */
export const descend = (
  variables: readonly Variable[],
  gradients: readonly Node[],
  of: Descent,
): Update<Node>[] =>
  variables.flatMap((each, i) =>
    of.average === null
      ? [moved(each, gradients[i], of)]
      : movedAndAveraged(each, gradients[i], of, of.average),
  );

const moved = (of: Variable, gradient: Node, by: Descent): Update<Node> => ({
  kind: "momentum",
  variable: of,
  velocity: velocityOf(of),
  gradient,
  rate: by.rate,
  momentum: by.momentum,
  decay: by.decay(of),
  scale: by.scale(of),
});

/** An update sees the state from before it; an average of what comes after needs the weight's new value as a node. */
const movedAndAveraged = (
  of: Variable,
  gradient: Node,
  by: Descent,
  keep: number,
): Update<Node>[] => {
  const [old, average] = [velocityOf(of), averageOf(of)];
  const decayed = add(gradient, multiply(of, scalar(by.decay(of))));
  const velocity = add(multiply(old, scalar(by.momentum)), decayed);
  const weight = subtract(of, multiply(velocity, multiply(by.rate, scalar(by.scale(of)))));
  const mean = add(multiply(average, scalar(keep)), multiply(weight, scalar(1 - keep)));
  return [
    { kind: "assign", variable: old, value: velocity },
    { kind: "assign", variable: of, value: weight },
    { kind: "assign", variable: average, value: mean },
  ];
};
