/** When an evaluation is the same: by what it reads, and by nothing else. */

import { expect, test } from "vitest";
import type { Data, Experiment } from "../../src/normalize/experiment.js";
import { evaluationFingerprint } from "../../src/run/evaluation.js";
import { tiny } from "../oracle/experiment.js";

const base = tiny({ data: { root: "/data", val: "val.txt" } });
const weights = { training: "0123456789abcdef", step: 20 };
const of = (experiment: Experiment): string => evaluationFingerprint(experiment, "val", weights);
const withData = (data: Partial<Data>): Experiment => ({
  ...base,
  data: { ...base.data, ...data },
});

test.each<[string, Partial<Data>]>([
  ["the training list", { train: "more.txt" }],
  ["the test list", { test: "test.txt" }],
  ["what a damaged pair does to a training", { damaged: "skip" }],
  ["colours", { palette: [[1, 2, 3]] }],
])("an evaluation does not depend on %s", (_, data) => {
  expect(of(withData(data))).toBe(of(base));
});

test("nor on how long and on what was trained, which the weights tell", () => {
  expect(of({ ...base, train: { ...base.train, iterations: 7, batch: 1 } })).toBe(of(base));
});

test("an evaluation depends on all that it reads", () => {
  const others = [
    base,
    withData({ root: "/other" }),
    withData({ val: "other.txt" }),
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
  const later = evaluationFingerprint(base, "val", { ...weights, step: 21 });
  const elsewhere = evaluationFingerprint(base, "train", weights);
  const all = [...others, later, elsewhere];
  expect(new Set(all).size).toBe(all.length);
});
