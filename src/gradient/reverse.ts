/** Reverse mode: a scalar and the nodes to differentiate by enter, their gradients leave as nodes of the same IR. */

import { invariant } from "../diagnostic/invariant.js";
import { add, broadcast, scalar } from "../graph/compose.js";
import { topological } from "../graph/graph.js";
import { type Node, shapeOf } from "../graph/op.js";
import { product } from "../graph/type.js";
import { pullback } from "./pullback.js";
import { madeAgain, type SegmentOf } from "./recompute.js";

/** Nodes that a change of `sources` would change. Nothing else needs a gradient. */
const dependents = (order: readonly Node[], sources: readonly Node[]): ReadonlySet<Node> => {
  const moved = new Set<Node>(sources);
  for (const node of order) if (node.args.some((arg) => moved.has(arg))) moved.add(node);
  return moved;
};

/**
 * ∂loss/∂source for each source, in order; zeros where the loss does not depend on it.
 * `loss` is a scalar. Gradients that meet are added in the order of the forward pass, so that sums are repeatable.
 * Values of the forward pass that `segmentOf` gives a segment are made again.
 */
export const gradients = (
  loss: Node,
  sources: readonly Node[],
  segmentOf: SegmentOf = () => null,
): Node[] => {
  invariant(product(shapeOf(loss)) === 1, `the gradient of [${shapeOf(loss)}], which is no scalar`);
  const order = topological([loss]);
  const moved = dependents(order, sources);
  const again = madeAgain(order, segmentOf);
  const arrived = new Map<Node, Node>([[loss, broadcast(scalar(1), shapeOf(loss))]]);
  for (const node of order.toReversed()) {
    const dy = arrived.get(node);
    if (dy === undefined || !node.args.some((arg) => moved.has(arg))) continue;
    again(pullback(node, dy), dy).forEach((gradient, i) => {
      const arg = node.args[i];
      if (gradient === null || !moved.has(arg)) return;
      const before = arrived.get(arg);
      arrived.set(arg, before === undefined ? gradient : add(before, gradient));
    });
  }
  return sources.map((source) => arrived.get(source) ?? broadcast(scalar(0), shapeOf(source)));
};
