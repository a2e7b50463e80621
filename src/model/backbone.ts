/** The backbone: a dilated ResNet (paper section 3.3; He et al. 2015; Yu & Koltun 2016). */

import { add, maxPool, padding, relu } from "../graph/compose.js";
import { type Node, sizesOf } from "../graph/op.js";
import { type Block, type LayerSite, ofStage, type Stage } from "../graph/variable.js";
import type { Backbone } from "../normalize/experiment.js";
import { type Context, chain, convNorm, convNormRelu, halveByMean, type Layer } from "./layer.js";

type ResidualSite = Extract<Block, { stage: Stage }>;

/** Channels at a block's end, in multiples of its planes. */
const expansion: Readonly<Record<Backbone["block"], number>> = { basic: 1, bottleneck: 4 };

/** What a residual block is made of, and where it stands. */
interface Residual {
  readonly at: ResidualSite;
  readonly planes: number;
  readonly stride: number;
  readonly dilation: number;
}

const stemSite = (layer: number): LayerSite => ({ part: "backbone", stage: 0, layer });

/** Output stride 4: three 3×3 or one 7×7 convolution, the first of stride 2, then max pooling of stride 2. */
const stem = (context: Context, { stem: of }: Backbone): Layer => {
  const convolutions =
    of.kind === "deep"
      ? of.channels.map((channels, i) =>
          convNormRelu(context, stemSite(i + 1), { channels, size: 3, stride: i === 0 ? 2 : 1 }),
        )
      : [convNormRelu(context, stemSite(1), { channels: of.channels, size: 7, stride: 2 })];
  return chain(...convolutions, (x) => maxPool(x, [3, 3], [2, 2], padding(1)));
};

const branch: Readonly<
  Record<Backbone["block"], (context: Context, of: Backbone, block: Residual) => Layer>
> = {
  basic: (context, { dilated }, { at, planes, stride, dilation }) => {
    const second = dilated === "both" ? dilation : 1;
    return chain(
      convNormRelu(context, { ...at, layer: 1 }, { channels: planes, size: 3, stride, dilation }),
      convNorm(context, { ...at, layer: 2 }, { channels: planes, size: 3, dilation: second }),
    );
  },
  bottleneck: (context, { stride_site }, { at, planes, stride, dilation }) => {
    const [outer, inner] = stride_site === "1x1" ? [stride, 1] : [1, stride];
    return chain(
      convNormRelu(context, { ...at, layer: 1 }, { channels: planes, size: 1, stride: outer }),
      convNormRelu(
        context,
        { ...at, layer: 2 },
        { channels: planes, size: 3, stride: inner, dilation },
      ),
      convNorm(context, { ...at, layer: 3 }, { channels: planes * expansion.bottleneck, size: 1 }),
    );
  },
};

const same: Layer = (x) => x;

/** He et al. 2016 stride the convolution; ResNet-D (He et al. 2019, figure 2c) looks at every pixel. */
const projected = (
  context: Context,
  { shortcut }: Backbone,
  { at, stride }: Residual,
  channels: number,
): Layer => {
  const site = { ...at, layer: "shortcut" } as const;
  return shortcut === "averaged" && stride > 1
    ? chain(halveByMean, convNorm(context, site, { channels, size: 1 }))
    : convNorm(context, site, { channels, size: 1, stride });
};

/** A residual block. */
const residual =
  (context: Context, of: Backbone, block: Residual): Layer =>
  (x) => {
    const channels = block.planes * expansion[of.block];
    const changes = block.stride > 1 || sizesOf(x, 4)[3] !== channels;
    const isProjected = changes || (of.projection === "first" && block.at.block === 1);
    const shortcut = isProjected ? projected(context, of, block, channels) : same;
    return relu(add(branch[of.block](context, of, block)(x), shortcut(x)));
  };

/** A dilated stage keeps its stride at 1 and sees as far by dilation instead. */
const stageLayers = (context: Context, of: Backbone, stage: Stage): Layer => {
  const dilation = ofStage(of.dilations, stage);
  const planes = of.width * 2 ** (stage - 1);
  const stride = stage === 1 || dilation > 1 ? 1 : 2;
  const first =
    of.first_dilation === "contracted" ? Math.max(1, Math.floor(dilation / 2)) : dilation;
  const blocks = Array.from({ length: ofStage(of.blocks, stage) }, (_, i) =>
    residual(context, of, {
      at: { part: "backbone", stage, block: i + 1 },
      planes,
      stride: i === 0 ? stride : 1,
      dilation: i === 0 ? first : dilation,
    }),
  );
  return chain(...blocks);
};

/** Outputs of the four stages: `[N, H/4, W/4, ·]` first, the feature map `[N, H/os, W/os, C]` last. */
export const backbone =
  (context: Context, of: Backbone) =>
  (image: Node): readonly [Node, Node, Node, Node] => {
    const first = stageLayers(context, of, 1)(stem(context, of)(image));
    const second = stageLayers(context, of, 2)(first);
    const third = stageLayers(context, of, 3)(second);
    const fourth = stageLayers(context, of, 4)(third);
    return [first, second, third, fourth];
  };
