/** The families of backbones in numbers. A new one is a row of `families`, its key in `backbone.ts`, and a file in model/. */

type Stages<A> = readonly [A, A, A, A];

/** What a backbone is made of, whatever its stem, strides and dilations. */
export interface Body {
  readonly block: "basic" | "bottleneck" | "inverted";
  /** Blocks of each stage. */
  readonly blocks: Stages<number>;
  /** Planes of a ResNet's first stage; of other families, that of the ResNet beside which they stand. */
  readonly width: number;
}

/** What stands inside of a bottleneck in place of one plain convolution. */
export interface Inside {
  /** Groups of the 3×3 convolution, and the channels of each in the first stage. */
  readonly groups: { readonly count: number; readonly width: number } | null;
  readonly split_attention: { readonly radix: number; readonly reduction: number } | null;
}

/** Channels of a bottleneck's 3×3 convolution. */
export const innerChannels = (
  { width, groups }: Pick<Body, "width"> & Inside,
  stage: number,
): number => (groups === null ? width : groups.count * groups.width) * 2 ** (stage - 1);

/** Channels of the hidden layer of a bottleneck's attention (`SplitAttentionConv2d`). */
export const hiddenChannels = (inner: number, radix: number, reduction: number): number =>
  Math.max(32, Math.floor((inner * radix) / reduction));

/** The width at which channel counts are given, and with which they scale. */
export const PAPER_WIDTH = 64;

interface Family {
  /** Channels that leave each stage. */
  readonly channels: (width: number) => Stages<number>;
  /** What people call it. */
  readonly title: (of: Body & Inside) => string;
}

type Depth = 18 | 34 | 50 | 101 | 152 | 269;

/** Depths of He et al. 2016, and the 269 layers of the paper's best network. */
export const depths: Readonly<Record<Depth, Omit<Body, "width">>> = {
  18: { block: "basic", blocks: [2, 2, 2, 2] },
  34: { block: "basic", blocks: [3, 4, 6, 3] },
  50: { block: "bottleneck", blocks: [3, 4, 6, 3] },
  101: { block: "bottleneck", blocks: [3, 4, 23, 3] },
  152: { block: "bottleneck", blocks: [3, 8, 36, 3] },
  269: { block: "bottleneck", blocks: [3, 30, 48, 8] },
};

/** Channels at a block's end are multiples of its planes, and planes double from stage to stage. */
const resnet = (expansion: number): Family => ({
  channels: (width) => {
    const channels = (stage: number): number => width * 2 ** stage * expansion;
    return [channels(0), channels(1), channels(2), channels(3)];
  },
  title: ({ block, blocks, width, groups, split_attention }) => {
    const known = Object.entries(depths).find(
      ([, each]) => each.block === block && `${each.blocks}` === `${blocks}`,
    );
    const wide = width === PAPER_WIDTH ? "" : ` of width ${width}`;
    const name = split_attention !== null ? "ResNeSt" : groups !== null ? "ResNeXt" : "ResNet";
    const each = groups === null ? "" : ` ${groups.count}×${groups.width}d`;
    return `${known ? `${name}-${known[0]}` : `${name} [${blocks.join(", ")}] (${block})`}${each}${wide}`;
  },
});

/** Inverted residuals of one width, one after another. */
export interface Group {
  /** The four levels at which others read the network, as a ResNet's stages. */
  readonly stage: 1 | 2 | 3 | 4;
  /** Channels inside a block, in multiples of those that enter. */
  readonly expansion: number;
  /** At width 1. */
  readonly channels: number;
  readonly blocks: number;
  /** Whether its first block has the stage's stride. */
  readonly strides: boolean;
}

/** Sandler et al. 2018, table 2, up to the last inverted residual. */
export const mobilenetV2: readonly Group[] = [
  { stage: 1, expansion: 1, channels: 16, blocks: 1, strides: false },
  { stage: 1, expansion: 6, channels: 24, blocks: 2, strides: true },
  { stage: 2, expansion: 6, channels: 32, blocks: 3, strides: true },
  { stage: 3, expansion: 6, channels: 64, blocks: 4, strides: true },
  { stage: 3, expansion: 6, channels: 96, blocks: 3, strides: false },
  { stage: 4, expansion: 6, channels: 160, blocks: 3, strides: true },
  { stage: 4, expansion: 6, channels: 320, blocks: 1, strides: false },
];

/** A block of MobileNetV2 by its place in a stage (from 1): its group (from 1), and its place in that and in all. */
export const groupAt = (
  stage: number,
  block: number,
): { readonly group: number; readonly inGroup: number; readonly inAll: number } => {
  let [left, inAll] = [block, 0];
  for (const [i, { stage: at, blocks }] of mobilenetV2.entries()) {
    if (at === stage && left <= blocks) return { group: i + 1, inGroup: left, inAll: inAll + left };
    if (at === stage) left -= blocks;
    inAll += blocks;
  }
  return { group: 0, inGroup: 0, inAll: 0 };
};

/** Channels of MobileNets: the nearest multiple of 8, at least 8, and no more than a tenth below. */
export const inEights = (channels: number, width: number): number => {
  const wanted = (channels * width) / PAPER_WIDTH;
  const nearest = Math.max(8, 8 * Math.floor((wanted + 4) / 8));
  return nearest < 0.9 * wanted ? nearest + 8 : nearest;
};

/** Channels of the stem at width 1. */
export const MOBILENET_STEM = 32;

export const mobilenetBody = (multiplier: number): Body => {
  const blocks = (stage: number): number =>
    mobilenetV2.reduce((sum, group) => sum + (group.stage === stage ? group.blocks : 0), 0);
  return {
    block: "inverted",
    blocks: [blocks(1), blocks(2), blocks(3), blocks(4)],
    width: PAPER_WIDTH * multiplier,
  };
};

const mobilenet: Family = {
  channels: (width) => {
    const channels = (stage: number): number =>
      inEights(mobilenetV2.findLast((group) => group.stage === stage)?.channels ?? 0, width);
    return [channels(1), channels(2), channels(3), channels(4)];
  },
  title: ({ width }) =>
    `MobileNetV2${width === PAPER_WIDTH ? "" : ` × ${Number((width / PAPER_WIDTH).toPrecision(4))}`}`,
};

export const families: Readonly<Record<Body["block"], Family>> = {
  basic: resnet(1),
  bottleneck: resnet(4),
  inverted: mobilenet,
};

/** Channels that leave each stage. */
export const stageChannels = ({ block, width }: Pick<Body, "block" | "width">): Stages<number> =>
  families[block].channels(width);
