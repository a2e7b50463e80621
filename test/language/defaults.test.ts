/**
 * Every default against where it is from. The values stand here a second time, by source, as the paper and the
 * reference implementations have them: a default that changes is a change of the language, and fails here.
 */

import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import type { Check } from "../../src/compile.js";
import { formatPath } from "../../src/diagnostic/diagnostic.js";
import { declarations } from "../../src/language/path.js";
import { keyInWords } from "../../src/language/schema.js";
import { presetNames, presets } from "../../src/language/semantics.js";
import { check, checkChild, shown } from "../golden/front.js";

/** Zhao, Shi, Qi, Wang and Jia, CVPR 2017. */
const paper = {
  // Table 1, the baseline and the best pooling of its ablation.
  "model.backbone.resnet": 50,
  "model.pyramid.pool": "average",
  // Section 3.2.
  "model.pyramid.bins": [1, 2, 3, 6],
  // Section 3.3, and Table 2.
  "model.backbone.dilations": [1, 1, 2, 4],
  "model.auxiliary.after": 3,
  "model.auxiliary.weight": 0.4,
  // Section 4.1.
  "train.batch": 16,
  "train.optimizer.sgd.momentum": 0.9,
  "train.optimizer.sgd.weight_decay": 0.0001,
  "train.schedule.poly.base": 0.01,
  "train.schedule.poly.power": 0.9,
  "train.augment": [{ scale: [0.5, 2] }, { rotate: [-10, 10] }, "blur", "mirror"],
  // He et al. 2016, Table 1: 64 planes in conv2_x.
  "model.backbone.resnet.width": 64,
  // Its blocks have one plain 3×3 convolution.
  "model.backbone.groups": "none",
  "model.backbone.split_attention": "none",
};

/** github.com/hszhao/semseg: `model/pspnet.py`, `tool/train.py`, `tool/test.py`, `util/transform.py`. */
const semseg = {
  semantics: "semseg",
  "data.layout": "list",
  "model.head.dropout": 0.1,
  "model.auxiliary.dropout": 0.1,
  // torch.nn.BatchNorm2d.
  "model.norm.epsilon": 0.00001,
  "train.crop": 473,
  "train.clip": "none",
  "train.augment.mirror": 0.5,
  "train.augment.blur": 0.5,
  "train.augment.scale.aspect": 1,
  "train.augment.rotate.probability": 0.5,
  "train.augment.rotate.border": "mean",
  "evaluate.overlap": "1/3",
  "evaluate.scales": [1],
  "evaluate.long_side": "none",
  "evaluate.mirror": false,
};

/** Xie et al. 2017, Table 1, and Zhang et al. 2020 as their code and mmsegmentation's have it. */
const blocks = {
  "model.backbone.groups.width": 4,
  "model.backbone.split_attention.radix": 2,
  "model.backbone.split_attention.reduction": 4,
};

/** mmsegmentation's `OHEMPixelSampler` and `PhotoMetricDistortion`; torchvision's and PaddleSeg's jitter. */
const others = {
  "train.loss.mining.threshold": 0.7,
  "train.loss.mining.keep": 100000,
  "train.augment.jitter.brightness": 0.4,
  "train.augment.jitter.contrast": 0.4,
  "train.augment.jitter.saturation": 0.4,
  "train.augment.jitter.probability": 1,
  "train.augment.distort.brightness": 32,
  "train.augment.distort.contrast": [0.5, 1.5],
  "train.augment.distort.saturation": [0.5, 1.5],
  // 18 of the 180 steps of OpenCV's circle.
  "train.augment.distort.hue": 36,
};

