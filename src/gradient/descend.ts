/** One step of stochastic gradient descent: how weights move by their gradients. */

import {
  add,
  concat,
  divide,
  minimum,
  movingAverage,
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

/** What a variable is to be moved by. */
export interface Gradient {
  readonly variable: Variable;
  readonly value: Node;
}

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
 * Square root of the sum of all squares: the length of all gradients as one vector. One sum over the variables: a chain
 * of additions is put into another order by TensorFlow, a different one in every graph.
 */
const norm = (gradients: readonly Gradient[]): Node => {
  const squares = gradients.map(({ value }) => reshape(sum(multiply(value, value)), [1]));
  return sqrt(sum(concat(squares, 0)));
};

/**
 * Gradients scaled to a norm of `most` where theirs is above, and left alone where it is not (PyTorch's
 * `clip_grad_norm_`, with its 1e-6).
 */
export const clipped = (gradients: readonly Gradient[], most: number): readonly Gradient[] => {
  const share = minimum(scalar(1), divide(scalar(most), add(norm(gradients), scalar(1e-6))));
  return gradients.map(({ variable, value }) => ({ variable, value: multiply(value, share) }));
};

/**
 * The updates by `gradients`, in order: each velocity, its weight, and the average, which follows the weight as it is
 * after the step.
 */
export const descend = (gradients: readonly Gradient[], of: Descent): Update<Node>[] =>
  gradients.flatMap(({ variable: weight, value: gradient }) => {
    const velocity = velocityOf(weight);
    const by = { momentum: of.momentum, decay: of.decay(weight), scale: of.scale(weight) };
    const after = momentumStep({ weight, velocity, gradient, rate: of.rate }, by);
    const moved = [
      { variable: velocity, value: after.velocity },
      { variable: weight, value: after.weight },
    ];
    if (of.average === null) return moved;
    const average = averageOf(weight);
    const value = movingAverage(average, after.weight, of.average);
    return [...moved, { variable: average, value }];
  });

export interface Momentum {
  readonly momentum: number;
  readonly decay: number;
  readonly scale: number;
}

/**
 * SGD with momentum and coupled weight decay, as PyTorch's `torch.optim.SGD` has it (Sutskever et al. 2013):
 * v ← momentum·v + (gradient + decay·w);  w ← w − rate·scale·v. Written out for a decay of 0 and a scale of 1 too, so that
 * targets that have a kernel for it recognise one form.
 */
export const momentumStep = (
  of: Readonly<Record<"weight" | "velocity" | "gradient" | "rate", Node>>,
  { momentum, decay, scale }: Momentum,
): { readonly weight: Node; readonly velocity: Node } => {
  const decayed = add(of.gradient, multiply(of.weight, scalar(decay)));
  const velocity = add(multiply(of.velocity, scalar(momentum)), decayed);
  const rate = multiply(of.rate, scalar(scale));
  return { velocity, weight: subtract(of.weight, multiply(velocity, rate)) };
};
