/**
 * From the neutral graph to the operations that TensorFlow has: a norm in training with its gradient and its running
 * statistics, and SGD's arithmetic, are each one kernel there. A pattern is recognised by reading its constants and
 * writing it again with the function that made it: only what comes out the same is fused.
 */

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
import { mapArgs, type Node } from "../graph/op.js";
import { additions } from "./additions.js";
import { largestIn } from "./largest.js";
import type { Machine } from "./machine.js";
import { fusedNorms, normGradientsIn, normIn } from "./norms.js";
import { type LegalGraph, type LegalNode, legal, output } from "./op.js";
import { type Made, type Make, operands, same, scaled, usesIn } from "./pattern.js";
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
    ...(ownKernels
      ? [...tilesIn(nodes, uses), ...normGradientsIn(nodes, uses), ...largestIn(nodes, uses)]
      : []),
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
    const norm = normIn(node);
    if (norm !== undefined) return norm(to);
    const { op, attributes, args, types } = node;
    // Sound: what is left is an operation of both sets, and all four come from one node.
    return { op, attributes, args: mapArgs(args, to), types } as LegalNode;
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
