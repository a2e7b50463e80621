/** One step of an optimizer: how weights move by their gradients. */

import {
  add,
  cast,
  concat,
  divide,
  exp,
  log,
  maximum,
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

/** AdamW's two means, which begin at 0. */
export interface Adam {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  /** i32 `[]`: steps that were made before this one. */
  readonly step: Node;
}

export interface Descent {
  readonly rate: Node;
  /** SGD by its momentum, or AdamW. */
  readonly by: { readonly momentum: number } | Adam;
  /** Weight decay of a variable. SGD adds it to the gradient (coupled, as in PyTorch and Caffe); AdamW does not. */
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

/** The momentum buffer of a variable, or AdamW's mean of its gradients. */
export const velocityOf = (of: Variable): Variable => beside(of, "momentum");

/** AdamW's mean of the squares of a variable's gradients. */
export const squareOf = (of: Variable): Variable => beside(of, "square");

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
 * The updates by `gradients`, in order: what the optimizer keeps of a variable, its weight, and the average, which
 * follows the weight as it is after the step.
 */
export const descend = (gradients: readonly Gradient[], of: Descent): Update<Node>[] => {
  const { rate, by } = of;
  const move = "momentum" in by ? momentumMove(rate, by.momentum) : adamMove(rate, by);
  return gradients.flatMap((gradient) => {
    const { variable: weight } = gradient;
    const moved = move(gradient, of.decay(weight), of.scale(weight));
    if (of.average === null) return [...moved.kept, { variable: weight, value: moved.weight }];
    const average = averageOf(weight);
    const value = movingAverage(average, moved.weight, of.average);
    const updates = [...moved.kept, { variable: weight, value: moved.weight }];
    return [...updates, { variable: average, value }];
  });
};

/** A weight after a step, and what its optimizer keeps for the next. */
interface Moved {
  readonly weight: Node;
  readonly kept: readonly Update<Node>[];
}

type Move = (of: Gradient, decay: number, scale: number) => Moved;

const momentumMove =
  (rate: Node, momentum: number): Move =>
  ({ variable: weight, value: gradient }, decay, scale) => {
    const velocity = velocityOf(weight);
    const after = momentumStep({ weight, velocity, gradient, rate }, { momentum, decay, scale });
    return { weight: after.weight, kept: [{ variable: velocity, value: after.velocity }] };
  };

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

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2) in the order of PyTorch's `torch.optim.AdamW`: of the gradient g
 * m ← β₁·m + (1 − β₁)·g;  s ← β₂·s + (1 − β₂)·g²;  r = rate·scale;
 * w ← w·(1 − r·decay) − r/(1 − β₁ᵗ) · m / (√s/√(1 − β₂ᵗ) + ε), where t counts this step too.
 */
const adamMove = (rate: Node, { betas: [first, second], epsilon, step }: Adam): Move => {
  const count = add(cast(step, "f32"), scalar(1));
  const [unbiased, root] = [missing(first, count), sqrt(missing(second, count))];
  return ({ variable: weight, value: gradient }, decay, scale) => {
    const [mean, square] = [velocityOf(weight), squareOf(weight)];
    const m = movingAverage(mean, gradient, first);
    const s = movingAverage(square, multiply(gradient, gradient), second);
    const pace = multiply(rate, scalar(scale));
    const shrunk =
      decay === 0 ? weight : multiply(weight, subtract(scalar(1), multiply(pace, scalar(decay))));
    const direction = divide(m, add(divide(sqrt(s), root), scalar(epsilon)));
    return {
      weight: subtract(shrunk, multiply(direction, divide(pace, unbiased))),
      kept: [
        { variable: mean, value: m },
        { variable: square, value: s },
      ],
    };
  };
};

/** Beyond this exponent the difference to 1 is less than a 32-bit float can tell. */
const FORGOTTEN = -60;

/**
 * 1 − βᵗ: what a mean that began at 0 lacks, by Kahan's form of eˣ − 1: the error of a rounded u = eˣ near 1 is in
 * log u, too, and both cancel.
 */
const missing = (beta: number, count: Node): Node => {
  // A mean that keeps nothing lacks nothing: any exponent this low says so.
  const exponent = Math.max(Math.log(beta), FORGOTTEN);
  const x = maximum(multiply(count, scalar(exponent)), scalar(FORGOTTEN));
  const u = exp(x);
  return divide(multiply(subtract(scalar(1), u), x), log(u));
};
