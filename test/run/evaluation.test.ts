/** When an evaluation is the same: by what it reads, and by nothing else. */

import { expect, test } from "vitest";
import type { Data, Experiment } from "../../src/normalize/experiment.js";
import { evaluationFingerprint } from "../../src/run/evaluation.js";
import { tiny } from "../oracle/experiment.js";

const base = tiny({ data: { root: "/data", val: "val.txt" } });
const weights = { training: "0123456789abcdef", step: 20 };
const pairs = "00112233aabbccdd";
const of = (experiment: Experiment): string =>
  evaluationFingerprint(experiment, "val", weights, pairs);
const withData = (data: Partial<Data>): Experiment => ({
  ...base,
  data: { ...base.data, ...data },
});

test.each<[string, Partial<Data>]>([
  ["the training list", { train: "more.txt" }],
  ["the test list", { test: "test.txt" }],
  ["what a damaged pair does to a training", { damaged: "skip" }],
  ["colours", { palette: [[1, 2, 3]] }],
  ["where equal pairs lie", { root: "/other", val: "other.txt", layout: "camvid" }],
])("an evaluation does not depend on %s", (_, data) => {
  expect(of(withData(data))).toBe(of(base));
});

test("nor on how long and on what was trained, which the weights tell", () => {
  expect(of({ ...base, train: { ...base.train, iterations: 7, batch: 1 } })).toBe(of(base));
});

test("an evaluation depends on all that it reads", () => {
  const others = [
    base,
    withData({ classes: ["a", "b", "c", "d", "e"] }),
    withData({ labels: new Map([[0, 1]]) }),
    withData({ label_format: "colour" }),
    withData({ mean: [0, 0, 0] }),
    withData({ images: { range: [0, 2047], bands: null } }),
    withData({ images: { range: null, bands: [3, 2, 1] } }),
    withData({ std: [1, 1, 1] }),
    { ...base, evaluate: { ...base.evaluate, mirror: true } },
    { ...base, model: { ...base.model, align_corners: false } },
  ].map(of);
  const later = evaluationFingerprint(base, "val", { ...weights, step: 21 }, pairs);
  const elsewhere = evaluationFingerprint(base, "train", weights, pairs);
  const cleaned = evaluationFingerprint(base, "val", weights, "another");
  const all = [...others, later, elsewhere, cleaned];
  expect(new Set(all).size).toBe(all.length);
});

test("0.1's took the place of the pairs for them", () => {
  const before = (data: Partial<Data>): string =>
    evaluationFingerprint(withData(data), "val", weights, null);
  const all = [before({}), before({ root: "/other" }), before({ val: "other.txt" }), of(base)];
  expect(new Set(all).size).toBe(4);
});
