/** Chooses the blocks of the backbone that the backward pass recomputes, in segments. */

import { scalar } from "../graph/compose.js";
import { macsOfNode } from "../graph/cost.js";
import { topological } from "../graph/graph.js";
import { typeOf } from "../graph/op.js";
import { traits } from "../graph/traits.js";
import { bytesOf } from "../graph/type.js";
import type { Block } from "../graph/variable.js";
import { blocksOf, isFrozen, type RecomputeSegment, recomputeSegmentOf } from "../model/stages.js";
import type { Experiment } from "../normalize/experiment.js";
import { standard } from "../rewrite/passes.js";
import type { Sizing } from "../target/target.js";
import { objective } from "./objective.js";
import { isFrugal, trainingPasses, trainingStep } from "./step.js";

/** What the backward pass goes back to; what is frozen, it never asks for. */
const candidates = ({ model, train }: Experiment): readonly Block[] =>
  blocksOf(model.backbone).filter((block) => !isFrozen(block, train.freeze));

const alone = (block: Block): RecomputeSegment => [block];

/** Blocks of a stage, at most `most` together; the stem is a stage. */
const together = (blocks: readonly Block[], most: number): readonly RecomputeSegment[] => {
  const segments: Block[][] = [];
  for (const block of blocks) {
    const open = segments.at(-1);
    if (open?.[0]?.stage === block.stage && open.length < most) open.push(block);
    else segments.push([block]);
  }
  return segments;
};

/** As the spec says; under a budget the fewest that meet it, or those that come nearest. */
export const recomputed = (experiment: Experiment, sizes: Sizing): readonly RecomputeSegment[] => {
  const { memory } = experiment.train;
  // Records of earlier versions lack the field.
  if (memory == null) return [];
  if ("budget" in memory) return within(memory.budget, experiment, sizes).segments;
  const blocks = candidates(experiment);
  return together(blocks, memory.recompute === "stages" ? blocks.length : 1);
};

export interface Fit {
  readonly segments: readonly RecomputeSegment[];
  /** What a training with these segments needs, in bytes. */
  readonly needs: number;
}

/**
 * Blocks are taken in the order of the bytes that they free for a multiply-accumulate. Where all of them are not
 * enough, neighbours share a segment: that frees their borders, and asks for more at a time.
 */
export const within = (budget: number, experiment: Experiment, sizes: Sizing): Fit => {
  const tried = (segments: readonly RecomputeSegment[]): Fit => ({
    segments,
    needs: sizes(trainingStep(experiment, standard, segments), isFrugal(experiment)).total,
  });
  const none = tried([]);
  if (none.needs <= budget) return none;
  const blocks = candidates(experiment);
  const cheapest = byPrice(experiment, blocks);
  const first = (n: number): Fit =>
    tried(blocks.filter((block) => cheapest.indexOf(block) < n).map(alone));
  const all = first(blocks.length);
  if (all.needs <= budget) return fewest(first, budget, all);
  let best = smaller(none, all);
  for (const most of LENGTHS) {
    if (best.needs > budget) best = smaller(best, tried(together(blocks, most)));
  }
  return best;
};

/** Blocks in a segment; beyond, what is recomputed at a time outweighs the borders. */
const LENGTHS = [2, 3, 4, 6, 8];

const smaller = (a: Fit, b: Fit): Fit => (b.needs < a.needs ? b : a);

/** The least n for which first(n) is within the budget; `all` is. */
const fewest = (first: (n: number) => Fit, budget: number, all: Fit): Fit => {
  let [best, exceeds, fits] = [all, 0, all.segments.length];
  while (fits - exceeds > 1) {
    const middle = (fits + exceeds) >> 1;
    const found = first(middle);
    if (found.needs <= budget) [best, fits] = [found, middle];
    else exceeds = middle;
  }
  return best;
};

/** Those that free most for a multiply-accumulate first. */
const byPrice = (experiment: Experiment, blocks: readonly Block[]): readonly Block[] => {
  const part = { count: experiment.train.accumulate, index: scalar(0, "i32") };
  const { surrogate } = objective(experiment, part, trainingPasses(experiment));
  const segmentOf = recomputeSegmentOf(surrogate, experiment.model.backbone, blocks.map(alone));
  const prices = blocks.map((block) => ({ block, bytes: 0, macs: 1 }));
  for (const node of topological([surrogate])) {
    const price = prices[segmentOf(node) ?? -1];
    if (price === undefined) continue;
    if (traits[node.op].isKept) price.bytes += bytesOf(typeOf(node));
    price.macs += macsOfNode(node);
  }
  const worth = prices.map(({ block, bytes, macs }) => ({ block, worth: bytes / macs }));
  return worth.toSorted((a, b) => b.worth - a.worth).map(({ block }) => block);
};
