/** Fingerprints are of meaning: equal however a spec is spelt and wherever its data lie, different where it differs. */

import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { Check } from "../../src/compile.js";
import { presetNames, presets } from "../../src/language/semantics.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { show } from "../../src/normalize/show.js";
import type { Fingerprint } from "../../src/plan/program.js";
import { placeOf, type Files as Read, trainingOf } from "../../src/run/training.js";
import { lower } from "../../src/tensorflow/target.js";
import { check, checkChild, type Files, shown } from "../golden/front.js";
import { full } from "../language/full.js";
import { tiny } from "../oracle/experiment.js";

const of = (checked: Check): Fingerprint => {
  if (E.isLeft(checked.result)) throw new Error(shown(checked));
  return lower(checked.result.right.experiment).fingerprint;
};
const ofFiles = (files: Files, variant?: string): Fingerprint => of(check(files, variant));
const ofText = (text: string): Fingerprint => ofFiles({ "spec.yaml": text });

const { variants: _, ...spec } = full;
const fingerprint = ofText(stringify(spec));

/** The same maps with their keys in another order; lists keep theirs. */
const permuted = (value: unknown): fc.Arbitrary<unknown> => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return fc.constant(value);
  const entries = fc.tuple(
    ...Object.entries(value).map(([key, inner]) => permuted(inner).map((v) => [key, v] as const)),
  );
  return entries
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }))
    .map((all) => Object.fromEntries(all));
};

describe("one meaning has one fingerprint", () => {
  test("in any order of keys, in YAML and in JSON", () => {
    const law = fc.property(permuted(spec), fc.boolean(), (value, isJson) => {
      expect(ofText(isJson ? JSON.stringify(value) : stringify(value))).toEqual(fingerprint);
    });
    fc.assert(law, { numRuns: 8, seed: 1 });
  });

  const small = `
model: {backbone: {resnet: {block: bottleneck, blocks: [1, 1, 1, 1], width: 8}}}
train: {crop: 41, iterations: 3, batch: 2}`;

  test.each(presetNames)("of the preset %s and of its fields written out", (preset) => {
    const named = checkChild(`semantics: ${preset}${small}`);
    if (E.isLeft(named.result)) throw new Error(shown(named));
    const written = show(named.result.right, named.sources).replace(/^semantics:.*\n/m, "");
    for (const path of Object.keys(presets[preset]))
      expect(written).toMatch(new RegExp(`^ +${path.split(".").at(-1)}:`, "m"));
    expect(ofText(written)).toEqual(of(named));
  });

  test("of a variant, of overrides, of a child and of what they amount to", () => {
    const changes = { "train.batch": 6, "model.pyramid.pool": "average" };
    const changed = {
      ...spec,
      train: { ...spec.train, batch: 6 },
      model: {
        ...spec.model,
        pyramid: { bins: [1, 2, 3, 6], pool: "average", reduction: 4, order: "descending" },
      },
    };
    const expected = ofText(stringify(changed));
    expect(expected).not.toEqual(fingerprint);
    const parent = stringify({ ...spec, variants: { other: changes } });
    expect(ofFiles({ "spec.yaml": parent }, "other")).toEqual(expected);
    const typed = Object.entries(changes).map(([path, value]) => `${path}=${value}`);
    expect(of(check({ "spec.yaml": stringify(spec) }, undefined, typed))).toEqual(expected);
    const child = "extends: p.yaml\ntrain: {batch: 6}\nmodel: {pyramid: {pool: average}}\n";
    expect(ofFiles({ "p.yaml": stringify(spec), "spec.yaml": child })).toEqual(expected);
  });

  test("wherever the data and the first weights lie, and whatever is scored", () => {
    const data = { ...spec.data, root: "/elsewhere", train: "other.txt", val: "other.txt" };
    const moved = { ...spec, data };
    expect(ofText(stringify({ ...moved, evaluate: {} }))).toEqual(fingerprint);
    const backbone = { ...spec.model!.backbone, weights: "/far/other.safetensors" };
    const model = { ...spec.model, backbone };
    expect(ofText(stringify({ ...spec, model }))).toEqual(fingerprint);
  });
});

