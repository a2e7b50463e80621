/** What other programs call the layers of a PSPNet, as data. */

import type { Word } from "../graph/variable.js";
import type { Backbone } from "../normalize/experiment.js";
import {
  type Attention,
  type Mobile,
  mmobile,
  ourAttention,
  ourLayer,
  ourMobile,
  type Pair,
  resnest,
  torchMobile,
} from "./names-blocks.js";

interface Classifier {
  readonly fuse: Pair;
  readonly classifier: string;
}

export type { Pair };

export interface NameMap {
  readonly name: string;
  /** Whose names they are. */
  readonly of: string;
  /** `null` where the program has no such stem. */
  readonly deep: readonly [Pair, Pair, Pair] | null;
  readonly conv7: Pair | null;
  readonly block: Pair;
  readonly shortcut: Pair;
  /** Where the shortcut averages before its convolution; `null` where the program has no such network. */
  readonly averaged: Pair | null;
  /** A bottleneck's split attention; `null` where the program has no such network, or nobody has looked. */
  readonly attention: Attention | null;
  /** `null` where the program has no such network, or nobody has looked. */
  readonly mobile: Mobile | null;
  /** `null` where the map is of backbones alone. */
  readonly rest: {
    readonly bin: Pair;
    readonly head: Classifier;
    readonly auxiliary: Classifier;
  } | null;
  /** Last words, by ours. */
  readonly words: Readonly<Record<Word, string>>;
  /** How kernels lie: ours are [height, width, in, out]. */
  readonly kernels: "HWIO" | "OIHW";
  /** How the program's network differs from a spec's of this shortcut although every tensor fits. */
  readonly caution: { readonly of: Backbone["shortcut"]; readonly words: string } | null;
}

const torch = {
  words: {
    kernel: "weight",
    bias: "bias",
    scale: "weight",
    shift: "bias",
    mean: "running_mean",
    variance: "running_var",
  },
  kernels: "OIHW",
  block: ["layer{s}.{b}.conv{k}", "layer{s}.{b}.bn{k}"],
  shortcut: ["layer{s}.{b}.downsample.0", "layer{s}.{b}.downsample.1"],
  averaged: null,
  attention: null,
  mobile: null,
  caution: null,
} as const;

/** A sequence in which the average pooling comes first. */
const pooledFirst: Pair = ["layer{s}.{b}.downsample.1", "layer{s}.{b}.downsample.2"];

const ourShortcut: Pair = [
  "backbone.stage{s}.block{B}.shortcut.conv",
  "backbone.stage{s}.block{B}.shortcut.norm",
];

const ours: NameMap = {
  name: "pspc",
  of: "pspc",
  deep: [
    ["backbone.stem1.conv", "backbone.stem1.norm"],
    ["backbone.stem2.conv", "backbone.stem2.norm"],
    ["backbone.stem3.conv", "backbone.stem3.norm"],
  ],
  conv7: ["backbone.stem1.conv", "backbone.stem1.norm"],
  block: ourLayer,
  shortcut: ourShortcut,
  averaged: ourShortcut,
  attention: ourAttention,
  mobile: ourMobile,
  rest: {
    bin: ["pyramid.bin{n}.conv", "pyramid.bin{n}.norm"],
    head: { fuse: ["head.fuse.conv", "head.fuse.norm"], classifier: "head.classifier" },
    auxiliary: {
      fuse: ["auxiliary.fuse.conv", "auxiliary.fuse.norm"],
      classifier: "auxiliary.classifier",
    },
  },
  words: {
    kernel: "kernel",
    bias: "bias",
    scale: "scale",
    shift: "shift",
    mean: "mean",
    variance: "variance",
  },
  kernels: "HWIO",
  caution: null,
};

/** The authors' `model/pspnet.py`: stem and layers lie in a sequence, with ReLUs between. */
const semseg: NameMap = {
  ...torch,
  name: "semseg",
  of: "the authors' PyTorch code (hszhao/semseg)",
  deep: [
    ["layer0.0", "layer0.1"],
    ["layer0.3", "layer0.4"],
    ["layer0.6", "layer0.7"],
  ],
  conv7: ["layer0.0", "layer0.1"],
  rest: {
    bin: ["ppm.features.{i}.1", "ppm.features.{i}.2"],
    head: { fuse: ["cls.0", "cls.1"], classifier: "cls.4" },
    auxiliary: { fuse: ["aux.0", "aux.1"], classifier: "aux.4" },
  },
};

/**
 * `torchvision.models.resnet`, the encoders of segmentation_models_pytorch, and the deep-stem ResNets of semseg's
 * `model/resnet.py`, which count on.
 */
const torchvision: NameMap = {
  ...torch,
  name: "torchvision",
  of: "torchvision's ResNets, or semseg's with a deep stem",
  deep: [
    ["conv1", "bn1"],
    ["conv2", "bn2"],
    ["conv3", "bn3"],
  ],
  conv7: ["conv1", "bn1"],
  mobile: torchMobile,
  rest: null,
};

/** `ResNetV1c` and `V1d` alone, as OpenMMLab publishes them for a start; with a 7×7 stem: torchvision's names. */
const openmmlab: NameMap = {
  ...torchvision,
  name: "openmmlab",
  of: "OpenMMLab's ResNets",
  deep: [
    ["stem.0", "stem.1"],
    ["stem.3", "stem.4"],
    ["stem.6", "stem.7"],
  ],
  averaged: pooledFirst,
  attention: resnest(""),
  mobile: mmobile(""),
};

