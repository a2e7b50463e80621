/** Reverse mode: the gradients of a scalar, as nodes of the same IR, with recomputation of parts of the forward pass. */

import { invariant } from "../diagnostic/invariant.js";
import { add, after, broadcast, onArgs, scalar } from "../graph/compose.js";
import { topological } from "../graph/graph.js";
import { type Node, shapeOf } from "../graph/op.js";
import { product } from "../graph/type.js";
import { pullback } from "./pullback.js";

/** Nodes that a change of `sources` would change. Nothing else needs a gradient. */
const dependents = (order: readonly Node[], sources: readonly Node[]): ReadonlySet<Node> => {
  const moved = new Set<Node>(sources);
  for (const node of order) if (node.args.some((arg) => moved.has(arg))) moved.add(node);
  return moved;
};

/**
 * ∂loss/∂source of each of `sources`; zeros where the loss does not depend on it.
 * `loss` is a scalar. Gradients that meet are added in the order of the forward pass, so that sums are repeatable.
 * Values of the forward pass that `segmentOf` puts into a segment are recomputed.
 */
export const gradientOf = (
  loss: Node,
  sources: readonly Node[],
  segmentOf: SegmentOf = () => null,
): ((source: Node) => Node) => {
  invariant(
    product(shapeOf(loss)) === 1,
    () => `the gradient of [${shapeOf(loss)}], which is no scalar`,
  );
  const order = topological([loss]);
  const moved = dependents(order, sources);
  const recompute = recomputing(order, segmentOf);
  const arrived = new Map<Node, Node>([[loss, broadcast(scalar(1), shapeOf(loss))]]);
  const arrive = (arg: Node, gradient: Node): void => {
    const before = arrived.get(arg);
    arrived.set(arg, before === undefined ? gradient : add(before, gradient));
  };
  for (const node of order.toReversed()) {
    const dy = arrived.get(node);
    if (dy === undefined || !node.args.some((arg) => moved.has(arg))) continue;
    const back = pullback(node, dy);
    node.args.forEach((arg, i) => {
      const gradient = back[i] ?? null;
      if (gradient !== null && moved.has(arg)) arrive(arg, recompute(gradient, dy));
    });
  }
  return (source) => arrived.get(source) ?? broadcast(scalar(0), shapeOf(source));
};

/** The same, in the order of the sources. */
export const gradients = <const S extends readonly Node[]>(
  loss: Node,
  sources: S,
): { readonly [I in keyof S]: Node } =>
  // Sound: one gradient a source.
  sources.map(gradientOf(loss, sources)) as { readonly [I in keyof S]: Node };

/** The segment in which a value of the forward pass is recomputed; `null` where it is kept. */
export type SegmentOf = (node: Node) => number | null;

/** Values that change with the input; nothing else is worth recomputing. */
const fedIn = (forward: readonly Node[]): ReadonlySet<Node> => {
  const fed = new Set<Node>();
  for (const node of forward) {
    if (node.op === "input" || node.args.some((arg) => fed.has(arg))) fed.add(node);
  }
  return fed;
};

/**
 * Recomputation (Chen et al. 2016): values of a segment are computed again from what enters the segment, once the
 * gradient has arrived at its end.
 *
 * What a gradient becomes that a pullback made from `dy`: it asks for twins in place of nodes of the forward pass.
 * Pullbacks come in the order of the backward pass, so that the first `dy` that asks for a segment is the first that
 * arrives there. The equal values are made by equal operations: gradients keep their bits.
 */
export const recomputing = (
  forward: readonly Node[],
  segmentOf: SegmentOf,
): ((gradient: Node, dy: Node) => Node) => {
  const [known, fed] = [new Set(forward), fedIn(forward)];
  const arrivals = new Map<number, Node>();
  const twins = new Map<Node, Node>();
  const arrival = (segment: number, dy: Node): Node => {
    const first = arrivals.get(segment) ?? dy;
    arrivals.set(segment, first);
    return first;
  };
  const entering = (arg: Node, segment: number, dy: Node): Node =>
    fed.has(arg) ? after(arg, arrival(segment, dy)) : arg;
  const recomputed = (node: Node, dy: Node): Node => {
    const segment = fed.has(node) ? segmentOf(node) : null;
    if (segment === null) return node;
    const inner = (arg: Node): Node =>
      segmentOf(arg) === segment ? recomputed(arg, dy) : entering(arg, segment, dy);
    const twin = twins.get(node) ?? onArgs(node, inner);
    twins.set(node, twin);
    return twin;
  };
  return (gradient, dy) => {
    const seen = new Map<Node, Node>([[dy, dy]]);
    const asking = (node: Node): Node => {
      if (known.has(node)) return recomputed(node, dy);
      // The statistics of a norm are small, and stay.
      if (node.op === "part" && known.has(node.args[0])) return node;
      const done = seen.get(node) ?? onArgs(node, asking);
      seen.set(node, done);
      return done;
    };
    return asking(gradient);
  };
};
