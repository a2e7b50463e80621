/** The loss of a part of a batch, whole or in strips, and its gradient by every variable that learns. */

import { type Gradient, trainedVariables } from "../gradient/descend.js";
import { gradientOf, gradients } from "../gradient/reverse.js";
import {
  add,
  after,
  divide,
  input,
  multiply,
  scalar,
  stop,
  subtract,
  sum,
} from "../graph/compose.js";
import { type Node, sizesOf } from "../graph/op.js";
import { areWide } from "../language/labels.js";
import { type BatchPart, type Context, normalise } from "../model/layer.js";
import {
  headLoss,
  type Labels,
  logPartition,
  pixelCount,
  type Rows,
  shifted,
  stripHits,
  totalLoss,
} from "../model/loss.js";
import { network } from "../model/network.js";
import { isFrozen, type RecomputeSegment, recomputeSegmentOf } from "../model/stages.js";
import type { Experiment, Train } from "../normalize/experiment.js";
import type { Passes } from "../rewrite/passes.js";
import { rewriteNodes } from "../rewrite/rewrite.js";

export interface Loss {
  readonly value: Node;
  /** A scalar that has the gradient of `value`, and is cheaper to differentiate. */
  readonly surrogate: Node;
}

/** Nearly equal strips, from above. */
const stripsOf = (height: number, strips: number): readonly Rows[] => {
  const most = Math.ceil(height / strips);
  return Array.from({ length: Math.ceil(height / most) }, (_, i) => ({
    begin: i * most,
    count: Math.min(most, height - i * most),
  }));
};

/** The values of `make` for each strip, added up; a strip is begun when the one before is there. */
const oneByOne = (strips: readonly Rows[], make: (rows: Rows, wait: Wait) => Node): Node => {
  const made: Node[] = [];
  for (const rows of strips) {
    const before = made.at(-1);
    made.push(make(rows, (x) => (before === undefined ? x : after(x, before))));
  }
  return made.reduce(add);
};

type Wait = (x: Node) => Node;

/**
 * The loss of a head. In strips, only one strip of each map at full resolution is there at a time.
 *
 * The gradient of a strip's share needs nothing of the other strips, so that it is taken at once, and the next strip
 * begins when it is there. What follows sees the sum G of these gradients: ⟨G, logits⟩ has the gradient of the loss.
 */
export const lossOf = (
  logits: Node,
  { labels, batch }: Labels,
  alignCorners: boolean,
  of: Train["loss"],
): Loss => {
  const small = shifted(logits);
  if (!(of.strips > 1)) {
    const value = headLoss(small, { labels, batch }, alignCorners, of);
    return { value, surrogate: value };
  }
  const strips = stripsOf(sizesOf(labels, 3)[1], of.strips);
  const count = pixelCount(batch, sizesOf(logits, 4)[3], of);
  const shares: Node[] = [];
  const partition = oneByOne(strips, (rows, wait) => {
    const here = wait(small);
    const share = logPartition(here, labels, alignCorners, of, rows);
    shares.push(share);
    const [gradient] = gradients(share, [here]);
    return gradient;
  });
  const hits = oneByOne(strips, (rows, wait) =>
    stripHits(small, wait(labels), alignCorners, of, rows),
  );
  const gradient = divide(subtract(partition, hits), count);
  return {
    value: divide(subtract(shares.reduce(add), sum(multiply(hits, small))), count),
    surrogate: sum(multiply(stop(gradient), small)),
  };
};

export const context = (
  { model, train }: Experiment,
  phase: Context["phase"],
  part: BatchPart = { count: 1, index: scalar(0, "i32") },
): Context => ({
  phase,
  norm: model.norm,
  dropout: model.dropout,
  alignCorners: model.align_corners,
  seed: train.seed,
  freeze: train.freeze,
  part,
});

export interface Objective {
  readonly loss: Node;
  /** What is differentiated: a scalar that has the gradient of `loss`. */
  readonly surrogate: Node;
  /** The loss of each head, before its weight. */
  readonly main: Node;
  readonly auxiliary: Node | null;
}

/**
 * Inputs: images u8 `[n, H, W, 3]` and labels u8 `[n, H, W]`, n = batch / parts; and where the batch comes in parts,
 * `batch`: the labels of all of it, u8 `[N, H, W]`; labels are i32 above 255 classes. Losses are shares of the batch's: over its parts they add up to
 * the loss of the whole, because their denominators are the whole batch's.
 */
export const objective = (
  experiment: Experiment,
  part: BatchPart,
  passes: Pick<Passes, "forward" | "precision">,
): Objective => {
  const { data, model, train } = experiment;
  const [height, width] = train.crop;
  const size = train.batch / part.count;
  const images = input("images", "u8", size, height, width, 3);
  const dtype = areWide(data.classes.length) ? "i32" : "u8";
  const labels = input("labels", dtype, size, height, width);
  const batch = part.count === 1 ? labels : input("batch", dtype, train.batch, height, width);
  const logits = network(
    context(experiment, "train", part),
    model,
    data.classes.length,
  )(normalise(data.mean, data.std)(images));
  const lossesOf = (of: Node): Loss =>
    lossOf(of, { labels, batch }, model.align_corners, train.loss);
  const main = lossesOf(logits.main);
  const auxiliary = logits.auxiliary === null ? null : lossesOf(logits.auxiliary);
  const total = (of: "value" | "surrogate"): Node =>
    totalLoss(main[of], auxiliary?.[of] ?? null, model.auxiliary?.weight ?? 0);
  const [loss, surrogate] = [total("value"), train.loss.strips > 1 ? total("surrogate") : null];
  const roots = surrogate === null ? [loss] : [loss, surrogate];
  const cheaper = rewriteNodes(passes.forward, roots);
  const rounded = rewriteNodes(passes.precision, roots.map(cheaper));
  const rewritten = (node: Node): Node => rounded(cheaper(node));
  return {
    loss: rewritten(loss),
    surrogate: rewritten(surrogate ?? loss),
    main: rewritten(main.value),
    auxiliary: auxiliary === null ? null : rewritten(auxiliary.value),
  };
};

export interface LossGradients extends Objective {
  /** Of every variable that learns. */
  readonly gradients: readonly Gradient[];
}

/** Of the part of a batch at `index`; the backward pass recomputes the blocks of each segment. */
export const lossGradients = (
  experiment: Experiment,
  index: Node,
  passes: Passes,
  recompute: readonly RecomputeSegment[],
): LossGradients => {
  const { accumulate, freeze } = experiment.train;
  const of = objective(experiment, { count: accumulate, index }, passes);
  const variables = trainedVariables([of.surrogate]).filter(
    ({ attributes }) => !isFrozen(attributes.site, freeze),
  );
  const segmentOf = recomputeSegmentOf(of.surrogate, experiment.model.backbone, recompute);
  const gradient = gradientOf(of.surrogate, variables, segmentOf);
  return {
    ...of,
    gradients: variables.map((variable) => ({ variable, value: gradient(variable) })),
  };
};
