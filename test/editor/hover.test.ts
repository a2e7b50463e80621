/** Hovers: meaning, value, origin, and what follows; each number by another way than ours. */

import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { hoverAt } from "../../src/editor/hover.js";
import { receptiveField } from "../../src/model/backbone.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { trainingStep } from "../../src/plan/step.js";
import { layers } from "../../src/report/layers.js";
import { asWritten } from "../../src/rewrite/passes.js";
import { checkChild } from "../golden/front.js";
import { child, type Typed, typed } from "./typed.js";

const told = ({ document, offset }: Typed): string => hoverAt(document, offset)?.markdown ?? "";

describe("a key", () => {
  test("has its meaning, default, value and place", () => {
    const text = told(child("train:\n  cr|op: 97"));
    expect(text).toContain("**`train.crop`**");
    expect(text).toContain("Crop in pixels");
    expect(text).toContain("Default: `473` (semseg, for ADE20K and VOC)");
    expect(text).toContain("Here: `97`, written in this file");
  });

  test("that is a map has its meaning alone, and no word means nothing", () => {
    const text = told(typed("extends: labels.yaml\nda|ta: {}"));
    expect(text).toContain("**`data`**");
    expect(text).not.toContain("Here:");
    expect(told(typed("extends: labels.yaml\ntrain: {batch: 2}\n|"))).toBe("");
  });

  test("in a variant means the spec's", () => {
    const text = told(child("variants: {a: {model.pyramid.b|ins: [1]}}"));
    expect(text).toContain("**`model.pyramid.bins`**");
    expect(text).not.toContain("Here:");
  });

  test("means something while others are wrong, and while nothing can be read", () => {
    expect(told(child("train: {crop: 9|7, batsh: 1}"))).toContain("Here: `97`");
    expect(told(child("train: {crop: 9|7, batch: ["))).toContain("Crop in pixels");
  });
});

describe("what follows", () => {
  test("from a crop: the feature map, and the cells of every bin", () => {
    const text = told(child("train: {cr|op: 473}"));
    expect(text).toContain("A crop of 473×473 at output stride 8 gives a 60×60 feature map.");
    expect(text).toContain("- bin 6: 6×6 cells of 10×10 features, 80×80 pixels of the image");
    expect(told(child("train: {cr|op: 89}"))).toContain(
      "- bin 6: 6×6 cells of 2×2 features, 16×16 pixels of the image",
    );
    expect(told(child("train: {cr|op: 97}"))).toContain("of 3×3 features at most, overlapping");
  });

  test("from bins, and nothing from those that do not fit", () => {
    const text = told(child("model: {pyramid: {bi|ns: [1, 2]}}"));
    expect(text).toContain("- bin 2: 2×2 cells");
    expect(told(child("train: {cr|op: 33}"))).not.toContain("feature map");
  });

  test("from a batch: memory", () => {
    expect(told(child("train: {ba|tch: 2}"))).toMatch(
      /Training with 2 images a step needs about \d+\.\d GiB\./,
    );
  });

  test("from dilations: output stride and receptive field", () => {
    expect(told(child("model: {backbone: {di|lations: [1, 1, 2, 4]}}"))).toMatch(
      /Output stride 8.*\n\n.*12×12, 12×12, 12×12.*\n\nA feature sees 479×479 pixels/s,
    );
  });

  test("for a class: its values", () => {
    expect(told(typed("extends: labels.yaml\ndata: {labels: {7: ro|ad, 8: sky}}"))).toBe(
      "Class 1 of 2; label value 7.",
    );
    const { document, offset } = typed("extends: labels.yaml\ndata: {labels: {7: ro|ad, 8: sky}}");
    expect(hoverAt(document, offset, [3000, 1000])?.markdown).toContain(
      "1,000 pixels in `train`, 25.00 %, when the data were last checked.",
    );
  });
});

/** As the graph of the training step has it. */
const fieldInGraph = (experiment: Experiment): number => {
  const rows = layers(trainingStep(experiment, asWritten));
  const last = rows.filter(({ part, block }) => part === "backbone" && block !== null);
  return Math.max(...last.map(({ receptive_field }) => receptive_field));
};

test.each([
  "model: {backbone: {resnet: 50}}",
  "model: {backbone: {resnet: 18, dilations: [1, 1, 1, 2]}}",
  "model: {backbone: {resnet: 34, stem: conv7}}",
  "model: {backbone: {resnet: 50, stride_site: 1x1, dilations: [1, 1, 1, 1]}}",
  "model: {backbone: {resnet: 18, first_dilation: contracted}}",
  "model: {backbone: {resnet: 18, dilated_blocks: first, strides: [1, 2, 2, 1]}}",
  "model: {backbone: {resnet: 50, stride_site: pool, groups: {count: 4}, split_attention: {}}}",
  "model: {backbone: {mobilenet: 0.5}}",
  "model: {backbone: {mobilenet: 1, dilations: [1, 1, 1, 2], dilated_blocks: all}}",
  "model: {backbone: {resnet: 18, dilated: first}}",
  "model: {backbone: {resnet: 50, first_dilation: contracted, dilations: [1, 2, 4, 8]}}",
])("the receptive field is the graph's: %s", (text) => {
  const { result } = checkChild(`${text}\ntrain: {crop: 161}`);
  if (E.isLeft(result)) throw new Error("the spec is wrong");
  const { experiment } = result.right;
  expect(receptiveField(experiment.model.backbone)).toBe(fieldInGraph(experiment));
});

test("a hover on any character of a spec throws nothing", () => {
  const { document } = typed("extends: labels.yaml\nmodel: {pyramid: {bins: [1, 2]}}\n|");
  for (let offset = 0; offset <= document.text.length; offset++)
    expect(() => hoverAt(document, offset)).not.toThrow();
});
