/** A dilated ResNet (paper section 3.3; He et al. 2015; Yu & Koltun 2016): an image enters, the stages' maps leave. */

import { add, maxPool, padding, relu } from "../graph/compose.js";
import { type Node, shapeOf } from "../graph/op.js";
import type { Backbone } from "../normalize/experiment.js";
import { type Context, chain, convNorm, convNormRelu, type Layer } from "./layer.js";

/** Channels at a block's end, in multiples of its planes. */
const expansion: Readonly<Record<Backbone["block"], number>> = { basic: 1, bottleneck: 4 };

interface Block {
  readonly planes: number;
  readonly stride: number;
  readonly dilation: number;
}

/** Output stride 4: three 3×3 or one 7×7 convolution, the first of stride 2, then max pooling of stride 2. */
const stem = (context: Context, { stem: of }: Backbone): Layer => {
  const convolutions =
    of.kind === "deep"
      ? of.channels.map((channels, i) =>
          convNormRelu(context, `backbone.stem${i + 1}`, {
            channels,
            size: 3,
            stride: i === 0 ? 2 : 1,
          }),
        )
      : [convNormRelu(context, "backbone.stem1", { channels: of.channels, size: 7, stride: 2 })];
  return chain(...convolutions, (x) => maxPool(x, [3, 3], [2, 2], padding(1)));
};

const branch: Readonly<
  Record<Backbone["block"], (context: Context, name: string, of: Backbone, block: Block) => Layer>
> = {
  basic: (context, name, _, { planes, stride, dilation }) =>
    chain(
      convNormRelu(context, `${name}.1`, { channels: planes, size: 3, stride, dilation }),
      convNorm(context, `${name}.2`, { channels: planes, size: 3, dilation }),
    ),
  bottleneck: (context, name, { stride_site }, { planes, stride, dilation }) => {
    const [outer, inner] = stride_site === "1x1" ? [stride, 1] : [1, stride];
    return chain(
      convNormRelu(context, `${name}.1`, { channels: planes, size: 1, stride: outer }),
      convNormRelu(context, `${name}.2`, { channels: planes, size: 3, stride: inner, dilation }),
      convNorm(context, `${name}.3`, { channels: planes * expansion.bottleneck, size: 1 }),
    );
  },
};

/** A residual block; the shortcut is projected where size or channels change. */
const residual =
  (context: Context, name: string, of: Backbone, block: Block): Layer =>
  (x) => {
    const channels = block.planes * expansion[of.block];
    const same = block.stride === 1 && shapeOf(x)[3] === channels;
    const shortcut: Layer = same
      ? (y) => y
      : convNorm(context, `${name}.shortcut`, { channels, size: 1, stride: block.stride });
    return relu(add(branch[of.block](context, name, of, block)(x), shortcut(x)));
  };

/** Stage `index` (0–3). A dilated stage keeps its stride at 1 and sees as far by dilation instead. */
const stage = (context: Context, of: Backbone, index: number): Layer => {
  const dilation = of.dilations[index];
  const planes = of.width * 2 ** index;
  const stride = index === 0 || dilation > 1 ? 1 : 2;
  const first =
    of.first_dilation === "contracted" ? Math.max(1, Math.floor(dilation / 2)) : dilation;
  const blocks = Array.from({ length: of.blocks[index] }, (_, i) =>
    residual(context, `backbone.stage${index + 1}.block${i + 1}`, of, {
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
  (image: Node): readonly Node[] => {
    const stages: Node[] = [];
    for (const index of of.blocks.keys()) {
      stages.push(stage(context, of, index)(stages.at(-1) ?? stem(context, of)(image)));
    }
    return stages;
  };