describe("another meaning has another", () => {
  test.each<[string, readonly (keyof Fingerprint)[]]>([
    ["train.seed=8", ["graph", "program"]],
    ["train.iterations=101", ["program"]],
    ["train.augment=[mirror]", ["program"]],
    ["train.schedule.poly.base=0.03", ["program"]],
    ["data.val=0.2", ["data", "program"]],
    ["data.test.share=0.2", ["data", "program"]],
    ["data.test.together=none", ["data", "program"]],
    ["data.labels={7: sky, 8: car, 9: road}", ["data", "program"]],
    ["data.ignore=[10, 11, 12]", ["data", "program"]],
    ["model.head.channels=32", ["graph", "program"]],
    ["train.optimizer.sgd.momentum=0.7", ["graph", "program"]],
    ["train.optimizer=adamw", ["graph", "program"]],
    ["train.optimizer={adamw: {epsilon: 1e-7}}", ["graph", "program"]],
    ["train.schedule=constant", ["program"]],
    ["train.schedule=cosine", ["program"]],
    ["train.schedule={warmup: {steps: 10}}", ["program"]],
    ["train.schedule={milestones: {at: [50]}}", ["program"]],
  ])("%s: %j", (override, different) => {
    const other = of(check({ "spec.yaml": stringify(spec) }, undefined, [override]));
    const all = ["graph", "data", "program"] as const;
    expect(all.filter((part) => other[part] !== fingerprint[part])).toEqual(different);
  });
});

/** With every option on, so that every field stands. */
const whole = tiny({
  data: {
    root: "/data",
    train: { images: "images", labels: "labels", suffix: "_mask" },
    val: "val.txt",
    test: "test.txt",
    images: { range: [0, 2047], bands: [3, 2, 1] },
    palette: [
      [0, 0, 0],
      [255, 0, 0],
      [0, 255, 0],
    ],
  },
  classes: 3,
  backbone: { block: "bottleneck", first_dilation: "full" },
  model: {
    weights: { file: "/weights/first.safetensors", only: "backbone", replace: "none" },
    head: { channels: 8, dropout: 0.1 },
    auxiliary: { after: 3, channels: 6, dropout: 0.1, weight: 0.4 },
  },
  train: {
    batch: 4,
    accumulate: 2,
    memory: null,
    clip: 1,
    ema: 0.9,
    freeze: { stages: 1, norm: "none" },
    validate: { every: 10, images: 5 },
    checkpoints: { every: 10, keep: 2, best: "miou" },
    recover: { factor: 0.5, attempts: 3 },
    augment: [
      { op: "mirror", probability: 0.5 },
      { op: "scale", min: 0.5, max: 2, aspect: 1.1, step: null, base: null },
      { op: "rotate", min: -10, max: 10, probability: 0.5, border: "mean" },
      { op: "blur", probability: 0.5 },
      { op: "jitter", brightness: 0.1, contrast: 0.2, saturation: 0.3, probability: 0.5 },
      {
        op: "distort",
        brightness: 32,
        contrast: [0.5, 1.5],
        saturation: [0.5, 1.5],
        hue: 36,
      },
      { op: "crop", max_share: 0.75 },
    ],
  },
  loss: { class_weights: [1, 2, 3], mining: { threshold: 0.7, keep: 10 }, dice: 0.5 },
  evaluate: { long_side: 64, boundary: 0.01 },
});

/**
 * What a field becomes, and whether that is another program, and so another training. Some only say where files are
 * found: they are no part of the program, and what decides the training is what the files hold.
 */
type Decision = readonly ["decides" | "watches" | "finds", other: unknown];

