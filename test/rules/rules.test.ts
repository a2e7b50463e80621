/** Every rule, on both sides of each of its bounds. A rule without cases here is a type error. */

import { describe, expect, test } from "vitest";
import { type Diagnostic, formatPath } from "../../src/diagnostic/diagnostic.js";
import type { Spec } from "../../src/language/spec.js";
import type { Augmentation, Evaluate, Experiment } from "../../src/normalize/experiment.js";
import type { Facts, Rule, SpecRule } from "../../src/rules/rule.js";
import { dataRules, rules, specRules, validate, validateData } from "../../src/rules/rules.js";
import { type Differs, off, tiny } from "../oracle/experiment.js";

/** `E0503 model.pyramid.bins[3]`: what is found, and the path that is blamed. */
const told = (found: readonly Diagnostic[]): readonly string[] =>
  found.map(({ code, primary }) => `${code} ${formatPath(primary.path)}`);

type Case = readonly [what: string, differs: Differs, expected: readonly string[], facts?: Facts];

const labels = (...classes: readonly (number | "ignore")[]) =>
  new Map(classes.map((each, value) => [value, each]));
const scale = (min: number, max: number): Augmentation => ({
  op: "scale",
  min,
  max,
  aspect: 1,
  step: null,
  base: null,
});
const distort = (contrast: readonly [number, number]): Augmentation => ({
  op: "distort",
  brightness: 32,
  contrast,
  saturation: [0.5, 1.5],
  hue: 36,
});
const rotate = (min: number, max: number): Augmentation => ({
  op: "rotate",
  min,
  max,
  probability: 0.5,
  border: "mean",
});
const mirror: Augmentation = { op: "mirror", probability: 0.5 };
const blur: Augmentation = { op: "blur", probability: 0.5 };
const limit: Augmentation = { op: "crop", max_share: 0.75 };
const folders = { images: "images", labels: "labels", suffix: "" };
const share = (part: number, together: string | null = null) => ({
  share: part,
  together,
  seed: 0,
});
const slide = (window: readonly [number, number]): Partial<Evaluate> => ({
  mode: "slide",
  window,
});
const mobilenet = { block: "inverted", blocks: [3, 3, 7, 4] } as const;
const adamw = { betas: [0.9, 0.999], epsilon: 1e-8, weight_decay: 0.01, decay: "all" } as const;
const stepped = (...at: number[]) => ({ kind: "milestones", base: 0.01, at, factor: 0.1 }) as const;
const warmed = (steps: number) =>
  ({ kind: "warmup", steps, from: 0, schedule: { kind: "constant", base: 0.01 } }) as const;
const split = { block: "bottleneck", split_attention: { radix: 2, reduction: 4 } } as const;
const contracted = { block: "bottleneck", first_dilation: "contracted" } as const;
const weights = { file: "/start.safetensors", only: "all", replace: "none" } as const;
const auxiliary = (after: number, weight = 0.4) => ({
  auxiliary: { after, channels: 6, dropout: 0, weight },
});
const weightsOf = (...class_weights: readonly number[]): Differs => ({
  classes: 3,
  loss: { class_weights },
});

