/** The backbone: its stem, and the stages of whichever family it is of. */

import { maxPool, padding } from "../graph/compose.js";
import type { Node } from "../graph/op.js";
import { type LayerSite, STAGES, type Stage } from "../graph/variable.js";
import type { Backbone } from "../normalize/experiment.js";
import { type Context, chain, convNormThen, type Layer, rectifiers } from "./layer.js";
import * as mobilenet from "./mobilenet.js";
import * as resnet from "./resnet.js";
import { receptiveField as field, type Looks } from "./stages.js";

/** How a family makes a stage, and how the stage looks at the map before it. */
interface Family {
  readonly stage: (context: Context, of: Backbone, stage: Stage) => Layer;
  readonly looks: (of: Backbone, stage: Stage) => Looks;
}

const families: Readonly<Record<Backbone["block"], Family>> = {
  basic: resnet,
  bottleneck: resnet,
  inverted: mobilenet,
};

const stemSite = (layer: number): LayerSite => ({ part: "backbone", stage: 0, layer });

interface StemLayer {
  readonly channels: number;
  readonly size: number;
}

const stemLayers = ({ stem: of }: Backbone): readonly StemLayer[] =>
  of.kind === "deep"
    ? of.channels.map((channels) => ({ channels, size: 3 }))
    : [{ channels: of.channels, size: of.kind === "conv7" ? 7 : 3 }];

/** Three 3×3 convolutions, one 7×7 or one 3×3, the first of stride 2; then max pooling of stride 2, or nothing. */
const stem = (context: Context, of: Backbone): Layer => {
  const convolutions = stemLayers(of).map((each, i) =>
    convNormThen(rectifiers[of.activation])(context, stemSite(i + 1), {
      ...each,
      stride: i === 0 ? 2 : 1,
    }),
  );
  const pool: Layer = (x) => maxPool(x, [3, 3], [2, 2], padding(1));
  return of.pool === "none" ? chain(...convolutions) : chain(...convolutions, pool);
};

/** Outputs of the four stages: `[N, H/4, W/4, ·]` first, the feature map `[N, H/os, W/os, C]` last. */
export const backbone =
  (context: Context, of: Backbone) =>
  (image: Node): readonly [Node, Node, Node, Node] => {
    const { stage } = families[of.block];
    const first = stage(context, of, 1)(stem(context, of)(image));
    const second = stage(context, of, 2)(first);
    const third = stage(context, of, 3)(second);
    const fourth = stage(context, of, 4)(third);
    return [first, second, third, fourth];
  };

/** Side in pixels of what one value of the last map depends on. */
export const receptiveField = (of: Backbone): number => {
  const first = stemLayers(of).map(({ size }, i) => ({
    size,
    stride: i === 0 ? 2 : 1,
    dilation: 1,
  }));
  const pool = of.pool === "none" ? [] : [{ size: 3, stride: 2, dilation: 1 }];
  return field([
    ...first,
    ...pool,
    ...STAGES.flatMap((stage) => families[of.block].looks(of, stage)),
  ]);
};