/** PyTorch's `AdamW`, `MultiStepLR` and `CosineAnnealingLR`; mmsegmentation's `rsb` configurations warm up from a thousandth. */
const optimizers = {
  "train.optimizer.adamw.betas": [0.9, 0.999],
  "train.optimizer.adamw.epsilon": 1e-8,
  "train.optimizer.adamw.weight_decay": 0.01,
  "train.optimizer.adamw.decay": "all",
  "train.schedule.constant.base": 0.01,
  "train.schedule.cosine.base": 0.01,
  "train.schedule.cosine.end": 0,
  "train.schedule.milestones.base": 0.01,
  "train.schedule.milestones.factor": 0.1,
  "train.schedule.warmup.from": 0.001,
  "train.schedule.warmup.schedule.poly.base": 0.01,
  "train.schedule.warmup.schedule.poly.power": 0.9,
  "train.schedule.warmup.schedule.constant.base": 0.01,
  "train.schedule.warmup.schedule.cosine.base": 0.01,
  "train.schedule.warmup.schedule.cosine.end": 0,
  "train.schedule.warmup.schedule.milestones.base": 0.01,
  "train.schedule.warmup.schedule.milestones.factor": 0.1,
};

/** What does nothing unless it is asked for, and what is pspc's own. */
const own = {
  "data.damaged": "stop",
  "data.train.suffix": "",
  "data.val.suffix": "",
  "data.test.suffix": "",
  "data.val.seed": 0,
  "data.test.seed": 0,
  "model.weights.only": "all",
  "model.weights.replace": "none",
  "train.accumulate": 1,
  "train.memory": "none",
  "train.seed": 0,
  "train.precision": "f32",
  "train.freeze.stages": 0,
  "train.freeze.norm": "none",
  "train.ema": "none",
  "train.loss.class_weights": "none",
  "train.loss.smoothing": 0,
  "train.loss.focal": 0,
  "train.loss.mining": "none",
  "train.loss.strips": 1,
  "train.loss.dice": 0,
  "train.validate": "none",
  "train.checkpoints.keep": 2,
  "train.recover": "none",
  "train.recover.factor": 0.5,
  "train.recover.attempts": 3,
  "evaluate.precision": "f32",
  "evaluate.boundary": "none",
};

const constants: Readonly<Record<string, unknown>> = {
  ...paper,
  ...semseg,
  ...blocks,
  ...others,
  ...optimizers,
  ...own,
};

/** Whose default is a function of other keys, or nothing at all; tested one by one below. */
const computed = [
  "train.augment.scale.step",
  "train.augment.scale.base",
  "evaluate.base",
  "data.train",
  "data.val",
  "data.test",
  "data.val.together",
  "data.test.together",
  "data.classes",
  "data.labels",
  "data.ignore",
  "data.palette",
  "data.images",
  "data.images.range",
  "data.images.bands",
  "model.backbone.stem.deep",
  "model.backbone.stem.conv7",
  "model.backbone.stem.conv3",
  "model.backbone.strides",
  "model.backbone.dilated_blocks",
  "model.backbone.pool",
  "model.backbone.activation",
  "model.backbone.stride_site",
  "model.weights",
  // Of the preset, as of a schedule alone.
  "train.schedule.warmup.schedule.poly.end",
  "train.multipliers.pyramid",
  "train.multipliers.head",
  "train.multipliers.auxiliary",
  "train.validate.images",
  "train.checkpoints.every",
  "train.checkpoints.best",
  "evaluate.mode",
  "evaluate.window",
];

/** Nothing is said of them in an experiment. */
const unsaid = ["extends", "variants", "model.backbone.mobilenet", "model.backbone.weights"];

const byPath = new Map(declarations.map(({ path, key }) => [path.join("."), key]));

describe("constants", () => {
  test.each(Object.entries(constants))("%s", (path, value) => {
    const declared = byPath.get(path);
    expect(declared?.otherwise.constant).toEqual(value);
    expect(declared?.otherwise.source).not.toBe("");
  });

  test("are the only ones", () => {
    const declared = declarations.filter(({ key }) => key.otherwise.constant !== undefined);
    expect(declared.map(({ path }) => path.join(".")).sort()).toEqual(
      Object.keys(constants).sort(),
    );
  });
});

/** What `show` prints, by path: the value, and where it is from. */
type Printed = ReadonlyMap<string, readonly [value: unknown, from: string]>;

const printed = (text: string): Printed => rows(checkChild(text));
const printedWhole = (text: string): Printed => rows(check({ "spec.yaml": text }));

const rows = (checked: Check): Printed => {
  const { result } = checked;
  if (E.isLeft(result)) throw new Error(shown(checked));
  return new Map(
    [...result.right.origins.values()].map(({ path, value, origin }) => [
      formatPath(path),
      [value, origin.kind],
    ]),
  );
};

