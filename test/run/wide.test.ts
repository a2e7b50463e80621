/** Three hundred classes from labels of 16 bits: trained on, scored, and predicted into files that say the same. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { labelTable } from "../../src/data/labels.js";
import { openSplit } from "../../src/data/layout.js";
import { palette } from "../../src/data/palette.js";
import { readIndices, readSample } from "../../src/data/sample.js";
import { writeClasses, writeImage } from "../../src/data/write-image.js";
import { count, monoid } from "../../src/metric/scores.js";
import { evaluate } from "../../src/run/evaluate.js";
import { predict } from "../../src/run/predict.js";
import { train } from "../../src/run/train.js";
import { lower } from "../../src/tensorflow/target.js";
import { collect, experiment, kinds, temporary } from "./tiny.js";

const [SIDE, CLASSES] = [45, 300];
const device = "cpu";

test("300 classes", { timeout: 120_000 }, async () => {
  const folder = await temporary();
  const data = join(folder, "data");
  await mkdir(data);
  const names = [0, 1, 2, 3];
  for (const n of names) {
    const at = (i: number) => [i % SIDE, Math.floor(i / SIDE)] as const;
    const labels = Uint16Array.from({ length: SIDE * SIDE }, (_, i) => {
      const [x, y] = at(i);
      return y === 0 ? 65535 : (Math.floor(x / 15) * 100 + Math.floor(y / 15) * 31 + n) % CLASSES;
    });
    const pixels = Uint8Array.from(
      { length: 3 * SIDE * SIDE },
      (_, i) => (labels[Math.floor(i / 3)] ?? 0) % 251,
    );
    await writeImage(join(data, `${n}.png`), { pixels, height: SIDE, width: SIDE });
    await writeClasses(join(data, `${n}.label.png`), labels, SIDE, SIDE, palette());
  }
  const list = names.map((n) => `${n}.png ${n}.label.png`).join("\n");
  for (const split of ["train.txt", "val.txt"]) await writeFile(join(data, split), list);
  const base = experiment(data, {
    iterations: 3,
    accumulate: 2,
    batch: 4,
    validate: { every: 2, images: 2 },
  });
  const classes = Array.from({ length: CLASSES }, (_, i) => `class ${i}`);
  const labels = new Map<number, number | "ignore">(classes.map((_, i) => [i, i]));
  const program = lower({
    ...base,
    data: { ...base.data, classes, labels: labels.set(65535, "ignore") },
    train: {
      ...base.train,
      loss: { ...base.train.loss, dice: 0.5, mining: { threshold: 0.9, keep: 50 } },
    },
  });
  const run = join(folder, "run");
  const events = await collect(train({ program, folder: run, device, workers: 0 }));
  const losses = kinds(events, "step").map(({ main }) => main);
  // Weights that say nothing leave every class 1/300, and half a Dice loss of nearly 1.
  expect(losses[0]).toBeGreaterThan(4);
  expect(losses[0]).toBeLessThan(8);
  expect(kinds(events, "validated")).toHaveLength(2);
  const request = { program, folder: run, split: "val", device } as const;
  const [found] = kinds(
    await collect(evaluate({ ...request, write: join(folder, "seen") })),
    "scored",
  );
  const inputs = names.map((n) => join(data, `${n}.png`));
  await collect(predict({ program, folder: run, inputs, out: join(folder, "out"), device }));
  const table = labelTable(program.experiment.data);
  const { concat, empty } = monoid(CLASSES);
  let total = empty;
  for (const [n, sample] of (await openSplit(program.experiment.data, "val")).entries()) {
    const file = join(folder, "out", `${n}.png`);
    const { values } = await readIndices(file);
    if (!(values instanceof Uint16Array)) throw new Error(`${file} is not of 16 bits`);
    const truth = await readSample(sample, table);
    total = concat(total, count(truth.labels, values, CLASSES));
    expect(await readFile(join(folder, "seen", `${n}.png`))).toEqual(await readFile(file));
  }
  expect(total.counts.reduce((a, b) => a + b, 0)).toBe(4 * SIDE * (SIDE - 1));
  expect(found?.evaluation.confusion.flat()).toEqual([...total.counts]);
});
