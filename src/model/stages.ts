/** The stem, stages and blocks of a backbone in training: which are frozen, and which values are recomputed. */

import { topological } from "../graph/graph.js";
import type { Node } from "../graph/op.js";
import { traits } from "../graph/traits.js";
import { type Block, blockName, type LayerSite, ofStage, STAGES } from "../graph/variable.js";
import type { Backbone, Freeze } from "../normalize/experiment.js";

/** Whether something stands in the stem or in stages 1…k (mmsegmentation's `frozen_stages`, with 0 for none). */
export const isFrozen = (site: Block | LayerSite | null, { stages }: Freeze): boolean =>
  site?.part === "backbone" && stages > 0 && site.stage <= stages;

/** Whether a norm keeps to its running statistics: where asked for (mmsegmentation's `norm_eval`), and where frozen. */
export const isNormFrozen = (site: LayerSite, freeze: Freeze): boolean =>
  freeze.norm === "all" ||
  (freeze.norm === "backbone" && site.part === "backbone") ||
  isFrozen(site, freeze);

/** Windows of layers that follow one another: k×k pixels, `dilation` apart, in steps of `stride`. */
export type Looks = readonly {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
}[];

/** Side of what one value behind the layers depends on: each window adds (k − 1)·dilation·(pixels between its values). */
export const receptiveField = (looks: Looks): number =>
  looks.reduce(
    ({ field, jump }, { size, stride, dilation }) => ({
      field: field + (size - 1) * dilation * jump,
      jump: jump * stride,
    }),
    { field: 1, jump: 1 },
  ).field;

/** Consecutive blocks that are recomputed together: only the output of the last of them is kept. */
export type RecomputeSegment = readonly Block[];

/** The stem and the residual blocks in the order in which an image passes them. */
export const blocksOf = ({ blocks }: Backbone): readonly Block[] => [
  { part: "backbone", stage: 0 },
  ...STAGES.flatMap((stage) =>
    Array.from(
      { length: ofStage(blocks, stage) },
      (_, i): Block => ({ part: "backbone", stage, block: i + 1 }),
    ),
  ),
];

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
  const blocks = blocksOf(of).map(blockName);
  const depths = depthsIn(order, blocks);
  const named = segments.map((segment) => segment.map(blockName));
  const segmentAt = blocks.map((block) => named.findIndex((segment) => segment.includes(block)));
  const found = (node: Node): number => segmentAt[depths.get(node) ?? -1] ?? -1;
  const kept = new Set<Node>();
  for (const node of order.toReversed()) {
    for (const arg of node.args) if (found(arg) !== found(node)) kept.add(arg);
    // What was only widened is kept as it was before.
    if (traits[node.op].isRecast && kept.has(node)) for (const arg of node.args) kept.add(arg);
  }
  return (node) => (found(node) < 0 || kept.has(node) ? null : found(node));
};

/**
 * Indices in `blocks`, by name: −1 before the first weight, and beyond the last block what has passed the backbone,
 * behind which nothing is recomputed, because the backward pass begins there.
 */
const depthsIn = (order: readonly Node[], blocks: readonly string[]): ReadonlyMap<Node, number> => {
  const depths = new Map<Node, number>();
  const own = (node: Node): number => {
    if (node.op !== "variable") return -1;
    const { site } = node.attributes;
    return site?.part === "backbone" ? blocks.indexOf(blockName(site)) : blocks.length;
  };
  for (const node of order) {
    depths.set(node, Math.max(own(node), ...node.args.map((arg) => depths.get(arg) ?? -1)));
  }
  return depths;
};