/** Columns: the paper (where it is silent, its Caffe release), that release for ADE20K, semseg, mmseg, PaddleSeg. */
const imagenet = { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] };
const half = [127.5, 127.5, 127.5];
const choices: Readonly<Record<string, readonly unknown[]>> = {
  "data.mean": [imagenet.mean, imagenet.mean, imagenet.mean, imagenet.mean, half],
  "data.std": [imagenet.std, imagenet.std, imagenet.std, imagenet.std, half],
  "model.align_corners": [true, true, true, false, false],
  "model.backbone.stem": [
    [64, 64, 128],
    [64, 64, 128],
    [64, 64, 128],
    [32, 32, 64],
    [32, 32, 64],
  ],
  "model.backbone.stride_site": ["3x3", "1x1", "3x3", "3x3", "3x3"],
  "model.backbone.first_dilation": ["full", "full", "full", "contracted", "full"],
  "model.backbone.dilated": ["both", "both", "both", "first", "both"],
  "model.backbone.shortcut": ["strided", "strided", "strided", "strided", "averaged"],
  "model.backbone.projection": ["needed", "needed", "needed", "needed", "first"],
  "model.dropout": ["channels", "channels", "channels", "channels", "elements"],
  "model.norm.bias": ["none", "none", "none", "none", "new"],
  "model.pyramid.order": ["descending", "descending", "ascending", "ascending", "descending"],
  "model.pyramid.reduction": ["levels", "levels", "levels", "head", "levels"],
  "model.head.channels": [512, 512, 512, "features/4", 1024],
  "model.auxiliary.channels": [256, 256, 256, "input/4", "input/4"],
  "model.norm.momentum": [0.95, 0.95, 0.9, 0.9, 0.9],
  "train.optimizer.sgd.decay": ["kernels", "kernels", "all", "all", "all"],
  "train.schedule.poly.end": [0, 0, 0, 0.0001, 0.00001],
  "train.multipliers.new": [10, 10, 10, 1, 1],
  "train.multipliers.bias": [1, 1, 1, 1, 1],
  "train.loss.mean_over": ["valid", "valid", "valid", "all", "valid"],
  "evaluate.padding": ["end", "end", "centre", "end", "end"],
  "evaluate.grid": ["8n+1", "8n+1", "8n+1", "none", "none"],
  "evaluate.average": ["probabilities", "probabilities", "probabilities", "by mode", "logits"],
  "evaluate.rounding": ["nearest", "nearest", "nearest", "nearest", "nearest"],
  "evaluate.absent_class": ["zero", "zero", "zero", "skip", "one"],
};

describe("the choices that implementations disagree on", () => {
  test.each(presetNames.map((name, i) => [name, i] as const))("%s", (name, i) => {
    const column = Object.fromEntries(Object.entries(choices).map(([path, row]) => [path, row[i]]));
    expect(presets[name]).toEqual(column);
  });

  test.each(presetNames.map((name, i) => [name, i] as const))("%s decides each key", (name, i) => {
    const found = printed(`semantics: ${name}`);
    const basic = printed(`semantics: ${name}\nmodel: {backbone: {resnet: 18}}`);
    const decided: Readonly<Record<string, unknown>> = {
      ...Object.fromEntries(Object.entries(choices).map(([path, row]) => [path, row[i]])),
      "train.multipliers.bias": choices["train.multipliers.new"]?.[i],
      // Of ResNet-50.
      "model.head.channels": name === "paddleseg" ? 1024 : 512,
      "model.auxiliary.channels": 256,
      // Of whole images.
      "evaluate.average": name === "paddleseg" ? "logits" : "probabilities",
    };
    for (const [path, value] of Object.entries(decided)) {
      const at = path === "model.backbone.stem" ? "model.backbone.stem.deep" : path;
      const of = path === "model.backbone.dilated" ? basic : found;
      expect([at, of.get(at)]).toEqual([at, [value, "preset"]]);
    }
  });

  test("channel counts are those at width 64", () => {
    const narrow =
      "model: {backbone: {resnet: {block: bottleneck, blocks: [1, 1, 1, 1], width: 16}}}";
    const found = printed(`semantics: mmseg\n${narrow}`);
    expect(found.get("model.backbone.stem.deep")?.[0]).toEqual([8, 8, 16]);
    expect(found.get("model.pyramid.reduction")?.[0]).toBe("head");
    expect(found.get("model.head.channels")?.[0]).toBe(128);
    const odd = printed(`semantics: mmseg\n${narrow.replace("16", "17")}`);
    expect(odd.get("model.backbone.stem.deep")?.[0]).toEqual([8, 8, 17]);
  });
});

