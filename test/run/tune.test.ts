/** Measuring forms: what is kept of it, who reads it, and that a run goes on with the forms that it began with. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { busyText } from "../../src/report/machine.js";
import type { Form } from "../../src/rewrite/forms.js";
import { calibrate, isSteady } from "../../src/run/calibrate.js";
import { weightsFile } from "../../src/run/folder.js";
import {
  asBegun,
  keepForms,
  keepSpeeds,
  kernelsHere,
  speedsFile,
  speedsFrom,
  tableFile,
} from "../../src/run/kernels.js";
import { readRun } from "../../src/run/record.js";
import { ratios, spread, takenByOthers } from "../../src/run/timing.js";
import { train } from "../../src/run/train.js";
import { fastest, layersOf } from "../../src/run/tune.js";
import { thisMachine } from "../../src/runtime/machine.js";
import { chosen } from "../../src/tensorflow/target.js";
import { pspc } from "../cli/captured.js";
import { collect, program, squares, temporary } from "./tiny.js";

const folder = await temporary();
vi.stubEnv("PSPC_CACHE", join(folder, "cache"));
const table = tableFile(thisMachine("cpu").name);

type Rounds = Readonly<Partial<Record<Form, readonly number[]>>>;
const entries = (of: Rounds) => new Map(Object.entries(of) as [Form, readonly number[]][]);
const told = (rounds: Rounds, again: Rounds = {}) =>
  fastest({ rounds: entries(rounds), again: entries(again) });
const about = (ms: number) => [ms, 1.01 * ms, 0.99 * ms, ms];

describe("the fastest form", () => {
  const [native, taps] = [about(10), about(7)];

  it("is TensorFlow's own kernel unless another is clearly faster, or it is refused", () => {
    expect(told({ native, taps, "winograd-2": about(8) }, { native, taps })).toBe("taps");
    expect(told({ native, taps: about(9.7) }, { native, taps: about(9.7) })).toBe("native");
    expect(told({ phases: about(12), taps: about(11) })).toBe("taps");
  });

  it("is told by rounds that meet the same disturbance", () => {
    const busy = [10, 90, 12, 300];
    const less = busy.map((ms) => 0.7 * ms);
    expect(told({ native: busy, taps: less }, { native: busy, taps: less })).toBe("taps");
  });

  it("cannot be told where what won does not win again, or wins in some rounds alone", () => {
    expect(told({ native, taps }, { native, taps: about(10.5) })).toBeNull();
    const mixed = [4, 13, 5, 14];
    expect(told({ native, taps: mixed }, { native, taps: mixed })).toBeNull();
  });

  it("is told of many rounds by the lower quartiles of a few parts, whatever single rounds say", () => {
    const rounds = (ms: number) =>
      Array.from({ length: 40 }, (_, i) => ms * (1 + ((i * 7) % 5) / 4));
    const [own, less] = [rounds(10), rounds(9).toReversed()];
    expect(ratios(less, own).filter((share) => share > 1).length).toBeGreaterThan(10);
    expect(told({ native: own, taps: less }, { native: own, taps: less })).toBe("taps");
  });
});

describe("a calibration", { timeout: 120_000 }, () => {
  const here = () => speedsFile(thisMachine("cpu").name);

  it("measures numbers above 0, is kept a machine, and is taken where it is whole", async () => {
    let now = 0;
    const others = () => now++ * 1e9;
    const found = await calibrate("cpu", { rounds: 4, others });
    const { speeds, unsteady } = found;
    const all = [speeds.call, speeds.move, speeds.turn, ...Object.values(speeds.rates.f32).flat()];
    expect(all.filter((each) => !(each > 0 && each < 1e7))).toEqual([]);
    expect(unsteady).toBeLessThanOrEqual(1);
    expect(isSteady({ ...found, unsteady: 0 })).toBe(false);
    vi.stubEnv("PSPC_SPEEDS", "");
    expect(speedsFrom("cpu")).toMatch(/^speeds typical of AVX/);
    await keepSpeeds("cpu", speeds);
    expect(speedsFrom("cpu")).toBe("speeds measured here");
    expect(kernelsHere("cpu").machine.speeds).toEqual(speeds);
    await writeFile(here(), "{}");
    expect(speedsFrom("cpu")).toMatch(/^speeds typical of AVX/);
    vi.stubEnv("PSPC_SPEEDS", "typical");
  });

  it("knows a machine by its instruction set, its threads and its TensorFlow", () => {
    const { name } = thisMachine("cpu");
    expect(name).toMatch(/avx|arm64|x64/);
    expect(name).toMatch(/\d+ threads, TensorFlow /);
    vi.stubEnv("ONEDNN_MAX_CPU_ISA", "AVX2");
    expect(thisMachine("cpu").name).not.toBe(name);
    vi.stubEnv("ONEDNN_MAX_CPU_ISA", undefined);
  });

  it("is unsteady where every second round takes otherwise", () => {
    expect(spread([10, 11, 10, 10.2])).toBeLessThan(0.03);
    expect(spread([10, 14, 11, 15])).toBeCloseTo(0.4);
    // A clock that slows down meets all forms alike.
    const slower = Array.from({ length: 40 }, (_, round) => 10 + round / 10);
    expect(spread(slower)).toBeLessThan(0.02);
    // Rounds that single disturbances meet, in both halves: their lower quartiles are the same.
    const disturbed = Array.from({ length: 64 }, (_, i) => 10 + (i % 3) * 4 + (i >> 1) / 100);
    expect(spread(disturbed)).toBeLessThan(0.01);
  });

  it("is not kept where others took much of the processors, or most came out otherwise", () => {
    expect(isSteady({ unsteady: 0.1, others: 0.02 })).toBe(true);
    expect(isSteady({ unsteady: 0.1, others: null })).toBe(true);
    expect(isSteady({ unsteady: 0.375, others: 0.02 })).toBe(false);
    expect(isSteady({ unsteady: 0, others: 0.5 })).toBe(false);
    expect(busyText({ unsteady: 0.375, others: 0.5 })).toMatch(
      /other processes took 50 % of its processors, and 38 % of the numbers/,
    );
    expect(takenByOthers() ?? 0).toBeGreaterThanOrEqual(0);
  });
});

describe("what is kept", () => {
  it("adds to what is known of this machine, and bends nothing else", async () => {
    expect(kernelsHere("cpu").known).toEqual({});
    await keepForms("cpu", { one: "taps" });
    await keepForms("cpu", { two: "winograd-4", one: "native" });
    const { machine, known } = kernelsHere("cpu");
    expect(known).toEqual({ one: "native", two: "winograd-4" });
    // Whether bf16's dilated gradients are taken is the processor's affair.
    expect(machine).toMatchObject({ device: "cpu", dilatedGradients: true });
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
      if (form !== null) expect(taken[form]).toBeLessThanOrEqual(taken.native);
    }
    expect(ms.fastest).toBeLessThanOrEqual(ms.native);
    const { known } = kernelsHere("cpu");
    const clear = layers.filter(({ form }: { readonly form: Form | null }) => form !== null);
    expect(Object.keys(known)).toHaveLength(clear.length);
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
    Object.fromEntries(
      layersOf({ training: [of.training], asked: [] }).map(({ name }) => [name, form]),
    );

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
