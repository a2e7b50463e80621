/** What a training step differentiates: an experiment and a part of its batch enter, the loss and its terms leave. */

import { input, scalar } from "../graph/compose.js";
import type { Node } from "../graph/op.js";
import { type Context, normalise, type Part } from "../model/layer.js";
import { totalLoss } from "../model/loss.js";
import { network } from "../model/network.js";
import type { Experiment } from "../normalize/experiment.js";
import type { Passes } from "../rewrite/passes.js";
import { rewriteNodes } from "../rewrite/rewrite.js";
import { type Loss, lossOf } from "./strips.js";

export const context = (
  { model, train }: Experiment,
  phase: Context["phase"],
  part: Part = { count: 1, index: scalar(0, "i32") },
): Context => ({
  phase,
  norm: model.norm,
  alignCorners: model.align_corners,
  seed: train.seed,
  freeze: train.freeze,
  part,
});

export interface Objective {
  readonly loss: Node;
  /** What is differentiated: its gradient is that of `loss`. */
  readonly slope: Node;
  /** The loss of each head, before its weight. */
  readonly main: Node;
  readonly auxiliary: Node | null;
}

/**
 * Inputs: images u8 `[n, H, W, 3]` and labels u8 `[n, H, W]`, n = batch / parts; and where the batch comes in parts,
 * `batch`: the labels of all of it, u8 `[N, H, W]`. Losses are shares of the batch's: over its parts they add up to
 * the loss of the whole, because their denominators are the whole batch's.
 */
export const objective = (
  experiment: Experiment,
  part: Part,
  passes: Pick<Passes, "forward" | "precision">,
): Objective => {
  const { data, model, train } = experiment;
  const [height, width] = train.crop;
  const size = train.batch / part.count;
  const images = input("images", "u8", size, height, width, 3);
  const labels = input("labels", "u8", size, height, width);
  const batch = part.count === 1 ? labels : input("batch", "u8", train.batch, height, width);
  const logits = network(
    context(experiment, "train", part),
    model,
    data.classes.length,
  )(normalise(data.mean, data.std)(images));
  const lossesOf = (of: Node): Loss =>
    lossOf(of, { labels, batch }, model.align_corners, train.loss);
  const main = lossesOf(logits.main);
  const auxiliary = logits.auxiliary === null ? null : lossesOf(logits.auxiliary);
  const total = (of: "value" | "slope"): Node =>
    totalLoss(main[of], auxiliary?.[of] ?? null, model.auxiliary?.weight ?? 0);
  const [loss, slope] = [total("value"), train.loss.strips > 1 ? total("slope") : null];
  const roots = slope === null ? [loss] : [loss, slope];
  const cheaper = rewriteNodes(passes.forward, roots);
  const rounded = rewriteNodes(passes.precision, roots.map(cheaper));
  const rewritten = (node: Node): Node => rounded(cheaper(node));
  return {
    loss: rewritten(loss),
    slope: rewritten(slope ?? loss),
    main: rewritten(main.value),
    auxiliary: auxiliary === null ? null : rewritten(auxiliary.value),
  };
};