describe("functions of other keys", () => {
  test.each<[string, string, string, unknown, string]>([
    ["", "data.val", "no split", null, "default"],
    ["", "data.test", "no split", null, "default"],
    ["data: {val: 0.2}", "data.val.together", "each by itself", null, "default"],
    ["data: {test: {share: 0.2}}", "data.test.together", "each by itself", null, "default"],
    ["", "data.labels", "value i is class i", { first: 0 }, "default"],
    ["", "data.ignore", "255", 255, "default"],
    ["", "data.palette", "Pascal VOC's map", null, "default"],
    ["", "data.images", "as they are", null, "default"],
    ["data: {images: {bands: [3, 2, 1]}}", "data.images.range", "the whole range", null, "default"],
    ["data: {images: {range: [0, 1]}}", "data.images.bands", "the first three", null, "default"],
    [
      "data: {labels: {colours: {sky: [1, 2, 3], road: [4, 5, 6], car: [[7, 8, 9], [0, 0, 1]]}}}",
      "data.palette",
      "the labels'",
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
      "default",
    ],
    [
      "model: {backbone: {stem: deep}}",
      "model.backbone.stem.deep",
      "by width",
      [64, 64, 128],
      "inferred",
    ],
    ["model: {backbone: {stem: conv7}}", "model.backbone.stem.conv7", "by width", 64, "inferred"],
    [
      "semantics: caffe\nmodel: {backbone: {resnet: 18}}",
      "model.backbone.stride_site",
      "no 1×1",
      "3x3",
      "inferred",
    ],
    ["", "model.weights", "random", null, "default"],
    ["", "model.auxiliary.channels", "256", 256, "preset"],
    ["", "model.backbone.dilated", "one 3×3", "both", "inferred"],
    [
      "model: {backbone: {resnet: {block: basic, blocks: [1, 1, 1, 1], width: 32}}}",
      "model.auxiliary.channels",
      "half of it",
      128,
      "preset",
    ],
    ["train: {multipliers: {new: 7}}", "train.multipliers.pyramid", "as new", 7, "inferred"],
    ["train: {multipliers: {new: 7}}", "train.multipliers.head", "as new", 7, "inferred"],
    ["train: {multipliers: {new: 7}}", "train.multipliers.auxiliary", "as new", 7, "inferred"],
    ["train: {multipliers: {new: 7}}", "train.multipliers.bias", "as new", 7, "preset"],
    [
      "data: {val: v.txt}\ntrain: {validate: {every: 5}}",
      "train.validate.images",
      "all",
      null,
      "default",
    ],
    ["", "train.checkpoints.every", "by the clock", null, "default"],
    ["", "train.checkpoints.best", "nothing is scored", "none", "inferred"],
    [
      "data: {val: v.txt}\ntrain: {validate: {every: 5}}",
      "train.checkpoints.best",
      "scored",
      "miou",
      "inferred",
    ],
    ["", "evaluate.mode", "whole", "whole", "inferred"],
    ["evaluate: {overlap: 0.5}", "evaluate.mode", "windows", "slide", "inferred"],
    ["evaluate: {window: 89}", "evaluate.mode", "windows", "slide", "inferred"],
    ["semantics: mmseg\nevaluate: {window: 89}", "evaluate.average", "windows", "logits", "preset"],
    ["train: {crop: [89, 97]}", "evaluate.window", "the crop", [89, 97], "inferred"],
    ["", "evaluate.base", "an image's own size", "none", "default"],
    [
      "train: {augment: [{scale: {range: [0.5, 2], base: [512, 2048]}}]}",
      "evaluate.base",
      "that of training",
      [512, 2048],
      "inferred",
    ],
    [
      "train: {augment: [{scale: {range: [0.5, 2], base: 520}}]}\nevaluate: {long_side: 520}",
      "evaluate.base",
      "what is written counts",
      "none",
      "default",
    ],
  ])("%j: %s is %s", (text, path, _, value, from) => {
    expect(printed(text).get(path)).toEqual([value, from]);
  });

  test.each([
    ["voc", "train", "val", "voc", 21],
    ["cityscapes", "train", "val", "labelIds", 19],
    ["ade20k", "training", "validation", "ade20k", 150],
    ["pascal-context", "train", "val", "pascal-context", 60],
    ["pascal-context-59", "train", "val", "pascal-context-59", 59],
    ["coco-stuff-10k", "train2014", "test2014", "coco-stuff-10k-labelTrainIds", 171],
    ["coco-stuff-164k", "train2017", "val2017", "coco-stuff-164k", 171],
    ["loveda", "train", "val", "loveda", 7],
    ["potsdam", "train", "val", "isprs", 6],
    ["vaihingen", "train", "val", "isprs", 6],
    ["isaid", "train", "val", "isaid", 16],
    ["dark-zurich", "train", "val", "labelTrainIds", 19],
    ["nighttime-driving", "train", "test", "labelTrainIds", 19],
    ["camvid", "train", "val", "camvid", 11],
  ])("the layout %s knows its splits, map and classes", (layout, train, val, map, count) => {
    const spec = `pspc: 1\ndata: {layout: ${layout}, root: d}\ntrain: {iterations: 1, crop: 89}\n`;
    const found = printedWhole(spec);
    expect(found.get("data.train")).toEqual([train, "default"]);
    expect(found.get("data.val")).toEqual([val, "default"]);
    expect(found.get("data.labels")).toEqual([map, "default"]);
    expect(found.get("data.classes")?.[0]).toHaveLength(count);
    expect(found.get("data.palette")?.[0]).toHaveLength(count);
  });
});