const cases: { readonly [K in keyof typeof rules]: readonly Case[] } = {
  splitForm: [
    ["a name in a list", { data: { train: "train.txt", val: "val.txt" } }, []],
    ["two folders in folders", { data: { layout: "folders", train: folders } }, []],
    ["a share in either", { data: { val: share(0.2), test: share(0.1) } }, []],
    ["two folders in a list", { data: { train: folders } }, ["E0552 data.train"]],
    [
      "names in folders",
      { data: { layout: "folders", train: folders, val: "val", test: "test" } },
      ["E0552 data.val", "E0552 data.test"],
    ],
  ],
  sharesLeaveSome: [
    ["none", { data: { val: "v.txt", test: null } }, []],
    ["three quarters in all", { data: { val: share(0.5), test: share(0.25) } }, []],
    ["a half, and another split", { data: { val: share(0.5), test: "t.txt" } }, []],
    ["two halves", { data: { val: share(0.5), test: share(0.5) } }, ["E0558 data.val"]],
  ],
  togetherPattern: [
    ["none", { data: { val: share(0.5) } }, []],
    ["a group", { data: { val: share(0.5, "^(seq\\d+)_") } }, []],
    ["an open group", { data: { val: share(0.5, "(seq") } }, ["E0559 data.val.together"]],
    ["one in the test split", { data: { test: share(0.5, "[") } }, ["E0559 data.test.together"]],
  ],
  classNames: [
    ["names that differ", { data: { classes: ["a", "b"] } }, []],
    ["a name again", { data: { classes: ["a", "b", "a"] } }, ["E0517 data.classes[2]"]],
    ["`ignore`", { data: { classes: ["a", "ignore"] } }, ["E0518 data.classes[1]"]],
  ],
  classCount: [
    ["19 of Cityscapes", { classes: 19, data: { label_map: "labelTrainIds" } }, []],
    ["18", { classes: 18, data: { label_map: "labelTrainIds" } }, ["E0550 data.classes"]],
    ["20", { classes: 20, data: { label_map: "labelTrainIds" } }, ["E0550 data.classes"]],
    ["18 with a map of the author's", { classes: 18 }, []],
  ],
  classLabels: [
    ["a value each", { classes: 2, data: { labels: labels(1, 0) } }, []],
    ["none of the second", { classes: 2, data: { labels: labels(0) } }, ["E0519 data.classes[1]"]],
    [
      "none of a name that is there twice, or is called `ignore`",
      { data: { classes: ["a", "a", "ignore"], labels: labels(0, "ignore") } },
      [],
    ],
    ["none, of a built-in map", { classes: 2, data: { label_map: "voc", labels: labels(0) } }, []],
  ],
  paletteCount: [
    ["none", { classes: 2 }, []],
    ["as many", { classes: 2, data: { palette: Array(2).fill([0, 0, 0]) } }, []],
    ["one too few", { classes: 2, data: { palette: [[0, 0, 0]] } }, ["E0551 data.palette"]],
    [
      "one too many",
      { classes: 2, data: { palette: Array(3).fill([0, 0, 0]) } },
      ["E0551 data.palette"],
    ],
  ],
  imageRange: [
    ["none", {}, []],
    ["that rises", { data: { images: { range: [-1, 0.5], bands: null } } }, []],
    ["of bands alone", { data: { images: { range: null, bands: [3, 2, 1] } } }, []],
    [
      "of one value",
      { data: { images: { range: [7, 7], bands: null } } },
      ["E0509 data.images.range"],
    ],
    [
      "that falls",
      { data: { images: { range: [2047, 0], bands: null } } },
      ["E0509 data.images.range"],
    ],
  ],
  byteScale: [
    ["of bytes", { data: { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] } }, []],
    ["none", { data: { mean: [0, 0, 0], std: [1, 1, 1] } }, []],
    ["of a dark channel", { data: { mean: [0.4, 0.4, 1.5], std: [0.9, 0.9, 1.1] } }, []],
    [
      "of 0 to 1",
      { data: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } },
      ["E0556 data.mean", "E0556 data.std"],
    ],
    [
      "of 0 to 1 in the deviation",
      { data: { mean: [0, 0, 0], std: [0.5, 0.5, 1] } },
      ["E0556 data.std"],
    ],
  ],
  rootIsThere: [
    ["a folder", { data: { root: "/here" } }, [], { isFolder: (path) => path === "/here" }],
    ["no folder", {}, ["E0557 data.root"], { isFolder: () => false }],
    ["a world that does not tell", {}, []],
  ],
  batchFills: [
    ["as many samples", { train: { batch: 3 } }, [], { samples: () => 3 }],
    ["one too few", { train: { batch: 3 } }, ["E0523 train.batch"], { samples: () => 2 }],
    ["a list that cannot be read", { train: { batch: 3 } }, [], { samples: () => null }],
    ["nothing known", { train: { batch: 3 } }, []],
  ],
  mobilenetChoices: [
    ["a ResNet's", { backbone: { shortcut: "averaged", projection: "first" } }, []],
    ["none", { backbone: mobilenet }, []],
    [
      "seven",
      {
        backbone: {
          ...mobilenet,
          groups: { count: 2, width: 4 },
          split_attention: { radix: 2, reduction: 4 },
          stride_site: "1x1",
          first_dilation: "contracted",
          dilated: "first",
          shortcut: "averaged",
          projection: "first",
        },
      },
      [
        "stride_site",
        "first_dilation",
        "dilated",
        "shortcut",
        "projection",
        "groups",
        "split_attention",
      ].map((key) => `E0528 model.backbone.${key}`),
    ],
  ],
  strideOrDilation: [
    ["of a ResNet both", { backbone: { strides: [1, 2, 2, 2] } }, []],
    ["of MobileNetV2 one", { backbone: { ...mobilenet, strides: [2, 2, 1, 1] } }, []],
    [
      "of MobileNetV2 both",
      { backbone: { ...mobilenet, strides: [2, 2, 1, 2] } },
      ["E0535 model.backbone.strides[3]"],
    ],
  ],
  insideBottlenecks: [
    ["neither in basic blocks", {}, []],
    ["both in bottlenecks", { backbone: { ...split, groups: { count: 2, width: 4 } } }, []],
    [
      "both in basic blocks",
      { backbone: { ...split, block: "basic", groups: { count: 2, width: 4 } } },
      ["E0536 model.backbone.groups", "E0536 model.backbone.split_attention"],
    ],
  ],
  equalGroups: [
    [
      "groups of any width",
      { backbone: { ...split, split_attention: null, groups: { count: 3, width: 1 } } },
      [],
    ],
    ["splits of an even number", { backbone: { ...split, width: 2 } }, []],
    [
      "splits of an odd number",
      { backbone: { ...split, width: 3 } },
      ["E0537 model.backbone.split_attention"],
    ],
    [
      "groups that the hidden layer has not",
      { backbone: { ...split, groups: { count: 3, width: 2 } } },
      ["E0537 model.backbone.split_attention"],
    ],
  ],
  strideSite: [
    ["basic, on the 3×3", {}, []],
    ["bottleneck, on the 1×1", { backbone: { block: "bottleneck", stride_site: "1x1" } }, []],
    [
      "basic, on the 1×1",
      { backbone: { stride_site: "1x1" } },
      ["E0507 model.backbone.stride_site"],
    ],
    ["basic, pooled", { backbone: { stride_site: "pool" } }, ["E0507 model.backbone.stride_site"]],
  ],
  dilatedConvolution: [
    ["the first of a basic block", { backbone: { dilated: "first" } }, []],
    ["both of a bottleneck", { backbone: { block: "bottleneck" } }, []],
    [
      "the first of a bottleneck",
      { backbone: { block: "bottleneck", dilated: "first" } },
      ["E0524 model.backbone.dilated"],
    ],
  ],
  firstDilation: [
    ["even ones", { backbone: { ...contracted, dilations: [1, 1, 2, 4] } }, []],
    [
      "odd ones",
      { backbone: { ...contracted, dilations: [1, 3, 2, 5] } },
      ["E0508 model.backbone.dilations[1]", "E0508 model.backbone.dilations[3]"],
    ],
    ["odd ones in full", { backbone: { dilations: [1, 1, 3, 5] } }, []],
  ],
  binsFit: [
    ["bin 5 in 5×5", { pyramid: { bins: [1, 5] }, train: { crop: [33, 33] } }, []],
    [
      "bin 6 in 5×5",
      { pyramid: { bins: [1, 6] }, train: { crop: [33, 33] } },
      ["E0503 model.pyramid.bins[1]"],
    ],
    [
      "bin 6 in 6×5",
      { pyramid: { bins: [6] }, train: { crop: [41, 33] } },
      ["E0503 model.pyramid.bins[0]"],
    ],
    ["no pyramid", { pyramid: null, train: { crop: [33, 33] } }, []],
  ],
  binsDivide: [
    ["2, 3 and 6 in 12×12", { pyramid: { bins: [2, 3, 6] }, train: { crop: [89, 89] } }, []],
    [
      "5 in 12×12",
      { pyramid: { bins: [2, 5] }, train: { crop: [89, 89] } },
      ["E0502 model.pyramid.bins"],
    ],
    [
      "6 in 12×13",
      { pyramid: { bins: [6] }, train: { crop: [89, 97] } },
      ["E0502 model.pyramid.bins"],
    ],
    [
      "5 beside 12 in 12×12",
      { pyramid: { bins: [12, 5] }, train: { crop: [89, 89] } },
      ["E0502 model.pyramid.bins"],
    ],
    ["a bin that does not fit", { pyramid: { bins: [5, 13] }, train: { crop: [89, 89] } }, []],
    ["a bin that fits one way", { pyramid: { bins: [5, 13] }, train: { crop: [89, 97] } }, []],
    ["a crop off the grid", { pyramid: { bins: [5] }, train: { crop: [90, 89] } }, []],
  ],
  binsDiffer: [
    ["two sizes", { pyramid: { bins: [1, 2] } }, []],
    ["one twice", { pyramid: { bins: [2, 1, 2] } }, ["E0520 model.pyramid.bins[2]"]],
  ],
  branchChannels: [
    ["one channel", { pyramid: { channels: 1 } }, []],
    ["all of them", { pyramid: { channels: null } }, []],
    ["no channel", { pyramid: { channels: 0 } }, ["E0504 model.pyramid.reduction"]],
  ],
  auxiliaryWeight: [
    ["a little", { model: auxiliary(3, 0.01) }, []],
    ["nothing", { model: auxiliary(3, 0) }, ["E0506 model.auxiliary.weight"]],
    ["no head", { model: { auxiliary: null } }, []],
  ],
  frozenAuxiliary: [
    ["a stage before it learns", { train: { freeze: { stages: 2, norm: "none" } } }, []],
    [
      "none before it learns",
      { train: { freeze: { stages: 3, norm: "none" } } },
      ["E0542 model.auxiliary.after"],
    ],
    ["no head", { model: { auxiliary: null }, train: { freeze: { stages: 4, norm: "none" } } }, []],
  ],
  cropOnGrid: [
    ["8·59 + 1", { train: { crop: [473, 473] } }, []],
    ["one less", { train: { crop: [472, 472] } }, ["E0501 train.crop"]],
    ["one side", { train: { crop: [473, 474] } }, ["E0501 train.crop"]],
    [
      "8n + 1 at output stride 32",
      {
        backbone: { dilations: [1, 1, 1, 1] },
        train: { crop: [41, 41] },
      },
      ["E0501 train.crop"],
    ],
    [
      "without aligned corners",
      {
        model: { align_corners: false },
        train: { crop: [472, 472] },
      },
      [],
    ],
  ],
  binNorms: [
    ["two images", { train: { batch: 2 } }, []],
    ["one image", { train: { batch: 1 } }, ["E0505 model.pyramid.bins[0]"]],
    [
      "one image at a time",
      { train: { batch: 2, accumulate: 2 } },
      ["E0505 model.pyramid.bins[0]"],
    ],
    ["two images at a time", { train: { batch: 4, accumulate: 2 } }, []],
    ["one image, no bin of 1", { pyramid: { bins: [2, 3] }, train: { batch: 1 } }, []],
    ["one image, no 1×1 in the branches", { pyramid: { channels: null }, train: { batch: 1 } }, []],
    ["one image, no pyramid", { pyramid: null, train: { batch: 1 } }, []],
    [
      "one image, the backbone's norms frozen",
      { train: { batch: 1, freeze: { stages: 4, norm: "backbone" } } },
      ["E0505 model.pyramid.bins[0]"],
    ],
    [
      "one image, all norms frozen",
      { train: { batch: 1, freeze: { stages: 0, norm: "all" } } },
      [],
    ],
  ],
  attentionNorms: [
    ["two images", { backbone: split, train: { batch: 2 } }, []],
    [
      "one image",
      { backbone: split, pyramid: null, train: { batch: 1 } },
      ["E0505 model.backbone.split_attention"],
    ],
    [
      "one image, the backbone's norms frozen",
      {
        backbone: split,
        pyramid: null,
        train: { batch: 1, freeze: { stages: 0, norm: "backbone" } },
      },
      [],
    ],
  ],
  stageNorms: [
    ["one image, one feature", { train: { batch: 1, crop: [1, 1] } }, ["E0505 train.crop"]],
    ["two images", { train: { batch: 2, crop: [1, 1] } }, []],
    [
      "one image at a time",
      { train: { batch: 2, accumulate: 2, crop: [1, 1] } },
      ["E0505 train.crop"],
    ],
    ["one image, two features", { train: { batch: 1, crop: [9, 1] } }, []],
    [
      "one image, three stages do not learn",
      { train: { batch: 1, crop: [1, 1], freeze: { stages: 3, norm: "none" } } },
      ["E0505 train.crop"],
    ],
    [
      "one image, no stage learns",
      { train: { batch: 1, crop: [1, 1], freeze: { stages: 4, norm: "none" } } },
      [],
    ],
    [
      "one image, the backbone's norms frozen",
      { train: { batch: 1, crop: [1, 1], freeze: { stages: 0, norm: "backbone" } } },
      [],
    ],
    [
      "one image, all norms frozen",
      { train: { batch: 1, crop: [1, 1], freeze: { stages: 0, norm: "all" } } },
      [],
    ],
  ],
  batchParts: [
    ["16 in 4", { train: { batch: 16, accumulate: 4 } }, []],
    ["16 in 3", { train: { batch: 16, accumulate: 3 } }, ["E0540 train.accumulate"]],
    ["16 in 32", { train: { batch: 16, accumulate: 32 } }, ["E0540 train.accumulate"]],
    ["16 in 4 on 4 devices", { train: { batch: 16, accumulate: 4 } }, [], { devices: 4 }],
    ["16 on 3 devices", { train: { batch: 16 } }, ["E0540 train.batch"], { devices: 3 }],
    [
      "16 in 4 on 8 devices",
      { train: { batch: 16, accumulate: 4 } },
      ["E0540 train.batch"],
      { devices: 8 },
    ],
  ],
  rateFalls: [
    ["to below the base", { train: { schedule: { base: 0.01, power: 0.9, end: 0.0099 } } }, []],
    [
      "to the base",
      { train: { schedule: { base: 0.01, power: 0.9, end: 0.01 } } },
      ["E0521 train.schedule.poly.end"],
    ],
    [
      "along a cosine that rises, behind a warm-up",
      { train: { schedule: { ...warmed(5), schedule: { kind: "cosine", base: 0.1, end: 1 } } } },
      ["E0521 train.schedule.warmup.schedule.cosine.end"],
    ],
  ],
  warmupEnds: [
    ["before the training", { train: { schedule: warmed(19) } }, []],
    ["with it", { train: { schedule: warmed(20) } }, ["E0525 train.schedule.warmup.steps"]],
  ],
  milestonesReached: [
    ["in order", { train: { schedule: stepped(5, 19) } }, []],
    [
      "out of order, twice, and too late",
      { train: { schedule: stepped(5, 4, 4, 20) } },
      [1, 2, 3].map((i) => `E0526 train.schedule.milestones.at[${i}]`),
    ],
    [
      "too late behind a warm-up",
      { train: { schedule: { ...warmed(10), schedule: stepped(9, 10) } } },
      ["E0526 train.schedule.warmup.schedule.milestones.at[1]"],
    ],
  ],
  adamwRate: [
    ["of SGD", { train: { optimizer: adamw } }, ["E0527 train.schedule.poly.base"]],
    ["of its own", { train: { optimizer: adamw, schedule: { kind: "constant", base: 5e-4 } } }, []],
  ],
  frozenStart: [
    ["nothing frozen", {}, []],
    [
      "a stage",
      { train: { freeze: { stages: 1, norm: "backbone" } } },
      ["E0544 train.freeze.stages"],
    ],
    ["norms", { train: { freeze: { stages: 0, norm: "all" } } }, ["E0544 train.freeze.norm"]],
    ["loaded ones", { model: { weights }, train: { freeze: { stages: 1, norm: "all" } } }, []],
  ],
  averageFollows: [
    ["no average", {}, []],
    ["a twentieth is left", { train: { iterations: 1, ema: 0.05 } }, []],
    ["a little more is left", { train: { iterations: 1, ema: 0.051 } }, ["E0541 train.ema"]],
    ["0.9 over 28 steps", { train: { iterations: 28, ema: 0.9 } }, ["E0541 train.ema"]],
    ["0.9 over 29 steps", { train: { iterations: 29, ema: 0.9 } }, []],
  ],
  precisionInHardware: [
    ["in hardware", { train: { precision: "bf16" } }, [], { computesBf16: () => true }],
    [
      "in software",
      { train: { precision: "bf16" } },
      ["E0522 train.precision"],
      { computesBf16: () => false },
    ],
    ["f32", {}, [], { computesBf16: () => false }],
    [
      "an evaluation in software",
      { evaluate: { precision: "bf16" } },
      ["E0522 evaluate.precision"],
      { computesBf16: () => false },
    ],
    ["nothing known", { train: { precision: "bf16" } }, []],
  ],
  validationSplit: [
    ["nothing scored", {}, []],
    ["a split", { data: { val: "val.txt" }, train: { validate: { every: 1, images: null } } }, []],
    ["no split", { train: { validate: { every: 1, images: null } } }, ["E0560 train.validate"]],
    [
      "the best of nothing scored",
      { train: { checkpoints: { ...off.checkpoints, best: "miou" } } },
      ["E0561 train.checkpoints.best"],
    ],
  ],
  classWeights: [
    ["none", {}, []],
    ["one each, one of them positive", weightsOf(0, 0, 1), []],
    ["one too few", weightsOf(1, 1), ["E0515 train.loss.class_weights"]],
    ["one too many", weightsOf(1, 1, 1, 1), ["E0515 train.loss.class_weights"]],
    ["all 0", weightsOf(0, 0, 0), ["E0516 train.loss.class_weights"]],
  ],
  miningChooses: [
    ["no mining", { train: { accumulate: 2 } }, []],
    [
      "all but one",
      { loss: { mining: { threshold: 0.7, keep: 33 * 41 - 1 } }, train: { crop: [33, 41] } },
      [],
    ],
    [
      "all",
      { loss: { mining: { threshold: 0.7, keep: 33 * 41 } }, train: { crop: [33, 41] } },
      ["E0543 train.loss.mining.keep"],
    ],
    [
      "in parts",
      { loss: { mining: { threshold: 0.7, keep: 10 } }, train: { accumulate: 2 } },
      ["E0545 train.loss.mining"],
    ],
  ],
  focalLabels: [
    ["either", { loss: { focal: 2 } }, []],
    ["both", { loss: { focal: 2, smoothing: 0.1 } }, ["E0546 train.loss.focal"]],
  ],
  stripsAddUp: [
    ["a focal loss in two", { loss: { strips: 2, focal: 2 } }, ["E0563 train.loss.strips"]],
    ["no strips", { loss: { dice: 1, mining: { threshold: 0.7, keep: 10 } } }, []],
    ["cross-entropy in two", { loss: { strips: 2 } }, []],
    ["Dice in two", { loss: { strips: 2, dice: 0.01 } }, ["E0563 train.loss.strips"]],
    [
      "mining in two",
      { loss: { strips: 2, mining: { threshold: 0.7, keep: 10 } } },
      ["E0563 train.loss.strips"],
    ],
  ],
  augmentRanges: [
    ["one value", { train: { augment: [scale(1, 1), rotate(-5, -5)] } }, []],
    [
      "reversed",
      { train: { augment: [rotate(1, 0), mirror, scale(2, 1.9)] } },
      ["E0509 train.augment[0]", "E0509 train.augment[2]"],
    ],
    ["factors of distortion", { train: { augment: [distort([0.5, 1.5])] } }, []],
    [
      "reversed factors of distortion",
      { train: { augment: [mirror, distort([1.5, 0.5])] } },
      ["E0509 train.augment[1]"],
    ],
  ],
  augmentOnce: [
    ["each once", { train: { augment: [mirror, blur] } }, []],
    ["one again", { train: { augment: [mirror, blur, mirror] } }, ["E0510 train.augment[2]"]],
  ],
  cropLast: [
    ["last", { train: { augment: [mirror, limit] } }, []],
    ["last but one", { train: { augment: [limit, mirror] } }, ["E0553 train.augment[0]"]],
  ],
  oneScale: [
    ["an image's own", {}, []],
    ["a longer side", { evaluate: { long_side: 512 } }, []],
    ["a base", { evaluate: { base: [512, 2048] } }, []],
    ["both", { evaluate: { long_side: 512, base: [512, 2048] } }, ["E0564 evaluate.base"]],
  ],
  windowOnGrid: [
    ["whole images", { evaluate: { window: [40, 40] } }, []],
    [
      "the crop, which has rules of its own",
      {
        train: { crop: [40, 40] },
        evaluate: slide([40, 40]),
      },
      [],
    ],
    ["on the grid", { evaluate: slide([41, 33]) }, []],
    ["off the grid", { evaluate: slide([33, 40]) }, ["E0511 evaluate.window"]],
    [
      "off the grid, without aligned corners",
      {
        model: { align_corners: false },
        evaluate: slide([33, 40]),
      },
      [],
    ],
    ["with room for bin 3", { evaluate: slide([17, 41]) }, []],
    ["without", { evaluate: slide([9, 41]) }, ["E0512 evaluate.window"]],
    ["without, and no pyramid", { pyramid: null, evaluate: slide([9, 41]) }, []],
  ],
  windowSize: [
    ["the crop's", { evaluate: slide([33, 33]) }, []],
    ["a row more", { evaluate: slide([34, 33]) }, ["E0513 evaluate.window"]],
    ["a column more", { evaluate: slide([33, 34]) }, ["E0513 evaluate.window"]],
    ["whole images", { evaluate: { window: [41, 41] } }, []],
  ],
  overlapBelowOne: [
    ["below", { evaluate: { overlap: 0.99 } }, []],
    ["whole", { evaluate: { overlap: 1 } }, ["E0514 evaluate.overlap"]],
  ],
};

