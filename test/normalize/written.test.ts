/** What `written` makes of an experiment is a spec that is decided to the same experiment. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { experimentDifferences } from "../../src/normalize/difference.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { written } from "../../src/normalize/written.js";
import { decodeExperiment } from "../../src/run/experiment.js";
import { check, shown } from "../golden/front.js";
import { full } from "../language/full.js";

const experimentOf = (text: string, overrides: readonly string[] = [], files = {}): Experiment => {
  const found = check({ ...files, "spec.yaml": text }, undefined, overrides);
  if (E.isLeft(found.result)) throw new Error(shown(found));
  return found.result.right.experiment;
};

const again = (experiment: Experiment): Experiment =>
  experimentOf(JSON.stringify(written(experiment)));

/** As a run's record has it. */
const recorded = (experiment: Experiment) => {
  const { data } = experiment;
  const json = JSON.stringify({ ...experiment, data: { ...data, labels: [...data.labels] } });
  return decodeExperiment(JSON.parse(json));
};

const { variants: _, ...plain } = full;
const whole = stringify(plain);

describe("an experiment written out means the same", () => {
  const folder = "specs";
  const names = readdirSync(folder, { encoding: "utf8", recursive: true }).filter((name) =>
    name.endsWith(".yaml"),
  );
  const files = Object.fromEntries(
    names.map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );

  test.each(names.filter((name) => !name.includes("/")))("specs/%s", (name) => {
    const experiment = experimentOf(files[name] ?? "", [], files);
    expect(again(experiment)).toEqual(experiment);
  });

  const list = "data.ignore=255 data.labels=";
  test.each([
    ["every key", ""],
    [
      "shorter forms",
      "train.memory=none train.validate=none train.checkpoints.best=none train.recover=none",
    ],
    [
      "a budget",
      "train.memory={budget: 6GiB} train.loss.mining=none train.loss.class_weights=none",
    ],
    ["no pyramid, no auxiliary head", "model.pyramid=none model.auxiliary=none train.augment=none"],
    ["a pyramid that keeps all channels", "model.pyramid.reduction=none"],
    [
      "basic blocks of a known depth",
      "model.backbone.resnet=18 model.backbone.stem=conv7 model.backbone.stride_site=3x3 model.backbone.groups=none model.backbone.split_attention=none",
    ],
    ["ranges of values", `${list}{0..127: sky, 128..200: road, 201: car}`],
    ["counted values", `${list}{first: 3}`],
    [
      "AdamW, warmed up, in milestones",
      "train.optimizer={adamw: {betas: [0.8, 0.99]}} train.schedule={warmup: {steps: 10, schedule: {milestones: {at: [5, 9]}}}}",
    ],
    ["a cosine", "train.schedule={cosine: {base: 0.02, end: 0.001}}"],
    [
      "a constant rate behind a warm-up",
      "train.schedule={warmup: {steps: 10, schedule: constant}}",
    ],
    [
      "scales of a base, distorted",
      "train.augment=[{scale: {range: [0.5, 2], step: 0.25, base: [64, 128]}}, distort]",
    ],
    ["another base in evaluation", "evaluate.base=64 evaluate.long_side=none"],
    ["whole images", "evaluate.mode=whole evaluate.long_side=none evaluate.boundary=none"],
  ])("%s", (_, overrides) => {
    const words = overrides.split(/ (?=[a-z_.]+=)/).filter((word) => word !== "");
    const experiment = experimentOf(whole, words);
    expect(again(experiment)).toEqual(experiment);
    expect(recorded(experiment)).toEqual(E.right(experiment));
    // Lists are compared by their text: `eval RUN key=value` asks so whether a run can be written.
    const back = E.getOrElse(() => experiment)(recorded(experiment));
    expect(experimentDifferences(back, again(experiment))).toEqual([]);
  });

  test.each([
    [
      "colours",
      "data: {root: d, train: t.txt, classes: [sky, road], labels: {colours: {sky: [[1, 2, 3], [4, 5, 6]], road: [7, 8, 9], ignore: [0, 0, 0]}}}",
    ],
    ["one class", "data: {root: d, train: t.txt, classes: [road]}"],
    ["a layout's own classes and splits", "data: {layout: cityscapes, root: d}"],
    [
      "values of a built-in map that are ignored, too",
      "data: {layout: ade20k, root: d, ignore: [151, 152]}",
    ],
    [
      "folders",
      "data: {layout: folders, root: d, train: {images: a, labels: b, suffix: _m}, classes: [a, b]}",
    ],
    [
      "weights to begin with",
      "data: {root: d, train: t.txt, classes: [a, b]}\nmodel: {backbone: {weights: w.safetensors}}",
    ],
  ])("%s", (_, data) => {
    const found = check({ "spec.yaml": `pspc: 1\n${data}\ntrain: {iterations: 9, crop: 89}\n` });
    const value = E.isRight(found.result) ? found.result.right.experiment : null;
    // Weights are looked for in the front half's sample files.
    if (value === null) throw new Error(shown(found));
    expect(again(value)).toEqual(value);
  });
});
