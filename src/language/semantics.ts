/**
 * The choices on which implementations of PSPNet disagree, as data: one field a choice, one column an
 * implementation. A preset is sugar: every field can be written in a spec by itself. Fields are named by the key
 * that they decide, which holds them to its own type; channel counts are those at width 64.
 */

/** The authors' PyTorch code: `model/pspnet.py`, `model/resnet.py`, `tool/train.py`, `tool/test.py`. */
const semseg = {
  /** Red, green, blue; on the scale 0 to 255. */
  "data.mean": [123.675, 116.28, 103.53],
  "data.std": [58.395, 57.12, 57.375],
  "model.align_corners": true,
  /** The three convolutions of the deep stem. */
  "model.backbone.stem": [64, 64, 128],
  "model.backbone.stride_site": "3x3",
  "model.backbone.first_dilation": "full",
  /** Of a basic block, where no reference but mmsegmentation and PaddleSeg has one. */
  "model.backbone.dilated": "both",
  /** Of a stage with stride 2; `averaged`: a mean of 2×2 before a 1×1 convolution of stride 1 (ResNet-D, `vd`). */
  "model.backbone.shortcut": "strided",
  "model.backbone.projection": "needed",
  "model.pyramid.order": "ascending",
  /** `levels`: ⌊C / number of bins⌋ channels a branch; `head`: the head's. */
  "model.pyramid.reduction": "levels",
  /** `features/4`: a quarter of the backbone's channels. */
  "model.head.channels": 512,
  /** `input/4`: a quarter of the channels of the stage that it reads. */
  "model.auxiliary.channels": 256,
  "model.dropout": "channels",
  "model.norm.momentum": 0.9,
  /** Before a norm, of the layers that are not the backbone. */
  "model.norm.bias": "none",
  "train.optimizer.sgd.decay": "all",
  "train.schedule.poly.end": 0,
  /** Of the layers that are not the backbone. */
  "train.multipliers.new": 10,
  /** Of the classifiers' biases, as a multiple of that. */
  "train.multipliers.bias": 1,
  "train.loss.mean_over": "valid",
  "evaluate.padding": "centre",
  /** Whole images; no reference but semseg and Caffe asks for their sizes. */
  "evaluate.grid": "8n+1",
  "evaluate.average": "probabilities",
  "evaluate.rounding": "nearest",
  "evaluate.absent_class": "zero",
} as const;

type Column = Readonly<Record<keyof typeof semseg, unknown>>;

/** The authors' first release: its prototxts and MATLAB evaluation. The stride site is ADE20K's. */
const caffe = {
  ...semseg,
  "model.backbone.stride_site": "1x1",
  "model.pyramid.order": "descending",
  "model.norm.momentum": 0.95,
  "train.optimizer.sgd.decay": "kernels",
  "evaluate.padding": "end",
} as const satisfies Column;

/** The paper's text; where it is silent, the release that its numbers were made with, on VOC and Cityscapes. */
const paper = { ...caffe, "model.backbone.stride_site": "3x3" } as const satisfies Column;

/**
 * `configs/_base_/models/pspnet_r50-d8.py` with ResNetV1c and its default schedule, and `pspnet_r18-d8` for basic
 * blocks (`mmseg/models/backbones/resnet.py`, `decode_heads/psp_head.py`).
 */
const mmseg = {
  ...semseg,
  "model.align_corners": false,
  "model.backbone.stem": [32, 32, 64],
  "model.backbone.first_dilation": "contracted",
  "model.backbone.dilated": "first",
  "model.pyramid.reduction": "head",
  "model.head.channels": "features/4",
  "model.auxiliary.channels": "input/4",
  "train.schedule.poly.end": 1e-4,
  "train.multipliers.new": 1,
  "train.loss.mean_over": "all",
  "evaluate.padding": "end",
  "evaluate.grid": "none",
  /** Logits where windows meet, probabilities of scales and mirrors (`segmentors/seg_tta.py`). */
  "evaluate.average": "by mode",
  "evaluate.absent_class": "skip",
} as const satisfies Column;

/**
 * `configs/pspnet` with ResNet_vd (`paddleseg/models/pspnet.py`, `backbones/resnet_vd.py`, `layers/pyramid_pool.py`;
 * `Normalize` of `transforms/transforms.py`). Its rate ends at 1e-5 on Cityscapes, at 0 on VOC.
 */
const paddleseg = {
  ...semseg,
  "data.mean": [127.5, 127.5, 127.5],
  "data.std": [127.5, 127.5, 127.5],
  "model.align_corners": false,
  "model.backbone.stem": [32, 32, 64],
  "model.backbone.shortcut": "averaged",
  "model.backbone.projection": "first",
  "model.pyramid.order": "descending",
  "model.head.channels": 1024,
  "model.auxiliary.channels": "input/4",
  "model.dropout": "elements",
  "model.norm.bias": "new",
  "train.schedule.poly.end": 1e-5,
  "train.multipliers.new": 1,
  "evaluate.padding": "end",
  "evaluate.grid": "none",
  "evaluate.average": "logits",
  "evaluate.absent_class": "one",
} as const satisfies Column;

export const presets = { paper, caffe, semseg, mmseg, paddleseg } as const;

export type Preset = keyof typeof presets;

/** One column: each field is what one of the implementations chose. */
export type Semantics = {
  readonly [F in keyof typeof semseg]: (typeof presets)[Preset][F];
};

export const presetNames = [
  "paper",
  "caffe",
  "semseg",
  "mmseg",
  "paddleseg",
] as const satisfies readonly Preset[];
