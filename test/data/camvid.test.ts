/** Laws on photographs: CamVid beside the checkout, where it is there. */

import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { checkSamples } from "../../src/data/check.js";
import { openFacts } from "../../src/data/facts.js";
import { labelTable } from "../../src/data/labels.js";
import { openSplit } from "../../src/data/layout.js";
import { readSample } from "../../src/data/sample.js";
import type { Augmentation, Data } from "../../src/normalize/experiment.js";
import { decide } from "../../src/plan/augment.js";
import { compared, mean } from "./sequence.js";

const root = resolve(import.meta.dirname, "../../../shared/data/camvid");
const absent = !existsSync(root);
if (absent) process.stdout.write(`skipped: tests on CamVid, which is not at ${root}\n`);

const data: Data = {
  layout: "list",
  root,
  train: "train.txt",
  val: "val.txt",
  test: "test.txt",
  classes: Array.from({ length: 11 }, (_, c) => `class ${c}`),
  labels: new Map(Array.from({ length: 12 }, (_, v) => [v, v === 11 ? ("ignore" as const) : v])),
  images: null,
  damaged: "stop",
  label_format: "index",
  label_map: null,
  palette: null,
  mean,
  std: [58.395, 57.12, 57.375],
};

describe.skipIf(absent)("CamVid", () => {
  it("has its pairs", async () => {
    const splits = await Promise.all(
      (["train", "val", "test"] as const).map((s) => openSplit(data, s)),
    );
    expect(splits.map((samples) => samples.length)).toEqual([367, 101, 233]);
  });

  it("holds no value but its twelve, and tells which if one is not mapped", async () => {
    const store = await openFacts(root, await mkdtemp(join(tmpdir(), "pspc-facts-")));
    const samples = (await openSplit(data, "train")).slice(0, 8);
    const { failures, sizes } = await checkSamples(samples, data, store);
    expect(failures).toEqual([]);
    expect(sizes).toEqual([{ height: 360, width: 480, count: 8 }]);
    const unmapped = new Map([...data.labels].filter(([value]) => value !== 11));
    const found = (await checkSamples(samples, { ...data, labels: unmapped }, store)).failures;
    expect(found[0]?.reason).toMatch(/^value 11 in [\d,]+ pixels$/);
  });

  it("is warped as by separate passes: 2 grey levels on average on the label's interior", async () => {
    const pipeline: Augmentation[] = [
      { op: "scale", min: 0.5, max: 2, aspect: 1, step: null, base: null },
      { op: "rotate", min: -10, max: 10, probability: 0.5, border: "mean" },
      { op: "blur", probability: 0.5 },
      { op: "mirror", probability: 0.5 },
    ];
    const samples = await openSplit(data, "val");
    const crop = [137, 137] as const;
    const differences: number[] = [];
    for (let index = 0; index < 3; index++) {
      const source = await readSample(samples[index * 40]!, labelTable(data));
      const size = [source.height, source.width] as const;
      const decision = decide({ pipeline, seed: 1, epoch: 0, index, size, crop, mean });
      const { difference, wrong } = compared(source, decision);
      differences.push(difference);
      expect(wrong).toBeLessThan(1e-3);
    }
    expect(differences.reduce((a, b) => a + b) / differences.length).toBeLessThan(2);
  });
});
