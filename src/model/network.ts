/** PSPNet (paper figure 3): normalised images `[N, H, W, 3]` enter, logits of the head and the auxiliary head leave. */

import type { Node } from "../graph/op.js";
import type { Model } from "../normalize/experiment.js";
import { backbone } from "./backbone.js";
import { type Context, chain, conv, convNormRelu, dropChannels, type Layer } from "./layer.js";
import { pyramid } from "./pyramid.js";

export interface Logits {
  /** `[N, h, w, classes]` at the features' size. */
  readonly main: Node;
  /** Of the auxiliary head; absent where the spec has none, and in inference. */
  readonly auxiliary: Node | null;
}

interface Classifier {
  readonly channels: number;
  readonly dropout: number;
}

/** 3×3, norm, ReLU, dropout, 1×1: the head, and (with fewer channels) the auxiliary head. */
const classifier = (
  context: Context,
  name: string,
  of: Classifier,
  classes: number,
  stream: number,
): Layer =>
  chain(
    convNormRelu(context, `${name}.fuse`, { channels: of.channels, size: 3 }),
    dropChannels(context, of.dropout, stream),
    conv(`${name}.classifier`, { channels: classes, size: 1, bias: true }),
  );

/** Streams of the dropout masks: a number each, so that two layers never draw the same. */
const streams = { head: 1, auxiliary: 2 };

export const network =
  (context: Context, model: Model, classes: number) =>
  (image: Node): Logits => {
    const stages = backbone(context, model.backbone)(image);
    const features = stages[stages.length - 1];
    const scene = model.pyramid === null ? features : pyramid(context, model.pyramid)(features);
    const { auxiliary, head } = model;
    return {
      main: classifier(context, "head", head, classes, streams.head)(scene),
      auxiliary:
        auxiliary === null || context.phase === "infer"
          ? null
          : classifier(
              context,
              "auxiliary",
              auxiliary,
              classes,
              streams.auxiliary,
            )(stages[auxiliary.after - 1]),
    };
  };
