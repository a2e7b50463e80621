/**
 * Batch norms in training as TensorFlow's kernels compute them: with the running statistics that follow a batch, and their
 * gradients by what the kernel kept, or by a kernel of pspc's own.
 */

import { invariant } from "../diagnostic/invariant.js";
import type { Step } from "../graph/graph.js";
import { type Node, type NodeOf, sizesOf, type Variable } from "../graph/op.js";
import { followBatch, type Running } from "../model/layer.js";
import { legal, output, times } from "./op.js";
import { type Made, type Make, operands, same, scaled, type To } from "./pattern.js";
import {
  isShared,
  type Norm,
  type Statistics,
  sharedNorm,
  sharedNormGradient,
  sharedStatistics,
} from "./synchronise.js";
import { isCut } from "./tiling.js";

/** A norm, its statistics or its gradient, where nothing stands around it that a kernel takes along. */
export const normIn = (node: Node): Make | undefined => {
  if (node.op === "batchNorm")
    return isShared(node) ? sharedNorm(node, localStatistics) : lonelyNorm(node);
  if (node.op === "batchNormGradient") return normGradient(node);
  if (node.op !== "part") return undefined;
  const [of] = node.args;
  const { index } = node.attributes;
  if (of.op === "batchNorm")
    return isShared(of)
      ? (to) => sharedStatistics(of, localStatistics)(to)[index === 1 ? "mean" : "variance"]
      : statistic(of, index);
  if (of.op === "batchNormGradient" && isShared(of))
    return (to) => sharedNormGradient(of)(to)[index === 1 ? 1 : 2];
  return undefined;
};

const norm = (of: Norm, [mean, variance]: readonly [Node, Node], keep: number): Make => {
  const [type] = of.types;
  const [x, scale, shift] = of.args;
  const channel = { dtype: "f32", shape: type.shape.slice(-1) } as const;
  const types = [type, channel, channel, channel, channel, { dtype: "f32", shape: [0] }] as const;
  const { epsilon } = of.attributes;
  return (to) => {
    const args = [to(x), to(scale), to(shift), to(mean), to(variance)] as const;
    return legal("fusedNorm", { epsilon, keep }, args, types);
  };
};

/**
 * Where no running statistics follow, as when the norm is recomputed: with `keep` 0 the kernel looks at none, and any
 * two values of their shape will do.
 */
const lonelyNorm = (of: Norm): Make => {
  const [, scale, shift] = of.args;
  return norm(of, [shift, scale], 0);
};

/** Mean or biased variance: those of a norm that keeps nothing, whose variance is unbiased. */
const statistic =
  (of: Norm, index: number): Make =>
  (to) => {
    const [n, h, w] = sizesOf(of, 4);
    const count = n * h * w;
    const given = output(lonelyNorm(of)(to), index);
    return index === 1 ? given : times(given, Math.max(1, count - 1) / count);
  };

/** Whose gradient it is. */
const normBehind = ({ args: [, , , mean, variance] }: NodeOf<"batchNormGradient">): Node => {
  invariant(
    mean.op === "part" && variance.op === "part" && mean.args[0] === variance.args[0],
    "a norm's gradient takes the statistics that the norm gave",
  );
  return mean.args[0];
};

const normGradient =
  (node: NodeOf<"batchNormGradient">): Make =>
  (to) => {
    if (isShared(node)) return sharedNormGradient(node)(to)[0];
    const { attributes, args, types } = node;
    const [dy, x, scale] = args;
    const of = to(normBehind(node));
    const kept = [output(of, 3), output(of, 4), output(of, 5)] as const;
    return legal("fusedNormGradient", attributes, [to(dy), to(x), to(scale), ...kept], types);
  };

/** Of the images of one replica. */
const localStatistics =
  (of: Norm) =>
  (to: To): Statistics => ({ mean: statistic(of, 1)(to), variance: statistic(of, 2)(to) });

/** An update `variable := keep·variable + (1 − keep)·next`. */
interface Following {
  readonly variable: Variable;
  readonly value: Node;
  readonly keep: number;
  readonly next: Node;
}

const following = (step: Step<Node>): readonly Following[] =>
  step.updates.flatMap(({ variable, value }) => {
    const [kept, added] = operands("add", value);
    const [old, keep] = scaled(kept);
    const [next] = scaled(added);
    return variable.op === "variable" && old === variable && keep !== undefined && next
      ? [{ variable, value, keep, next }]
      : [];
  });

/** Each norm whose running statistics follow it, with what its kernel makes of both. */
export const fusedNorms = (step: Step<Node>): Made => {
  const all = following(step);
  const statisticOf = (node: Node | undefined, index: number): Norm | undefined =>
    node?.op === "part" &&
    node.attributes.index === index &&
    node.args[0].op === "batchNorm" &&
    !isShared(node.args[0])
      ? node.args[0]
      : undefined;
  const variances = new Map(all.map((each) => [statisticOf(scaled(each.next)[0], 2), each]));
  return all.flatMap((mean) => {
    const of = statisticOf(mean.next, 1);
    const variance = of && variances.get(of);
    if (of === undefined || variance === undefined) return [];
    const running: Running = { mean: mean.variable, variance: variance.variable };
    const written = followBatch(of, running, mean.keep).map(({ value }) => value);
    const given = new Set<Node>([of, running.mean, running.variance]);
    if (!same(written, [mean.value, variance.value], given)) return [];
    return [
      [of, norm(of, [running.mean, running.variance], mean.keep)],
      [mean.value, (to) => output(to(of), 1)],
      [variance.value, (to) => output(to(of), 2)],
    ] as const satisfies Made;
  });
};

/**
 * Gradients by pspc's own kernel (scripts/setup/kernels), which reads each map once where TensorFlow's reads it twice, and
 * takes the gradient of a ReLU behind the norm along, where nobody else asks for that.
 */
export const normGradientsIn = (nodes: readonly Node[], uses: ReadonlyMap<Node, number>): Made =>
  nodes.flatMap((node) => {
    if (node.op !== "batchNormGradient" || isShared(node)) return [];
    const { attributes, args, types } = node;
    const [dy, x, scale] = args;
    if (!isCut(sizesOf(x, 4)[3])) return [];
    const isGated = dy.op === "reluGradient" && uses.get(dy) === 1;
    const [slope, ...gate] = isGated ? dy.args : [dy];
    const make: Make = (to) => {
      const of = to(normBehind(node));
      const found = [to(slope), to(x), to(scale), output(of, 3), output(of, 4)] as const;
      const { epsilon } = attributes;
      return legal("ownNormGradient", { epsilon }, [...found, ...gate.map(to)], types);
    };
    return [[node, make] as const];
  });
