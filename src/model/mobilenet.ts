/** The stages of a dilated MobileNetV2 (Sandler et al. 2018): inverted residuals around depthwise convolutions. */

import { add } from "../graph/compose.js";
import { sizesOf } from "../graph/op.js";
import { type Block, ofStage, type Stage } from "../graph/variable.js";
import { inEights, mobilenetV2 } from "../language/family.js";
import type { Backbone } from "../normalize/experiment.js";
import {
  type Context,
  chain,
  convNorm,
  convNormThen,
  depthwiseNorm,
  type Layer,
  rectifiers,
} from "./layer.js";
import type { Looks } from "./stages.js";

interface Inverted {
  readonly at: Extract<Block, { stage: Stage }>;
  readonly expansion: number;
  readonly channels: number;
  readonly stride: number;
  readonly dilation: number;
}

/** A stage's blocks; a group of one width begins with the stage's dilation, and one of a stage's groups with its stride. */
const blocksOf = (of: Backbone, stage: Stage): readonly Inverted[] => {
  const [stride, dilation] = [ofStage(of.strides, stage), ofStage(of.dilations, stage)];
  return mobilenetV2
    .filter((group) => group.stage === stage)
    .flatMap(({ expansion, channels, blocks, strides }) =>
      Array.from({ length: blocks }, (_, i) => ({
        expansion,
        channels: inEights(channels, of.width),
        stride: i === 0 && strides ? stride : 1,
        dilation: i === 0 || of.dilated_blocks === "all" ? dilation : 1,
      })),
    )
    .map((block, i) => ({ at: { part: "backbone", stage, block: i + 1 }, ...block }));
};

/** Expansion 1×1, depthwise 3×3, linear 1×1; what enters is added where it fits. */
const inverted =
  (
    context: Context,
    { activation }: Backbone,
    { at, expansion, channels, stride, dilation }: Inverted,
  ): Layer =>
  (x) => {
    const [, , , from] = sizesOf(x, 4);
    const rectify = rectifiers[activation];
    const expand: Layer =
      expansion === 1
        ? (y) => y
        : convNormThen(rectify)(
            context,
            { ...at, layer: 1 },
            { channels: expansion * from, size: 1 },
          );
    const branch = chain(
      expand,
      depthwiseNorm(context, { ...at, layer: 2 }, { size: 3, stride, dilation }),
      rectify,
      convNorm(context, { ...at, layer: 3 }, { channels, size: 1 }),
    );
    return stride === 1 && from === channels ? add(branch(x), x) : branch(x);
  };

export const stage = (context: Context, of: Backbone, stage: Stage): Layer =>
  chain(...blocksOf(of, stage).map((block) => inverted(context, of, block)));

export const looks = (of: Backbone, stage: Stage): Looks =>
  blocksOf(of, stage).map(({ stride, dilation }) => ({ size: 3, stride, dilation }));
