/**
 * From the neutral graph to the operations that TensorFlow has: a norm in training with its gradient and its running
 * statistics, and SGD's arithmetic, are each one kernel there. A pattern is recognised by reading its constants and
 * writing it again with the function that made it: only what comes out the same is fused.
 */

import { invariant } from "../diagnostic/invariant.js";
import { momentumStep } from "../gradient/descend.js";
import {
  type Graph,
  mapStep,
  numbered,
  rootsOf,
  type Step,
  stepOf,
  topological,
} from "../graph/graph.js";
import { mapArgs, type Node, type NodeOf, sizesOf, type Variable } from "../graph/op.js";
import { followBatch, type Running } from "../model/layer.js";
import { additions } from "./additions.js";
import { largestIn } from "./largest.js";
import type { Machine } from "./machine.js";
import { type LegalGraph, type LegalNode, legal, output, times } from "./op.js";
import { type Made, type Make, operands, same, scaled, type To, usesIn } from "./pattern.js";
import {
  isShared,
  type Statistics,
  sharedNorm,
  sharedNormGradient,
  sharedStatistics,
} from "./synchronise.js";
import { tilesIn } from "./tiles.js";

/** The graph that TensorFlow computes in place of `graph`; with kernels of ours, where a machine has them. */
export const legalize = (
  graph: Graph,
  { ownKernels = false }: Partial<Machine> = {},
): LegalGraph => {
  const step = stepOf(graph);
  const image = new Map<Node, LegalNode>();
  const nodes = topological(rootsOf(step));
  const uses = usesIn(step);
  const fused = new Map([
    ...additions(nodes),
    ...fusedNorms(step),
    ...fusedMomenta(step, uses),
    ...(ownKernels ? [...tilesIn(nodes, uses), ...largestIn(nodes, uses)] : []),
  ]);
  const to = (node: Node): LegalNode => {
    const made = image.get(node) ?? (fused.get(node) ?? unfused(node))(to);
    image.set(node, made);
    return made;
  };
  for (const node of nodes) to(node);
  return numbered(mapStep(step, to));
};

const unfused =
  (node: Node): Make =>
  (to) => {
    if (node.op === "batchNorm")
      return isShared(node) ? sharedNorm(node, localStatistics)(to) : lonelyNorm(node)(to);
    if (node.op === "batchNormGradient") return normGradient(node)(to);
    const { op, attributes, args, types } = node;
    if (op === "part" && args[0].op === "batchNorm") {
      const [of] = args;
      const name = attributes.index === 1 ? "mean" : "variance";
      return isShared(of)
        ? sharedStatistics(of, localStatistics)(to)[name]
        : statistic(of, attributes.index)(to);
    }
    if (op === "part" && args[0].op === "batchNormGradient" && isShared(args[0]))
      return sharedNormGradient(args[0])(to)[attributes.index === 1 ? 1 : 2];
    // Sound: what is left is an operation of both sets, and all four come from one node.
    return { op, attributes, args: mapArgs(args, to), types } as LegalNode;
  };

// Norms.

export type Norm = NodeOf<"batchNorm"> & Node;

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

const normGradient =
  (node: NodeOf<"batchNormGradient">): Make =>
  (to) => {
    if (isShared(node)) return sharedNormGradient(node)(to)[0];
    const {
      attributes,
      args: [dy, x, scale, mean, variance],
      types,
    } = node;
    invariant(
      mean.op === "part" && variance.op === "part" && mean.args[0] === variance.args[0],
      "a norm's gradient takes the statistics that the norm gave",
    );
    const of = to(mean.args[0]);
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
const fusedNorms = (step: Step<Node>): Made => {
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

// Momentum.

/** Each new weight and new velocity that one kernel may write: nothing but the two updates asks for them. */
const fusedMomenta = (step: Step<Node>, uses: ReadonlyMap<Node, number>): Made => {
  const velocities = new Map(step.updates.map(({ variable, value }) => [value, variable]));
  return step.updates.flatMap(({ variable: weight, value }) => {
    const [after, rated] = operands("multiply", operands("subtract", value)[1]);
    const [kept, slope] = operands("add", after);
    const [velocity, momentum] = scaled(kept);
    const [gradient, decayed] = operands("add", slope);
    const [, decay] = scaled(decayed);
    const [rate, scale] = scaled(rated);
    if (!after || !velocity || !gradient || !rate) return [];
    if (momentum === undefined || decay === undefined || scale === undefined) return [];
    const of = { weight, velocity, gradient, rate };
    const by = { momentum, decay, scale };
    const isOurs =
      same([momentumStep(of, by).weight], [value], new Set(Object.values(of))) &&
      velocities.get(after) === velocity &&
      uses.get(value) === 1 &&
      uses.get(after) === 2;
    if (!isOurs) return [];
    const types = [weight.types[0], velocity.types[0]] as const;
    const kernel: Make = (to) =>
      legal("applyMomentum", by, [to(weight), to(velocity), to(gradient), to(rate)], types);
    return [
      [value, kernel],
      [after, (to) => output(to(value), 1)],
    ] as const satisfies Made;
  });
};