describe.each(Object.entries<Rule>(rules))("%s", (name, rule) => {
  for (const [what, differs, expected, facts = {}] of cases[name as keyof typeof rules])
    test(what, () => expect(told(rule(tiny(differs), facts))).toEqual(expected));
});

type SpecCase = readonly [
  what: string,
  spec: Omit<Spec, "pspc" | "data" | "train"> & {
    readonly data?: Partial<Spec["data"]>;
    readonly train?: Partial<Spec["train"]>;
  },
  expected: readonly string[],
];

const specCases: { readonly [K in keyof typeof specRules]: readonly SpecCase[] } = {
  classesNamed: [
    ["names", { data: { classes: ["a", "b"] } }, []],
    ["a number", { data: { classes: 11 } }, ["E0316 data.classes"]],
    ["the number of a dataset", { data: { layout: "voc", classes: 21 } }, []],
    [
      "another number than a dataset's",
      { data: { layout: "voc", classes: 20 } },
      ["E0316 data.classes"],
    ],
  ],
  backboneOnce: [
    ["one", { model: { backbone: { mobilenet: 1 } } }, []],
    [
      "two",
      { model: { backbone: { resnet: 50, mobilenet: 1 } } },
      ["E0529 model.backbone.mobilenet"],
    ],
  ],
  weightsOnce: [
    ["nowhere", {}, []],
    ["of all", { model: { weights: "a.pth", backbone: { resnet: 18 } } }, []],
    ["of the backbone", { model: { backbone: { weights: "a.pth" } } }, []],
    [
      "of both",
      { model: { weights: "a.pth", backbone: { weights: "b.pth" } } },
      ["E0534 model.backbone.weights"],
    ],
  ],
  multipliersUsed: [
    ["of what is there", { train: { multipliers: { pyramid: 2, auxiliary: 2 } } }, []],
    [
      "of what is not",
      {
        model: { pyramid: "none", auxiliary: "none" },
        train: { multipliers: { pyramid: 2, auxiliary: 2, head: 2 } },
      },
      ["E0315 train.multipliers.pyramid", "E0315 train.multipliers.auxiliary"],
    ],
    ["of others", { model: { pyramid: "none" }, train: { multipliers: { auxiliary: 2 } } }, []],
  ],
  windowUsed: [
    ["in windows", { evaluate: { mode: "slide", window: 33, overlap: "1/3" } }, []],
    ["inferred", { evaluate: { window: 33 } }, []],
    [
      "on whole images",
      { evaluate: { mode: "whole", window: 33, overlap: "1/3" } },
      ["E0313 evaluate.window", "E0313 evaluate.overlap"],
    ],
  ],
};

