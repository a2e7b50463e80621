/** The stages of a dilated ResNet (paper section 3.3; He et al. 2015; Yu & Koltun 2016). */

import { add } from "../graph/compose.js";
import { sizesOf } from "../graph/op.js";
import { type Block, ofStage, type Stage } from "../graph/variable.js";
import { innerChannels } from "../language/family.js";
import type { Backbone } from "../normalize/experiment.js";
import {
  type Context,
  chain,
  convNorm,
  convNormThen,
  halveByMean,
  type Layer,
  poolByMean,
  rectifiers,
} from "./layer.js";
import { splitAttention } from "./split-attention.js";
import type { Looks } from "./stages.js";

type ResidualSite = Extract<Block, { stage: Stage }>;
type Kind = "basic" | "bottleneck";

/** Channels at a block's end, in multiples of its planes. */
const expansion: Readonly<Record<Kind, number>> = { basic: 1, bottleneck: 4 };

/** What a residual block is made of, and where it stands. */
interface Residual {
  readonly at: ResidualSite;
  readonly planes: number;
  readonly stride: number;
  readonly dilation: number;
}

const same: Layer = (x) => x;

const branch: Readonly<Record<Kind, (context: Context, of: Backbone, block: Residual) => Layer>> = {
  basic: (context, { dilated, activation }, { at, planes, stride, dilation }) => {
    const second = dilated === "both" ? dilation : 1;
    const convNormRelu = convNormThen(rectifiers[activation]);
    return chain(
      convNormRelu(context, { ...at, layer: 1 }, { channels: planes, size: 3, stride, dilation }),
      convNorm(context, { ...at, layer: 2 }, { channels: planes, size: 3, dilation: second }),
    );
  },
  bottleneck: (context, of, { at, planes, stride, dilation }) => {
    const convNormRelu = convNormThen(rectifiers[of.activation]);
    const channels = innerChannels(of, at.stage);
    const by = (site: Backbone["stride_site"]): number => (of.stride_site === site ? stride : 1);
    const window = { stride: by("3x3"), dilation };
    const wide = { channels, size: 3, groups: of.groups?.count ?? 1, ...window };
    return chain(
      convNormRelu(context, { ...at, layer: 1 }, { channels, size: 1, stride: by("1x1") }),
      of.split_attention === null
        ? convNormRelu(context, { ...at, layer: 2 }, wide)
        : splitAttention(context, of, of.split_attention, { at, ...window }),
      by("pool") > 1 ? poolByMean(stride) : same,
      convNorm(context, { ...at, layer: 3 }, { channels: planes * expansion.bottleneck, size: 1 }),
    );
  },
};

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
  (context: Context, of: Backbone, kind: Kind, block: Residual): Layer =>
  (x) => {
    const channels = block.planes * expansion[kind];
    const changes = block.stride > 1 || sizesOf(x, 4)[3] !== channels;
    const isProjected = changes || (of.projection === "first" && block.at.block === 1);
    const shortcut = isProjected ? projected(context, of, block, channels) : same;
    const rectify = rectifiers[of.activation];
    return rectify(add(branch[kind](context, of, block)(x), shortcut(x)));
  };

/** Stride and dilation of a stage's blocks. */
const windows = (of: Backbone, stage: Stage): readonly { stride: number; dilation: number }[] => {
  const dilation = ofStage(of.dilations, stage);
  const first =
    of.first_dilation === "contracted" ? Math.max(1, Math.floor(dilation / 2)) : dilation;
  const others = of.dilated_blocks === "all" ? dilation : 1;
  return Array.from({ length: ofStage(of.blocks, stage) }, (_, i) =>
    i === 0
      ? { stride: ofStage(of.strides, stage), dilation: first }
      : { stride: 1, dilation: others },
  );
};

const kindOf = ({ block }: Backbone): Kind => (block === "basic" ? "basic" : "bottleneck");

/** A dilated stage usually keeps its stride at 1 and sees as far by dilation instead. */
export const stage = (context: Context, of: Backbone, stage: Stage): Layer => {
  const planes = of.width * 2 ** (stage - 1);
  const blocks = windows(of, stage).map((window, i) => {
    const at = { part: "backbone", stage, block: i + 1 } as const;
    return residual(context, of, kindOf(of), { at, planes, ...window });
  });
  return chain(...blocks);
};

export const looks = (of: Backbone, stage: Stage): Looks =>
  windows(of, stage).flatMap(({ stride, dilation }) => {
    const wide = { size: 3, stride, dilation };
    if (kindOf(of) === "basic")
      return [wide, { size: 3, stride: 1, dilation: of.dilated === "first" ? 1 : dilation }];
    const plain = { ...wide, stride: 1 };
    const looks: Readonly<Record<Backbone["stride_site"], Looks>> = {
      "3x3": [wide],
      "1x1": [{ size: 1, stride, dilation: 1 }, plain],
      pool: stride > 1 ? [plain, { size: 3, stride, dilation: 1 }] : [plain],
    };
    return looks[of.stride_site];
  });
