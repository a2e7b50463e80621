/** What other programs call the layers of a MobileNetV2 and of split attention, as data. */

/**
 * A convolution and its norm. In templates `{s}` is a stage, `{B}` a block, `{k}` a convolution and `{n}` the size of a
 * bin, all from 1; `{t}`, `{b}`, `{j}` and `{i}` (a bin's place) count the same from 0; `{S}` counts the stem as stage 1.
 */
export type Pair = readonly [convolution: string, norm: string];

/**
 * MobileNetV2. `{L}` is a group of one width, `{b}` a block in it from 0, `{f}` a block among all from 1. Its first block
 * expands nothing, which some programs' counting shows.
 */
export interface Mobile {
  readonly stem: Pair;
  /** Expansion, depthwise and linear convolution. */
  readonly layers: readonly [Pair, Pair, Pair];
  /** Of the first block: depthwise and linear. */
  readonly first: readonly [Pair, Pair];
}

/** `torchvision.models.mobilenet_v2`. */
export const torchMobile: Mobile = {
  stem: ["features.0.0", "features.0.1"],
  layers: [
    ["features.{f}.conv.0.0", "features.{f}.conv.0.1"],
    ["features.{f}.conv.1.0", "features.{f}.conv.1.1"],
    ["features.{f}.conv.2", "features.{f}.conv.3"],
  ],
  first: [
    ["features.{f}.conv.0.0", "features.{f}.conv.0.1"],
    ["features.{f}.conv.1", "features.{f}.conv.2"],
  ],
};

/** OpenMMLab's `InvertedResidual`: a sequence of `ConvModule`s. */
export const mmobile = (prefix: string): Mobile => {
  const at = (j: number): Pair => [
    `${prefix}layer{L}.{b}.conv.${j}.conv`,
    `${prefix}layer{L}.{b}.conv.${j}.bn`,
  ];
  return {
    stem: [`${prefix}conv1.conv`, `${prefix}conv1.bn`],
    layers: [at(0), at(1), at(2)],
    first: [at(0), at(1)],
  };
};

/** A bottleneck's split attention: its convolution, and the two of what weighs the splits, the last without a norm. */
export type Attention = Readonly<Record<"splits" | "squeeze" | "excite", Pair>>;

/** ResNeSt's code, and all that followed it. */
export const resnest = (prefix: string): Attention => {
  const of = `${prefix}layer{s}.{b}.conv2`;
  return {
    splits: [`${of}.conv`, `${of}.bn0`],
    squeeze: [`${of}.fc1`, `${of}.bn1`],
    excite: [`${of}.fc2`, `${of}.fc2`],
  };
};

export const ourLayer: Pair = [
  "backbone.stage{s}.block{B}.{k}.conv",
  "backbone.stage{s}.block{B}.{k}.norm",
];

export const ourMobile: Mobile = {
  stem: ["backbone.stem1.conv", "backbone.stem1.norm"],
  layers: [ourLayer, ourLayer, ourLayer],
  first: [ourLayer, ourLayer],
};

export const ourAttention: Attention = {
  splits: ourLayer,
  squeeze: ["backbone.stage{s}.block{B}.squeeze.conv", "backbone.stage{s}.block{B}.squeeze.norm"],
  excite: ["backbone.stage{s}.block{B}.excite.conv", "backbone.stage{s}.block{B}.excite.norm"],
};
