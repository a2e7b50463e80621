/** Weights meet a network by name and shape; every misfit is named. */

import { describe, expect, test } from "vitest";
import { Failed } from "../../src/diagnostic/failure.js";
import type { Ops } from "../../src/graph/op.js";
import { initialState } from "../../src/weights/initial.js";
import { select, taken } from "../../src/weights/select.js";

type Variable = Ops["variable"];

const variable = (name: string, group: Variable["group"], role: Variable["role"]): Variable => ({
  name,
  dtype: "f32",
  shape: [2, 2],
  role,
  group,
  initial: role === "momentum" ? { kind: "constant", value: 0 } : { kind: "kaiming", fan: 4 },
});

const variables = [
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
    expect([...select(tensors, [variables[2]!], "w").keys()]).toEqual(["head.kernel"]);
  });

  test("missing ones and other shapes are named", () => {
    expect(reasons(() => select(new Map(), variables, "w"))).toBe(
      "w lacks backbone.kernel, backbone.kernel/momentum, head.kernel",
    );
    const narrow = new Map([["head.kernel", tensor(1, [4])]]);
    expect(reasons(() => select(narrow, [variables[2]!], "w"))).toMatch(
      /head\.kernel is \[4\], the network's is \[2,2\]/,
    );
  });
});

describe("the first state", () => {
  test("is a function of seed and name", () => {
    const values = (seed: number) => initialState(variables, seed).get("head.kernel")!.data;
    expect(values(1)).toEqual(values(1));
    expect(values(1)).not.toEqual(values(2));
    const one = initialState([variables[2]!], 1).get("head.kernel")!.data;
    expect(one).toEqual(values(1));
  });

  test("takes what is given, and draws the rest", () => {
    const state = initialState(variables, 1, new Map([["backbone.kernel", tensor(5)]]));
    expect([...state.get("backbone.kernel")!.data]).toEqual([5, 5, 5, 5]);
    expect([...state.get("backbone.kernel/momentum")!.data]).toEqual([0, 0, 0, 0]);
    expect(state.get("head.kernel")).toEqual(initialState(variables, 1).get("head.kernel"));
  });

  test.each([
    ["all", ["backbone.kernel", "head.kernel"]],
    ["backbone", ["backbone.kernel"]],
  ] as const)("asks a file for %s: never for momentum", (only, names) => {
    expect(taken(variables, only).map(({ name }) => name)).toEqual(names);
  });
});