test("every key that may be left out is in one of the tables", () => {
  const optional = declarations.filter(({ key }) => key.otherwise.need === "optional");
  const without = optional.filter(
    ({ key }) => key.codec.keys.length === 0 || key.otherwise.words !== "",
  );
  const known = [...Object.keys(constants), ...Object.keys(choices), ...computed, ...unsaid];
  expect([...new Set(without.map(({ path }) => path.join(".")))].sort()).toEqual(
    [...new Set(known)].sort(),
  );
});

describe("what declarations say", () => {
  const words = declarations.map(({ path, key }) => ({
    path: path.join("."),
    text: [key.words, key.otherwise.words, key.otherwise.source ?? ""].join(" "),
  }));

  test("names no key that does not exist", () => {
    const named = words.flatMap(({ path, text }) =>
      [...text.matchAll(/`((?:data|model|train|evaluate)(?:\.\w+)+)`/g)].map(([, name = ""]) => ({
        path,
        name,
      })),
    );
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter(({ name }) => !byPath.has(name))).toEqual([]);
  });

  test("is a sentence of its own, which says no default", () => {
    expect(words.filter(({ text }) => /Default:/.test(text))).toEqual([]);
    const ends = declarations.filter(({ key }) => !/\.$/.test(key.words));
    expect(ends.map(({ path }) => path.join("."))).toEqual([]);
  });

  test("is there for editors at the path where they stand", () => {
    expect(keyInWords(["train", "augment", 2, "rotate", "probability"])).toEqual({
      words: "Probability that an image is rotated.",
      unit: undefined,
      default: "`0.5`",
      source: "semseg `util/transform.py`",
      values: "number ≥ 0 ≤ 1",
    });
    expect(keyInWords(["train", "iterations"])).toMatchObject({ default: "", unit: "steps" });
    expect(keyInWords(["model", "align_corners"])).toMatchObject({
      default: "`true`; mmseg, paddleseg: `false`",
      source: "`semantics`",
    });
    expect(keyInWords(["train", "cropp"])).toBeUndefined();
  });
});
