/** Values of variables: drawn to the same bits everywhere, or taken by name and shape with every misfit named. */

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Failed, valueOrThrow } from "../../src/diagnostic/failure.js";
import type { Ops } from "../../src/graph/op.js";
import { networkVariables, taken, WHOLE } from "../../src/weights/fit.js";
import { initialState, initialValues } from "../../src/weights/initial.js";
import { select } from "../../src/weights/load.js";
import { pspnet } from "../oracle/experiment.js";

type Variable = Ops["variable"];

const variables = networkVariables(pspnet([3, 4, 6, 3], 19), "train");
const named = (name: string): Variable => variables.find((each) => each.name === name)!;
const values = (name: string, seed = 0): Float32Array =>
  initialValues(named(name), seed) as Float32Array;
const digest = (data: Float32Array): string =>
  createHash("sha256").update(new Uint8Array(data.buffer)).digest("hex").slice(0, 16);

const moments = (data: Float32Array) => {
  const n = data.length;
  const mean = data.reduce((sum, x) => sum + x, 0) / n;
  const central = (power: number): number =>
    data.reduce((sum, x) => sum + (x - mean) ** power, 0) / n;
  const deviation = Math.sqrt(central(2));
  return { n, mean, deviation, kurtosis: central(4) / deviation ** 4 };
};

describe("initial values", () => {
  test("are these bits", () => {
    expect({
      backbone: digest(values("backbone.stage2.block1.2.conv.kernel")),
      otherSeed: digest(values("backbone.stage2.block1.2.conv.kernel", 1)),
      largeSeed: digest(values("backbone.stage2.block1.2.conv.kernel", 2 ** 40 + 3)),
      head: digest(values("head.fuse.conv.kernel")),
      bias: digest(values("head.classifier.bias")),
    }).toMatchInlineSnapshot(`
      {
        "backbone": "eee477998188de72",
        "bias": "1741bd92a7199cb0",
        "head": "51b74c90ec0809fd",
        "largeSeed": "def76e62a9b295db",
        "otherSeed": "9455014dbd34ca22",
      }
    `);
  });

  test("of the backbone are normal, as fan-out has them", () => {
    for (const name of [
      "backbone.stem2.conv.kernel",
      "backbone.stage3.block2.2.conv.kernel",
      "backbone.stage4.block1.shortcut.conv.kernel",
    ]) {
      const [h, w, , to] = named(name).shape;
      const { n, mean, deviation, kurtosis } = moments(values(name));
      const wanted = Math.sqrt(2 / (h! * w! * to!));
      // Five standard errors of each estimate.
      expect(Math.abs(mean)).toBeLessThan((5 * wanted) / Math.sqrt(n));
      expect(Math.abs(deviation / wanted - 1)).toBeLessThan(5 / Math.sqrt(2 * n));
      expect(Math.abs(kurtosis - 3)).toBeLessThan(5 * Math.sqrt(24 / n));
    }
  });

  test("of new layers are uniform, as PyTorch leaves them", () => {
    for (const name of [
      "pyramid.bin3.conv.kernel",
      "head.fuse.conv.kernel",
      "auxiliary.classifier.kernel",
    ]) {
      const [h, w, from] = named(name).shape;
      const data = values(name);
      const bound = 1 / Math.sqrt(h! * w! * from!);
      const { n, mean, deviation, kurtosis } = moments(data);
      expect(Math.max(...data.subarray(0, 100_000))).toBeLessThanOrEqual(bound);
      expect(Math.abs(mean)).toBeLessThan((5 * bound) / Math.sqrt(3 * n));
      expect(Math.abs((deviation * Math.sqrt(3)) / bound - 1)).toBeLessThan(5 / Math.sqrt(2 * n));
      expect(Math.abs(kurtosis - 1.8)).toBeLessThan(5 * Math.sqrt(24 / n));
    }
    const bias = values("head.classifier.bias");
    expect(Math.max(...bias.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(512));
    expect(new Set(bias).size).toBe(19);
  });

  test("of norms are 1 and 0, and no two tensors are alike", () => {
    expect(new Set(values("head.fuse.norm.scale"))).toEqual(new Set([1]));
    expect(new Set(values("head.fuse.norm.shift"))).toEqual(new Set([0]));
    const kernels = variables.filter(({ role }) => role === "kernel");
    const first = kernels.map((of) => initialValues({ ...of, shape: [4] }, 0).join());
    expect(new Set(first).size).toBe(kernels.length);
  });
});

const variable = (name: string, part: "backbone" | "head", role: Variable["role"]): Variable => ({
  name,
  dtype: "f32",
  shape: [2, 2],
  role,
  site:
    part === "head"
      ? { part, layer: "fuse", word: "kernel" }
      : { part, stage: 0, layer: 1, word: "kernel" },
  initial: role === "momentum" ? { kind: "constant", value: 0 } : { kind: "kaiming", fan: 4 },
});

const few = [
  variable("backbone.kernel", "backbone", "kernel"),
  variable("backbone.kernel/momentum", "backbone", "momentum"),
  variable("head.kernel", "head", "kernel"),
];

const tensor = (value: number, shape: readonly number[] = [2, 2]) => ({
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
});

const reasons = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof Failed) return error.failure.message;
  }
  return "none";
};

describe("weights for a network", () => {
  test("what else the file holds stays there", () => {
    const tensors = new Map([
      ["head.kernel", tensor(1)],
      ["auxiliary.kernel", tensor(2)],
    ]);
    expect([...valueOrThrow(select(tensors, [few[2]!], "w")).keys()]).toEqual(["head.kernel"]);
  });

  test("missing ones and other shapes are named", () => {
    expect(reasons(() => valueOrThrow(select(new Map(), few, "w")))).toBe(
      "w lacks backbone.kernel, backbone.kernel/momentum, head.kernel",
    );
    const narrow = new Map([["head.kernel", tensor(1, [4])]]);
    expect(reasons(() => valueOrThrow(select(narrow, [few[2]!], "w")))).toMatch(
      /head\.kernel is \[4\], the network's is \[2,2\]/,
    );
  });
});

describe("the first state", () => {
  test("is a function of seed and name", () => {
    const values = (seed: number) => initialState(few, seed).get("head.kernel")!.data;
    expect(values(1)).toEqual(values(1));
    expect(values(1)).not.toEqual(values(2));
    const one = initialState([few[2]!], 1).get("head.kernel")!.data;
    expect(one).toEqual(values(1));
  });

  test("takes what is given, and draws the rest", () => {
    const state = initialState(few, 1, new Map([["backbone.kernel", tensor(5)]]));
    expect([...state.get("backbone.kernel")!.data]).toEqual([5, 5, 5, 5]);
    expect([...state.get("backbone.kernel/momentum")!.data]).toEqual([0, 0, 0, 0]);
    expect(state.get("head.kernel")).toEqual(initialState(few, 1).get("head.kernel"));
  });

  test.each([
    ["all", ["backbone.kernel", "head.kernel"]],
    ["backbone", ["backbone.kernel"]],
  ] as const)("asks a file for %s: never for momentum", (only, names) => {
    expect(taken(few, { ...WHOLE, only }).map(({ name }) => name)).toEqual(names);
  });
});