const behind = (prefix: string, [convolution, norm]: Pair): Pair => [
  prefix + convolution,
  prefix + norm,
];

/** `PSPHead` and `FCNHead` over `ResNetV1c` or `V1d` (deep), or `ResNet`. */
const mmseg: NameMap = {
  ...torch,
  name: "mmseg",
  of: "mmsegmentation",
  deep: [
    ["backbone.stem.0", "backbone.stem.1"],
    ["backbone.stem.3", "backbone.stem.4"],
    ["backbone.stem.6", "backbone.stem.7"],
  ],
  conv7: ["backbone.conv1", "backbone.bn1"],
  block: behind("backbone.", torch.block),
  shortcut: behind("backbone.", torch.shortcut),
  averaged: behind("backbone.", pooledFirst),
  attention: resnest("backbone."),
  mobile: mmobile("backbone."),
  rest: {
    bin: ["decode_head.psp_modules.{i}.1.conv", "decode_head.psp_modules.{i}.1.bn"],
    head: {
      fuse: ["decode_head.bottleneck.conv", "decode_head.bottleneck.bn"],
      classifier: "decode_head.conv_seg",
    },
    auxiliary: {
      fuse: ["auxiliary_head.convs.0.conv", "auxiliary_head.convs.0.bn"],
      classifier: "auxiliary_head.conv_seg",
    },
  },
};

/** `timm.models.resnet`: the deep stem is a sequence, its last norm outside of it. */
const timm: NameMap = {
  ...torchvision,
  name: "timm",
  of: "timm's ResNets",
  deep: [
    ["conv1.0", "conv1.1"],
    ["conv1.3", "conv1.4"],
    ["conv1.6", "bn1"],
  ],
  averaged: pooledFirst,
  attention: resnest(""),
};

const paddleShortcut: Pair = ["bb_{t}_{b}.short._conv", "bb_{t}_{b}.short._batch_norm"];

/** `ResNet_vd` of PaddleSeg and PaddleClas, alone. */
const paddle: NameMap = {
  ...torch,
  name: "paddle",
  of: "PaddlePaddle's ResNets (vd)",
  deep: [
    ["conv1_1._conv", "conv1_1._batch_norm"],
    ["conv1_2._conv", "conv1_2._batch_norm"],
    ["conv1_3._conv", "conv1_3._batch_norm"],
  ],
  conv7: null,
  block: ["bb_{t}_{b}.conv{j}._conv", "bb_{t}_{b}.conv{j}._batch_norm"],
  shortcut: paddleShortcut,
  averaged: paddleShortcut,
  rest: null,
  words: { ...torch.words, mean: "_mean", variance: "_variance" },
  caution: {
    of: "strided",
    words:
      "PaddlePaddle's `vd` ResNets average 2×2 pixels before the shortcut of a stage with stride 2; the spec's network does not, so it answers differently: `model.backbone.shortcut: averaged` does as they do",
  },
};

/** PaddleSeg's `PSPNet` over `ResNet_vd`. */
const paddleseg: NameMap = {
  ...paddle,
  name: "paddleseg",
  of: "PaddleSeg",
  deep: [
    ["backbone.conv1_1._conv", "backbone.conv1_1._batch_norm"],
    ["backbone.conv1_2._conv", "backbone.conv1_2._batch_norm"],
    ["backbone.conv1_3._conv", "backbone.conv1_3._batch_norm"],
  ],
  block: behind("backbone.", paddle.block),
  shortcut: behind("backbone.", paddleShortcut),
  averaged: behind("backbone.", paddleShortcut),
  rest: {
    bin: ["head.psp_module.stages.{i}.1._conv", "head.psp_module.stages.{i}.1._batch_norm"],
    head: {
      fuse: ["head.psp_module.conv_bn_relu2._conv", "head.psp_module.conv_bn_relu2._batch_norm"],
      classifier: "head.conv",
    },
    auxiliary: {
      fuse: ["head.auxlayer.conv_bn_relu._conv", "head.auxlayer.conv_bn_relu._batch_norm"],
      classifier: "head.auxlayer.conv",
    },
  },
};

/** `keras.applications.resnet`: kernels lie as ours do. */
const keras: NameMap = {
  name: "keras",
  of: "Keras's ResNets",
  deep: null,
  conv7: ["conv1_conv", "conv1_bn"],
  block: ["conv{S}_block{B}_{k}_conv", "conv{S}_block{B}_{k}_bn"],
  shortcut: ["conv{S}_block{B}_0_conv", "conv{S}_block{B}_0_bn"],
  averaged: null,
  attention: null,
  mobile: null,
  rest: null,
  words: {
    kernel: "kernel",
    bias: "bias",
    scale: "gamma",
    shift: "beta",
    mean: "moving_mean",
    variance: "moving_variance",
  },
  kernels: "HWIO",
  caution: null,
};

/** Where two fit equally well, the first is taken. */
export const nameMaps: readonly [NameMap, ...NameMap[]] = [
  ours,
  semseg,
  torchvision,
  mmseg,
  timm,
  openmmlab,
  paddleseg,
  paddle,
  keras,
];
