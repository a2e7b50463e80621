/** Measuring forms: what is kept of it, who reads it, and that a run goes on with the forms that it began with. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Form } from "../../src/rewrite/forms.js";
import { weightsFile } from "../../src/run/folder.js";
import { readRun } from "../../src/run/record.js";
import { train } from "../../src/run/train.js";
import {
  asBegun,
  fastest,
  keepForms,
  kernelsHere,
  layersOf,
  type Tuned,
  tableFile,
} from "../../src/run/tune.js";
import { thisMachine } from "../../src/runtime/machine.js";
import { chosen } from "../../src/tensorflow/target.js";
import { pspc } from "../cli/captured.js";
import { collect, program, squares, temporary } from "./tiny.js";

const folder = await temporary();
vi.stubEnv("PSPC_CACHE", join(folder, "cache"));
const { training } = program(join(folder, "data"));
const layer = layersOf([training])[0]!;
const table = tableFile(thisMachine("cpu").name);

const tuned = (ms: Readonly<Partial<Record<Form, number>>>): Tuned => ({
  ...layer,
  ms: new Map(Object.entries(ms) as [Form, number][]),
});

describe("the fastest form", () => {
  it("is TensorFlow's own kernel unless another is clearly faster, or it is refused", () => {
    expect(fastest(tuned({ native: 10, taps: 7, "winograd-2": 8 }))).toBe("taps");
    expect(fastest(tuned({ native: 10, taps: 9.7 }))).toBe("native");
    expect(fastest(tuned({ phases: 12, taps: 11 }))).toBe("taps");
  });
});

describe("what is kept", () => {
  it("adds to what is known of this machine, and bends nothing else", async () => {
    expect(kernelsHere("cpu").known).toEqual({});
    await keepForms("cpu", { one: "taps" });
    await keepForms("cpu", { two: "winograd-4", one: "native" });
    expect(kernelsHere("cpu")).toEqual({
      machine: { device: "cpu", dilatedGradients: true },
      known: { one: "native", two: "winograd-4" },
    });
  });

  it("is a guess again where the file is damaged or names forms that are none", async () => {
    await writeFile(table, `{"forms": {"one": "magic", "two": "taps"}}`);
    expect(kernelsHere("cpu").known).toEqual({ two: "taps" });
    await writeFile(table, `{"forms": {"one": "ta`);
    expect(kernelsHere("cpu").known).toEqual({});
  });
});

describe("pspc tune", () => {
  it("measures every form of every layer, and keeps the fastest", {
    timeout: 120_000,
  }, async () => {
    await writeFile(table, "{}");
    await writeFile(
      join(folder, "tiny.yaml"),
      `pspc: 1
data: {layout: list, root: data, train: train.txt, val: val.txt, classes: [ground, square]}
model:
  backbone: {resnet: {block: basic, blocks: [1, 1, 1, 1], width: 4}, dilations: [1, 1, 2, 4]}
  pyramid: {bins: [1, 2], reduction: 4}
  head: {channels: 8, dropout: 0}
  auxiliary: none
train: {iterations: 2, batch: 2, crop: 33}
`,
    );
    const { code, out } = await pspc(folder, "tune", "tiny.yaml", "--device", "cpu", "--json");
    expect(code).toBe(0);
    const { layers, file, ms } = JSON.parse(out);
    expect(file).toBe(table);
    expect(layers.length).toBeGreaterThan(10);
    for (const { ms: taken, form } of layers) {
      expect(Object.keys(taken)).toContain("native");
      expect(Object.keys(taken).length).toBeGreaterThan(1);
      expect(taken[form]).toBeLessThanOrEqual(taken.native);
    }
    expect(ms.fastest).toBeLessThanOrEqual(ms.native);
    const { known } = kernelsHere("cpu");
    expect(Object.keys(known)).toHaveLength(layers.length);
    expect(JSON.parse(await readFile(file, "utf8")).machine).toBe(thisMachine("cpu").name);
  });
});

describe("a run", { timeout: 120_000 }, () => {
  const data = join(folder, "data");
  const of = program(data, { iterations: 4, batch: 2 });
  const running = (name: string, more = {}) =>
    train({ program: of, folder: join(folder, name), device: "cpu", workers: 0, ...more });
  const weights = (name: string) => readFile(weightsFile(join(folder, name)));
  const everywhere = (form: Form) =>
    Object.fromEntries(layersOf([of.training]).map(({ name }) => [name, form]));

  beforeAll(() => squares(data));

  it("goes on with the forms that it began with, in the same bits, whatever is measured since", async () => {
    await writeFile(table, JSON.stringify({ forms: everywhere("winograd-2") }));
    await collect(running("whole"));
    const stop = new AbortController();
    await collect(running("cut", { signal: stop.signal }), (event) => {
      if (event.kind === "step" && event.step === 2) stop.abort();
      return false;
    });
    await writeFile(table, JSON.stringify({ forms: everywhere("native") }));
    await collect(running("cut", { resume: true }));
    await collect(running("other"));
    const begun = await readRun(join(folder, "whole"));
    expect(Object.values(begun.kernels ?? {})).toContain("winograd-2");
    expect(chosen(of.training, asBegun(begun, kernelsHere("cpu")))).toEqual(begun.kernels);
    expect((await weights("cut")).equals(await weights("whole"))).toBe(true);
    // Another form rounds otherwise, so that equal bits above say something.
    expect((await weights("other")).equals(await weights("whole"))).toBe(false);
  });
});
