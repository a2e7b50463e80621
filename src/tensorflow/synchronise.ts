/**
 * Batch norms over the images of all replicas, in both directions: TensorFlow's kernels look at the images of one
 * device, and what they find is summed across all, two numbers a channel.
 */

import { invariant } from "../diagnostic/invariant.js";
import { type Node, type NodeOf, type Normalising, sizesOf } from "../graph/op.js";
import type { DType } from "../graph/type.js";
import { runningOf } from "../model/layer.js";
import { binary, type LegalNode, legal, output, times } from "./op.js";
import type { To } from "./pattern.js";

export type Norm = NodeOf<"batchNorm"> & Node;

/** Of the images of one replica, or of all: f32 `[C]` each, the variance biased. */
export interface Statistics {
  readonly mean: LegalNode;
  readonly variance: LegalNode;
}

type Local = (of: Norm) => (to: To) => Statistics;

export const isShared = ({ attributes }: { readonly attributes: Normalising }): boolean =>
  (attributes.replicas ?? 1) > 1;

/** Of all images, from those of each replica's, about the running mean that all share. */
export const sharedStatistics =
  (of: Norm, local: Local) =>
  (to: To): Statistics => {
    const [, scale] = of.args;
    invariant(scale.op === "variable", "a norm's scale is a variable");
    return overReplicas(local(of)(to), to(runningOf(scale).mean), of.attributes.replicas ?? 1);
  };

/** Of x `[n, H, W, C]`, one replica's images: y of the same shape and type, by the statistics of all. */
export const sharedNorm =
  (of: Norm, local: Local) =>
  (to: To): LegalNode => {
    const [x, scale, shift] = of.args;
    const { mean, variance } = sharedStatistics(of, local)(to);
    const args = [to(x), to(scale), to(shift), mean, variance] as const;
    return legal("batchNormInference", { epsilon: of.attributes.epsilon }, args, [of.types[0]]);
  };

/** dx `[n, H, W, C]` of one replica's images; dscale and dshift `[C]`, f32, summed over all. */
type Gradients = readonly [dx: LegalNode, dscale: LegalNode, dshift: LegalNode];

/** Of dy and x `[n, H, W, C]`, and of scale, mean and variance `[C]`, f32, the statistics of all images. */
export const sharedNormGradient =
  ({ attributes, args, types }: NodeOf<"batchNormGradient">) =>
  (to: To): Gradients => {
    const { epsilon, replicas = 1 } = attributes;
    const [dy, x, scale, mean, variance] = args;
    const [n, h, w] = sizesOf(x, 4);
    const of = { mean: to(mean), variance: to(variance) };
    const all = [to(dy), to(x), to(scale), of.mean, of.variance] as const;
    const given = legal("givenNormGradient", { epsilon }, all, types);
    const over = { epsilon, replicas, count: n * h * w };
    return gradientOverReplicas(given, [to(x), to(scale), of], over);
  };

/**
 * The statistics of all from those of one replica of several, each of as many values (Chan, Golub and LeVeque 1983).
 * Moments are taken about `reference`, a mean that all share and from which this batch's is not far: one sum then does
 * for both, and no digits are lost.
 */
const overReplicas = (
  { mean, variance }: Statistics,
  reference: LegalNode,
  replicas: number,
): Statistics => {
  const distance = binary("subtract", mean, reference);
  const second = binary("add", variance, squared(distance));
  const [first, both] = across(distance, second, replicas).map((sum) => times(sum, 1 / replicas));
  invariant(first !== undefined && both !== undefined, "two moments");
  return {
    mean: binary("add", reference, first),
    variance: binary("maximum", binary("subtract", both, squared(first)), 0),
  };
};

/**
 * (dx, dscale, dshift) of a norm over all replicas (Ioffe and Szegedy 2015, section 3). `given` are the outputs of
 * `givenNormGradient`, and `count` the values of a channel in one replica.
 */
const gradientOverReplicas = (
  given: LegalNode,
  [x, scale, { mean, variance }]: readonly [x: LegalNode, scale: LegalNode, of: Statistics],
  { epsilon, replicas, count }: Readonly<Record<"epsilon" | "replicas" | "count", number>>,
): Gradients => {
  const [dscale, dshift] = across(output(given, 1), output(given, 2), replicas);
  const inverse = unary("reciprocal", unary("sqrt", binary("add", variance, epsilon)));
  const gain = times(binary("multiply", scale, inverse), -1 / (count * replicas));
  // dx = scale·inverse·(dy − mean of dy − x̂·mean of dy·x̂), of which `given` has the first term.
  const slope = binary("multiply", binary("multiply", gain, inverse), dscale);
  const level = binary(
    "subtract",
    binary("multiply", gain, dshift),
    binary("multiply", mean, slope),
  );
  const line = binary("add", binary("multiply", cast(x, "f32"), slope), level);
  const dx = cast(binary("add", cast(given, "f32"), line), given.types[0].dtype);
  return [dx, dscale, dshift];
};

/** Two lists of a number a channel, summed at once. */
const across = (a: LegalNode, b: LegalNode, replicas: number): readonly [LegalNode, LegalNode] => {
  const [{ dtype, shape }] = a.types;
  const [channels = 0] = shape;
  const types = [{ dtype, shape: [2 * channels] }] as const;
  const sum = legal("across", { replicas }, [legal("concat", { axis: 0 }, [a, b], types)], types);
  const half = (begin: number): LegalNode =>
    legal("slice", { begin: [begin], size: [channels] }, [sum], [{ dtype, shape }]);
  return [half(0), half(channels)];
};

const unary = (kind: "sqrt" | "reciprocal", x: LegalNode): LegalNode =>
  legal("unary", { kind }, [x], x.types);

const squared = (x: LegalNode): LegalNode => binary("multiply", x, x);

const cast = (x: LegalNode, dtype: DType): LegalNode => {
  const [type] = x.types;
  return type.dtype === dtype ? x : legal("cast", { dtype }, [x], [{ ...type, dtype }]);
};