/** Every field of an experiment, by its path: a new one has its decision stated here. */
const decisions: Readonly<Record<string, Decision>> = {
  "data.layout": ["finds", "folders"],
  "data.root": ["finds", "/elsewhere"],
  "data.train.images": ["finds", "others"],
  "data.train.labels": ["finds", "others"],
  "data.train.suffix": ["finds", ""],
  "data.val": ["watches", null],
  "data.test": ["watches", null],
  "data.classes": ["decides", ["a", "b", "other"]],
  "data.labels": ["decides", new Map([[0, 1]])],
  "data.images.range": ["decides", [0, 4095]],
  "data.images.bands": ["decides", [1, 2, 3]],
  "data.damaged": ["decides", "skip"],
  "data.label_format": ["decides", "colour"],
  "data.label_map": ["decides", "ade20k"],
  "data.palette": ["watches", null],
  "data.mean": ["decides", [0, 0, 0]],
  "data.std": ["decides", [1, 1, 1]],
  "model.backbone.block": ["decides", "basic"],
  "model.backbone.blocks": ["decides", [1, 1, 1, 2]],
  "model.backbone.width": ["decides", 8],
  "model.backbone.stem": ["decides", { kind: "conv7", channels: 8 }],
  "model.backbone.dilations": ["decides", [1, 1, 1, 2]],
  "model.backbone.strides": ["decides", [1, 2, 2, 2]],
  "model.backbone.stride_site": ["decides", "1x1"],
  "model.backbone.first_dilation": ["decides", "contracted"],
  // Of a bottleneck neither changes anything; the networks of basic blocks are told apart below.
  "model.backbone.dilated": ["watches", "first"],
  // Of stages of one block; those of two are told apart below.
  "model.backbone.dilated_blocks": ["watches", "first"],
  "model.backbone.pool": ["decides", "none"],
  "model.backbone.activation": ["decides", "relu6"],
  "model.backbone.groups": ["decides", { count: 2, width: 4 }],
  "model.backbone.split_attention": ["decides", { radix: 2, reduction: 4 }],
  "model.weights.file": ["finds", "/weights/second.safetensors"],
  "model.weights.replace": ["decides", "classifier"],
  "model.weights.only": ["decides", "all"],
  "model.backbone.shortcut": ["decides", "averaged"],
  "model.backbone.projection": ["watches", "first"],
  "model.dropout": ["decides", "elements"],
  "model.norm.bias": ["decides", "new"],
  "model.pyramid.bins": ["decides", [1, 2]],
  "model.pyramid.pool": ["decides", "max"],
  "model.pyramid.channels": ["decides", 4],
  "model.pyramid.order": ["decides", "descending"],
  "model.head.channels": ["decides", 4],
  "model.head.dropout": ["decides", 0.2],
  "model.auxiliary.after": ["decides", 2],
  "model.auxiliary.channels": ["decides", 4],
  "model.auxiliary.dropout": ["decides", 0.2],
  "model.auxiliary.weight": ["decides", 0.3],
  "model.align_corners": ["decides", false],
  "model.norm.epsilon": ["decides", 1e-3],
  "model.norm.momentum": ["decides", 0.99],
  "train.iterations": ["decides", 21],
  "train.batch": ["decides", 8],
  "train.accumulate": ["decides", 4],
  "train.memory": ["watches", { recompute: "stages" }],
  "train.crop": ["decides", [41, 41]],
  "train.seed": ["decides", 2],
  "train.precision": ["decides", "bf16"],
  "train.optimizer.momentum": ["decides", 0.8],
  "train.optimizer.weight_decay": ["decides", 0],
  "train.optimizer.decay": ["decides", "kernels"],
  "train.clip": ["decides", 2],
  "train.schedule.base": ["decides", 0.02],
  "train.schedule.power": ["decides", 1],
  "train.schedule.end": ["decides", 1e-4],
  "train.multipliers.new": ["decides", 1],
  "train.multipliers.pyramid": ["decides", 1],
  "train.multipliers.head": ["decides", 1],
  "train.multipliers.auxiliary": ["decides", 1],
  "train.multipliers.bias": ["decides", 1],
  "train.freeze.stages": ["decides", 2],
  "train.freeze.norm": ["decides", "all"],
  "train.ema": ["decides", 0.99],
  "train.loss.mean_over": ["decides", "all"],
  "train.loss.class_weights": ["decides", null],
  "train.loss.smoothing": ["decides", 0.1],
  "train.loss.focal": ["decides", 2],
  "train.loss.mining.threshold": ["decides", 0.8],
  "train.loss.mining.keep": ["decides", 20],
  "train.loss.strips": ["decides", 2],
  "train.loss.dice": ["decides", 1],
  "train.augment.mirror.probability": ["decides", 1],
  "train.augment.scale.min": ["decides", 0.75],
  "train.augment.scale.max": ["decides", 1.5],
  "train.augment.scale.aspect": ["decides", 1],
  "train.augment.rotate.min": ["decides", 0],
  "train.augment.rotate.max": ["decides", 0],
  "train.augment.rotate.probability": ["decides", 1],
  "train.augment.rotate.border": ["decides", [1, 2, 3]],
  "train.augment.blur.probability": ["decides", 1],
  "train.augment.jitter.brightness": ["decides", 0],
  "train.augment.jitter.contrast": ["decides", 0],
  "train.augment.jitter.saturation": ["decides", 0],
  "train.augment.jitter.probability": ["decides", 1],
  "train.augment.scale.step": ["decides", 0.25],
  "train.augment.scale.base": ["decides", [512, 2048]],
  "train.augment.distort.brightness": ["decides", 0],
  "train.augment.distort.contrast": ["decides", [1, 1]],
  "train.augment.distort.saturation": ["decides", [1, 1]],
  "train.augment.distort.hue": ["decides", 0],
  "train.augment.crop.max_share": ["decides", 1],
  "train.validate.every": ["watches", 5],
  "train.validate.images": ["watches", null],
  "train.checkpoints.every": ["watches", null],
  "train.checkpoints.keep": ["watches", 1],
  "train.checkpoints.best": ["watches", "none"],
  "train.recover.factor": ["decides", 0.1],
  "train.recover.attempts": ["decides", 1],
  "evaluate.mode": ["watches", "slide"],
  "evaluate.window": ["watches", [17, 17]],
  "evaluate.overlap": ["watches", 0.5],
  "evaluate.scales": ["watches", [1, 2]],
  "evaluate.long_side": ["watches", null],
  "evaluate.base": ["watches", [64, 64]],
  "evaluate.mirror": ["watches", true],
  "evaluate.grid": ["watches", "none"],
  "evaluate.padding": ["watches", "end"],
  "evaluate.average": ["watches", "logits"],
  "evaluate.rounding": ["watches", "above"],
  "evaluate.absent_class": ["watches", "one"],
  "evaluate.precision": ["watches", "bf16"],
  "evaluate.boundary": ["watches", null],
};

