/** Split attention (Zhang et al. 2020, figure 2): a 3×3 convolution of several splits, which the picture weighs. */

import { multiply, reshape, scalar, softmax, sum, transpose } from "../graph/compose.js";
import { type Node, sizesOf } from "../graph/op.js";
import type { Block, Stage } from "../graph/variable.js";
import { hiddenChannels } from "../language/family.js";
import type { Backbone } from "../normalize/experiment.js";
import { type Context, chain, conv, convNormThen, type Layer, norm, rectifiers } from "./layer.js";

/** Where it stands in a block: behind the first layer. */
interface Place {
  readonly at: Extract<Block, { stage: Stage }>;
  readonly stride: number;
  readonly dilation: number;
}

type Attention = NonNullable<Backbone["split_attention"]>;

/**
 * `[N, H, W, C]` → `[N, ⌈H/stride⌉, ⌈W/stride⌉, C]`. The convolution gives `radix` splits of each channel, one behind
 * the other along the channels; attention makes of their mean over the map what each weighs, for a channel 1 in all.
 * Order of channels, biases and norms as in ResNeSt's code and mmsegmentation's `SplitAttentionConv2d`.
 */
export const splitAttention =
  (
    context: Context,
    { activation, groups: written }: Backbone,
    attention: Attention,
    { at, ...window }: Place,
  ): Layer =>
  (x) => {
    const [, , , channels] = sizesOf(x, 4);
    const [groups, { radix }] = [written?.count ?? 1, attention];
    const rectify = rectifiers[activation];
    const several = { channels: radix * channels, size: 3, groups: radix * groups, ...window };
    const splits = convNormThen(rectify)(context, { ...at, layer: 2 }, several)(x);
    const hidden = hiddenChannels(channels, radix, attention.reduction);
    const scores = chain(
      conv({ ...at, layer: "squeeze" }, { channels: hidden, size: 1, bias: true, groups }),
      norm(context, { ...at, layer: "squeeze" }),
      rectify,
      conv({ ...at, layer: "excite" }, { channels: radix * channels, size: 1, bias: true, groups }),
    )(meanOf(splits, radix));
    return weighed(splits, shares(scores, groups, radix), radix);
  };

/** `[N, H, W, radix·C]` → `[N, 1, 1, C]`: over the map, and added up over the splits. */
const meanOf = (splits: Node, radix: number): Node => {
  const [n, h, w, all] = sizesOf(splits, 4);
  const total = sum(reshape(splits, [n, h * w, all]), [1]);
  const added = sum(reshape(total, [n, radix, all / radix]), [1]);
  return multiply(reshape(added, [n, 1, 1, all / radix]), scalar(1 / (h * w)));
};

/** `[N, 1, 1, radix·C]`, a group's splits together → `[N, 1, radix·C]`, a split's groups together; a softmax over splits. */
const shares = (scores: Node, groups: number, radix: number): Node => {
  const [n, , , all] = sizesOf(scores, 4);
  const grouped = reshape(scores, [n, groups, radix, all / groups / radix]);
  const share = softmax(transpose(grouped, [0, 1, 3, 2]));
  return reshape(transpose(share, [0, 3, 1, 2]), [n, 1, all]);
};

/** The splits by their shares, added up. */
const weighed = (splits: Node, weights: Node, radix: number): Node => {
  const [n, h, w, all] = sizesOf(splits, 4);
  const each = multiply(reshape(splits, [n, h * w, all]), weights);
  const channels = all / radix;
  return reshape(sum(reshape(each, [n * h * w, radix, channels]), [1]), [n, h, w, channels]);
};
