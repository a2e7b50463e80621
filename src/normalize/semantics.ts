/**
 * The choices on which implementations of PSPNet disagree, as data: one field a choice, one column an
 * implementation. A preset is sugar: every field can be written in a spec by itself.
 */

import type { Preset } from "../language/spec.js";
import type { Backbone, Evaluate, Model, Pyramid, Train } from "./experiment.js";

/** Fields are named by the path at which a spec writes them; channel counts are those at width 64. */
export interface Semantics {
  readonly "model.align_corners": Model["align_corners"];
  /** The three convolutions of the deep stem. */
  readonly "model.backbone.stem": readonly [number, number, number];
  readonly "model.backbone.stride_site": Backbone["stride_site"];
  readonly "model.backbone.first_dilation": Backbone["first_dilation"];
  readonly "model.pyramid.order": Pyramid["order"];
  /** `levels`: ⌊C / number of bins⌋ channels a branch. */
  readonly "model.pyramid.reduction": "levels" | { readonly channels: number };
  readonly "model.head.channels": number;
  readonly "model.norm.momentum": number;
  readonly "train.optimizer.sgd.decay": Train["optimizer"]["decay"];
  readonly "train.schedule.poly.end": number;
  /** Of the layers that are not the backbone. */
  readonly "train.multipliers.new": number;
  /** Of the classifiers' biases, as a multiple of that. */
  readonly "train.multipliers.bias": number;
  readonly "train.loss.mean_over": Train["loss"]["mean_over"];
  readonly "evaluate.padding": Evaluate["padding"];
  readonly "evaluate.average": Evaluate["average"];
  readonly "evaluate.rounding": Evaluate["rounding"];
  readonly "evaluate.absent_class": Evaluate["absent_class"];
}

/** The authors' PyTorch code: `model/pspnet.py`, `model/resnet.py`, `tool/train.py`, `tool/test.py`. */
const semseg: Semantics = {
  "model.align_corners": true,
  "model.backbone.stem": [64, 64, 128],
  "model.backbone.stride_site": "3x3",
  "model.backbone.first_dilation": "full",
  "model.pyramid.order": "ascending",
  "model.pyramid.reduction": "levels",
  "model.head.channels": 512,
  "model.norm.momentum": 0.9,
  "train.optimizer.sgd.decay": "all",
  "train.schedule.poly.end": 0,
  "train.multipliers.new": 10,
  "train.multipliers.bias": 1,
  "train.loss.mean_over": "valid",
  "evaluate.padding": "centre",
  "evaluate.average": "probabilities",
  "evaluate.rounding": "nearest",
  "evaluate.absent_class": "zero",
};

/** The authors' first release: its prototxts and MATLAB evaluation. The stride site is ADE20K's. */
const caffe: Semantics = {
  ...semseg,
  "model.backbone.stride_site": "1x1",
  "model.pyramid.order": "descending",
  "model.norm.momentum": 0.95,
  "train.optimizer.sgd.decay": "kernels",
  "evaluate.padding": "end",
};

/** The paper's text; where it is silent, the release that its numbers were made with, on VOC and Cityscapes. */
const paper: Semantics = { ...caffe, "model.backbone.stride_site": "3x3" };

/** `configs/_base_/models/pspnet_r50-d8.py` with ResNetV1c and its default schedule. */
const mmseg: Semantics = {
  ...semseg,
  "model.align_corners": false,
  "model.backbone.stem": [32, 32, 64],
  "model.backbone.first_dilation": "contracted",
  "model.pyramid.reduction": { channels: 512 },
  "train.schedule.poly.end": 1e-4,
  "train.multipliers.new": 1,
  "train.loss.mean_over": "all",
  "evaluate.padding": "end",
  "evaluate.average": "logits",
  "evaluate.absent_class": "skip",
};

/** `configs/pspnet` with ResNet_vd; its average-pooling shortcuts have no counterpart here. */
const paddleseg: Semantics = {
  ...semseg,
  "model.align_corners": false,
  "model.backbone.stem": [32, 32, 64],
  "model.pyramid.order": "descending",
  "model.head.channels": 1024,
  "train.schedule.poly.end": 1e-5,
  "train.multipliers.new": 1,
  "evaluate.padding": "end",
  "evaluate.average": "logits",
  "evaluate.absent_class": "one",
};

export const semantics: Readonly<Record<Preset, Semantics>> = {
  paper,
  caffe,
  semseg,
  mmseg,
  paddleseg,
};
