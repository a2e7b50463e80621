/** A spec of a thousand variants, each of 150 classes, is checked in about the time of one. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { check } from "../golden/front.js";

const matrix = `pspc: 1
extends: base/ade20k.yaml
variants:
  all:
    matrix:
      train.seed: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
      train.batch: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
      model.backbone.resnet: [18, 34, 50, 101, 152]
      model.pyramid.pool: [average, max]
`;

test("the largest matrix takes little", () => {
  const base = (name: string) => readFileSync(`specs/base/${name}`, "utf8");
  const files = {
    "spec.yaml": matrix,
    "base/ade20k.yaml": base("ade20k.yaml"),
    "base/pspnet.yaml": base("pspnet.yaml"),
  };
  // Time of this process alone: the machine may be busy with other tests.
  const before = process.cpuUsage();
  const { variants, diagnostics } = check(files);
  const { user } = process.cpuUsage(before);
  expect(variants).toHaveLength(1000);
  expect(diagnostics).toEqual([]);
  expect(user / 1e6).toBeLessThan(4);
});
