/** What rests on a value that cannot be read is known to, and nothing else is. */

import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { recover } from "../../src/language/decode.js";
import { bareSpec, spec } from "../../src/language/spec.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { normalize } from "../../src/normalize/normalize.js";
import { plain } from "../../src/source/tree.js";
import { parse } from "../../src/source/yaml.js";

const normalized = (text: string) => {
  const tree = parse("spec.yaml", text);
  if (E.isLeft(tree)) throw new Error("the test's YAML is wrong");
  const read = recover(spec, bareSpec, plain(tree.right));
  return normalize(read, tree.right, { cwd: "/project", variant: null });
};

const touches = (text: string, look: (experiment: Experiment) => unknown): boolean => {
  const { value, observe } = normalized(text);
  return observe(() => look(value.experiment)).touched;
};

const data = "data: {root: d, train: t, classes: [sky, road]}";

describe("a key that cannot be read poisons", () => {
  test.each<[string, string, (experiment: Experiment) => unknown]>([
    ["itself", "train: {crop: x}", ({ train }) => train.crop],
    ["what follows it", "train: {crop: x}", ({ evaluate }) => evaluate.window],
    [
      "what is computed from it",
      "train: {multipliers: {new: x}}",
      ({ train }) => train.multipliers.bias,
    ],
    ["what asks whether it is written", "evaluate: {overlap: x}", ({ evaluate }) => evaluate.mode],
    [
      "a value that is taken as a whole",
      "model: {pyramid: {reduction: {channels: x}}}",
      ({ model }) => model.pyramid?.channels,
    ],
    [
      "the fields that it stands for",
      "model: {backbone: {resnet: 51}}",
      ({ model }) => model.backbone.blocks,
    ],
    [
      "the heads that scale with it",
      "model: {backbone: {resnet: 51}}",
      ({ model }) => model.head.channels,
    ],
    ["a whole section", "model: 5", ({ model }) => model.norm],
    ["every choice of its preset", "semantics: torch", ({ model }) => model.align_corners],
    [
      "a list with one wrong item",
      "train: {augment: [mirror, flop]}",
      ({ train }) => train.augment,
    ],
  ])("%s: %s", (_, text, look) => {
    expect(touches(`pspc: 1\n${data}\n${text}\n`, look)).toBe(true);
  });
});

describe("and does not poison", () => {
  test.each<[string, string, (experiment: Experiment) => unknown]>([
    ["its neighbours", "train: {iterations: 1, crop: x}", ({ train }) => train.batch],
    [
      "what is written in its place",
      "train: {iterations: 1, crop: x}\nevaluate: {window: 89}",
      ({ evaluate }) => evaluate.window,
    ],
    [
      "the rest of its section",
      "model: {backbone: {resnet: 51}}",
      ({ model }) => model.backbone.dilations,
    ],
    [
      "what reads another key",
      "train: {iterations: 1, multipliers: {bias: x}}",
      ({ train }) => train.multipliers.head,
    ],
  ])("%s: %s", (_, text, look) => {
    expect(touches(`pspc: 1\n${data}\n${text}\n`, look)).toBe(false);
  });

  test("who looked before, or looks at something else inside", () => {
    const { value, observe } = normalized(`pspc: 1\n${data}\ntrain: {iterations: 1, crop: x}\n`);
    const { train } = value.experiment;
    const outer = observe(() => {
      const inner = observe(() => train.crop);
      return [inner.touched, observe(() => train.batch).touched];
    });
    expect(outer).toEqual({ value: [true, false], touched: false });
  });
});

test("labels that are wrong in themselves are poisoned, and reported once", () => {
  const { value, observe, found } = normalized(
    "pspc: 1\ndata: {root: d, train: t, classes: [sky, road], labels: {0: skye, 1: road}}\ntrain: {iterations: 1}\n",
  );
  expect(found.map(({ code }) => code)).toEqual(["E0311"]);
  expect(observe(() => value.experiment.data.labels).touched).toBe(true);
  expect(observe(() => value.experiment.data.classes).touched).toBe(false);
});
