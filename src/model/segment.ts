/** What of a network can be made again in the backward pass: runs of blocks enter, and the run of each value leaves. */

import { topological } from "../graph/graph.js";
import type { Node } from "../graph/op.js";
import type { Backbone } from "../normalize/experiment.js";

/** `stem`, or a residual block, `stage3.block2`. */
export type Block = string;

/** Blocks that follow each other and are made again together: only what leaves the last of them is kept. */
export type Run = readonly Block[];

/** The parts of a backbone in the order in which an image passes them. */
export const blocksOf = ({ blocks }: Backbone): readonly Block[] => [
  "stem",
  ...blocks.flatMap((count, i) =>
    Array.from({ length: count }, (_, j) => `stage${i + 1}.block${j + 1}`),
  ),
];

/** The block of a variable; behind the backbone nothing is made again: the backward pass begins there. */
const blockOf = (variable: string): Block | null =>
  /^backbone\.(stem|stage\d+\.block\d+)/.exec(variable)?.[1] ?? null;

/**
 * The index in `runs` of the run that makes a value of `loss` again; `null` for values that are kept: those outside,
 * and those that another run or the rest of the network reads. A value belongs to the last block whose weights it
 * has seen.
 */
export const runOf = (
  loss: Node,
  of: Backbone,
  runs: readonly Run[],
): ((node: Node) => number | null) => {
  const order = topological([loss]);
  const depths = depthsIn(order, blocksOf(of));
  const runAt = blocksOf(of).map((block) => runs.findIndex((run) => run.includes(block)));
  const found = (node: Node): number => runAt[depths.get(node) ?? -1] ?? -1;
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
