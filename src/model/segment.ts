/** Assigns each value of a forward pass to the segment in which the backward pass recomputes it. */

import { topological } from "../graph/graph.js";
import type { Node } from "../graph/op.js";
import type { Backbone } from "../normalize/experiment.js";

/** `stem`, or a residual block, `stage3.block2`. */
export type Block = string;

/** Consecutive blocks that are recomputed together: only the output of the last of them is kept. */
export type RecomputeSegment = readonly Block[];

/** The parts of a backbone in the order in which an image passes them. */
export const blocksOf = ({ blocks }: Backbone): readonly Block[] => [
  "stem",
  ...blocks.flatMap((count, i) =>
    Array.from({ length: count }, (_, j) => `stage${i + 1}.block${j + 1}`),
  ),
];

/** The block of a variable; behind the backbone nothing is recomputed: the backward pass begins there. */
const blockOf = (variable: string): Block | null =>
  /^backbone\.(stem|stage\d+\.block\d+)/.exec(variable)?.[1] ?? null;

/**
 * For a value of `loss`, the index in `segments` of the one that recomputes it; `null` where it is kept, because it
 * lies outside of all or because another segment or the rest of the network reads it. A value belongs to the last
 * block whose weights it depends on.
 */
export const recomputeSegmentOf = (
  loss: Node,
  of: Backbone,
  segments: readonly RecomputeSegment[],
): ((node: Node) => number | null) => {
  const order = topological([loss]);
  const depths = depthsIn(order, blocksOf(of));
  const segmentAt = blocksOf(of).map((block) => segments.findIndex((some) => some.includes(block)));
  const found = (node: Node): number => segmentAt[depths.get(node) ?? -1] ?? -1;
  const kept = new Set<Node>();
  for (const node of order.toReversed()) {
    for (const arg of node.args) if (found(arg) !== found(node)) kept.add(arg);
    // What was only widened is kept as it was before.
    if (node.op === "cast" && kept.has(node)) kept.add(node.args[0]);
  }
  return (node) => (found(node) < 0 || kept.has(node) ? null : found(node));
};

/** Indices in `blocks`: −1 before the first weight, and beyond the last block what has passed the backbone. */
const depthsIn = (order: readonly Node[], blocks: readonly Block[]): ReadonlyMap<Node, number> => {
  const depths = new Map<Node, number>();
  for (const node of order) {
    const block = node.op === "variable" ? blockOf(node.attributes.name) : null;
    const own =
      block !== null ? blocks.indexOf(block) : node.op === "variable" ? blocks.length : -1;
    depths.set(node, Math.max(own, ...node.args.map((arg) => depths.get(arg)!)));
  }
  return depths;
};