const spec: Spec = {
  pspc: 1,
  data: { root: ".", train: "train.txt", classes: ["a", "b"] },
  train: { iterations: 1 },
};

describe.each(Object.entries<SpecRule>(specRules))("%s", (name, rule) => {
  for (const [what, differs, expected] of specCases[name as keyof typeof specRules])
    test(what, () => {
      const data = { ...spec.data, ...differs.data };
      const written = { ...spec, ...differs, data, train: { ...spec.train, ...differs.train } };
      expect(told(rule(written))).toEqual(expected);
    });
});

describe("what is proposed", () => {
  const crop = (side: number, bins: readonly number[]): Differs => ({
    pyramid: { bins },
    train: { crop: [side, side] },
  });
  const parts = (batch: number, accumulate: number): Differs => ({ train: { batch, accumulate } });
  const proposals: readonly (readonly [keyof typeof rules, Differs, readonly string[]])[] = [
    [
      "cropOnGrid",
      crop(512, [1, 2, 3, 6]),
      ["use a crop of 473 or 521, which the bins [1, 2, 3, 6] also divide"],
    ],
    ["cropOnGrid", crop(512, [3]), ["use a crop of 497 or 521, which bin 3 also divides"]],
    ["cropOnGrid", crop(512, [1]), ["use a crop of 505 or 513"]],
    ["cropOnGrid", crop(512, [7, 11, 13]), ["use a crop of 505 or 513"]],
    [
      "cropOnGrid",
      { pyramid: null, train: { crop: [472, 512] } },
      ["use a crop of [465, 505] or [473, 513]"],
    ],
    ["binsFit", crop(33, [6]), ["use a crop of at least 41, or drop bin 6"]],
    ["batchParts", parts(12, 5), ["use 1, 2, 3, 4, 6 or 12 parts, or a batch that 5 divides"]],
    ["batchParts", parts(7, 3), ["use 1 or 7 parts, or a batch that 3 divides"]],
    ["batchParts", parts(1, 2), ["use 1 part, or a batch that 2 divides"]],
    [
      "batchParts",
      parts(96, 5),
      ["use 1, 2, 3, 4, 6, 8, 12, 16, 24 or 32 parts, or a batch that 5 divides"],
    ],
    [
      "averageFollows",
      { train: { ema: 0.9999, iterations: 1000 } },
      ["use a decay of at most 0.997, or train longer"],
    ],
    [
      "miningChooses",
      { loss: { mining: { threshold: 1, keep: 2000 } } },
      ["use a keep of about 272, a quarter of the crop"],
    ],
    [
      "binNorms",
      parts(1, 1),
      [
        "use a batch of at least 2",
        "or `reduction: none`, which has no normalisation, or bins of at least 2",
      ],
    ],
    [
      "binNorms",
      parts(2, 2),
      [
        "use fewer parts, so that at least 2 images come at a time",
        "or `reduction: none`, which has no normalisation, or bins of at least 2",
      ],
    ],
    ["windowOnGrid", { evaluate: slide([40, 40]) }, ["use a window of 41"]],
  ];

  test.each(proposals)("by %s", (name, differs, help) => {
    const rule: Rule = rules[name];
    const [found] = rule(tiny(differs), {});
    expect(found?.help).toEqual(help);
  });

  test("images at a time are pointed at where they are fewer than a batch", () => {
    const related = (differs: Differs) =>
      rules.binNorms(tiny(differs), {})[0]?.related.map(({ label }) => label);
    expect(related(parts(1, 1))).toEqual(["one image a step"]);
    expect(related(parts(2, 2))).toEqual(["2 images a step", "one image at a time"]);
  });
});