type Fields = Readonly<Record<string, unknown>>;

/** Whether a value has fields of its own: a list, a map and one of several kinds are decided as a whole. */
const hasFields = (value: unknown): value is Fields =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Map) &&
  !("kind" in value);

/** Augmentations are told apart by their operation. */
const isPipeline = (value: unknown): value is readonly (Fields & { readonly op: string })[] =>
  Array.isArray(value) && value.every((step) => hasFields(step) && "op" in step);

/** The paths of all fields. */
const pathsOf = (value: unknown, path: string): readonly string[] => {
  if (isPipeline(value)) return value.flatMap(({ op, ...step }) => pathsOf(step, `${path}.${op}`));
  return hasFields(value)
    ? Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, path ? `${path}.${key}` : key))
    : [path];
};

const changed = (value: unknown, [key, ...rest]: readonly string[], other: unknown): unknown => {
  if (key === undefined) return other;
  if (isPipeline(value))
    return value.map((step) => (step.op === key ? changed(step, rest, other) : step));
  const fields = value as Fields;
  return { ...fields, [key]: changed(fields[key], rest, other) };
};

/** As many channels as the first stage has, whose first block then needs no projection. */
const narrow = { kind: "deep", channels: [4, 4, 4] } as const;

describe("every field of an experiment", () => {
  const files: Read = {
    pairs: [
      { image: "a.png", digest: "0123456789abcdef" },
      { image: "b.png", digest: "fedcba9876543210" },
    ],
    weights: "89abcdef01234567",
  };
  const of = (experiment: Experiment, read = files) => {
    const program = lower(experiment);
    return {
      program: program.fingerprint.program,
      training: trainingOf(program, read).fingerprint,
      place: placeOf(experiment),
    };
  };
  const first = of(whole);
  const otherwise = (path: string, other: unknown) =>
    changed(whole, path.split("."), other) as Experiment;

  test("has its decision stated", () => {
    expect(Object.keys(decisions).sort()).toEqual([...pathsOf(whole, "")].sort());
  });

  test.each(Object.entries(decisions))("%s %j", (path, [verdict, other]) => {
    const experiment = otherwise(path, other);
    expect(experiment).not.toEqual(whole);
    const now = of(experiment);
    expect(now.program !== first.program).toBe(verdict === "decides");
    expect(now.training !== first.training).toBe(verdict === "decides");
    expect(now.place !== first.place).toBe(verdict === "finds");
  });

  test("tells apart what is left out from what is there", () => {
    const absent = ["model.weights", "model.pyramid", "model.auxiliary", "train.clip", "train.ema"];
    const prints = [...absent, "train.loss.mining", "train.recover"].map(
      (path) => of(otherwise(path, null)).program,
    );
    expect(new Set([first.program, ...prints]).size).toBe(prints.length + 1);
    expect(of(otherwise("train.validate", null)).program).toBe(first.program);
  });

  test("tells basic blocks apart by what is dilated, and by what is projected", () => {
    const kinds = [
      {},
      { dilated: "first" },
      { projection: "first", stem: narrow },
      { blocks: [1, 1, 1, 2] },
      { blocks: [1, 1, 1, 2], dilated_blocks: "first" },
    ] as const;
    const prints = kinds.map((backbone) => lower(tiny({ backbone })).fingerprint.graph);
    expect(new Set(prints).size).toBe(kinds.length);
    const needed = lower(tiny({ backbone: { stem: narrow } })).fingerprint.graph;
    expect(prints).not.toContain(needed);
  });

  test("but not files: their bytes and order are the training's, their names nobody's", () => {
    const [a, b] = files.pairs;
    const renamed = files.pairs.map((pair) => ({ ...pair, image: `new/${pair.image}` }));
    expect(of(whole, { ...files, pairs: renamed })).toEqual(first);
    const others: readonly Read[] = [
      { ...files, weights: null },
      { ...files, weights: "0000000000000000" },
      { ...files, pairs: [a!] },
      { ...files, pairs: [b!, a!] },
      { ...files, pairs: [a!, { ...b!, digest: "0000000000000000" }] },
    ];
    const prints = others.map((read) => of(whole, read));
    expect(new Set([first, ...prints].map(({ training }) => training)).size).toBe(6);
    expect(new Set([first, ...prints].map(({ program }) => program)).size).toBe(1);
  });
});