describe("the other places that are pointed at", () => {
  const mining = { threshold: 0.7, keep: 10 };
  const places: readonly (readonly [keyof typeof rules, Differs, readonly string[]])[] = [
    ["stripsAddUp", { loss: { strips: 2, mining } }, ["train.loss.mining"]],
    ["stripsAddUp", { loss: { strips: 2, dice: 1 } }, ["train.loss.dice"]],
    ["cropLast", { train: { augment: [limit, mirror, blur] } }, ["train.augment[2]"]],
    ["augmentOnce", { train: { augment: [blur, mirror, mirror] } }, ["train.augment[1]"]],
    ["classNames", { data: { classes: ["a", "b", "b"] } }, ["data.classes[1]"]],
    ["binsDiffer", { pyramid: { bins: [1, 2, 2] } }, ["model.pyramid.bins[1]"]],
    ["binsFit", { pyramid: { bins: [6] } }, ["train.crop", "model.backbone.dilations"]],
    ["splitForm", { data: { train: folders } }, ["data.layout"]],
  ];

  test.each(places)("by %s", (name, differs, expected) => {
    const rule: Rule = rules[name];
    const [found] = rule(tiny(differs), {});
    expect(found?.related.map(({ path }) => formatPath(path))).toEqual(expected);
  });
});

const flawless: Experiment = tiny({ pyramid: { bins: [1, 5] } });
test("no rule speaks of a flawless experiment", () => {
  expect(validate(spec, flawless, {})).toEqual({ found: [], silenced: false });
});

test("all rules of a table are asked", () => {
  const flawed = tiny({
    data: { classes: ["a", "a"], labels: labels(0) },
    evaluate: { overlap: 1 },
  });
  const doubled: Spec = { ...spec, model: { weights: "a", backbone: { weights: "b" } } };
  expect(
    told(validate(doubled, flawed, { samples: () => 1 }).found).map((t) => t.slice(0, 5)),
  ).toEqual(["E0534", "E0517", "E0523", "E0502", "E0514"]);
  expect(told(validateData(flawed).found)).toEqual(["E0517 data.classes[1]"]);
  expect(Object.keys(rules).slice(0, Object.keys(dataRules).length)).toEqual(
    Object.keys(dataRules),
  );
});
