/** The numbered graph and its laws: common subexpressions, dead code, the verifier. */

import { describe, expect, it } from "vitest";
import { pullbacks } from "../../src/gradient/pullback.js";
import {
  add,
  concat,
  input,
  matmul,
  multiply,
  relu,
  reshape,
  scalar,
  select,
  slice,
  sum,
  variable,
} from "../../src/graph/compose.js";
import { valuesOf } from "../../src/graph/constant.js";
import { type Graph, number, printGraph, topological, type Value } from "../../src/graph/graph.js";
import { inference, verify } from "../../src/graph/infer.js";
import type { Variable } from "../../src/graph/op.js";

const x = input("x", "f32", 2, 3);
const weight = (name: string): Variable =>
  variable({
    name,
    dtype: "f32",
    shape: [3],
    role: "bias",
    site: null,
    initial: { kind: "constant", value: 0 },
  });
const numbered = (...nodes: Parameters<typeof add>[0][]): Graph =>
  number({ results: Object.fromEntries(nodes.map((node, i) => [`r${i}`, node])), updates: [] });

describe("number", () => {
  it("gives equal operations on equal arguments one value", () => {
    const graph = numbered(add(relu(x), scalar(1)), add(relu(x), scalar(1)));
    expect(graph.values.map(({ op }) => op)).toEqual(["input", "relu", "constant", "binary"]);
    expect(graph.results).toEqual({ r0: 3, r1: 3 });
  });

  it("keeps apart what differs in an attribute, a type or an argument's place", () => {
    const [a, b] = [weight("a"), weight("b")];
    const graph = numbered(add(a, b), add(b, a), multiply(a, b), scalar(1), scalar(1, "i32"));
    expect(new Set(Object.values(graph.results)).size).toBe(5);
  });

  it("keeps apart numbers that JSON cannot", () => {
    const values = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    expect(numbered(...values.map((value) => scalar(value))).values).toHaveLength(5);
  });

  it("leaves out what nothing asks for", () => {
    relu(multiply(x, x));
    expect(numbered(sum(x)).values.map(({ op }) => op)).toEqual(["input", "sum"]);
  });

  it("puts arguments before their users, however deep", () => {
    let deep = x;
    for (let i = 0; i < 20_000; i++) deep = add(deep, x);
    const order = topological([deep]);
    expect(order).toHaveLength(20_001);
    expect(order[0]).toBe(x);
    expect(order.at(-1)).toBe(deep);
  });
});

describe("verify", () => {
  const whole = numbered(add(relu(x), scalar(1)));
  const broken = (change: (values: Value[]) => void): Graph => {
    const values = [...whole.values];
    change(values);
    return { ...whole, values };
  };

  it("returns a lawful graph", () => expect(verify(whole)).toBe(whole));

  it.each<[string, Graph, string]>([
    ["an id that is no position", broken((v) => v.reverse()), "stands at 0"],
    [
      "an argument that comes later",
      broken((v) => {
        v[1] = { ...v[1], args: [3] } as Value;
      }),
      "%1 uses a later value",
    ],
    [
      "a type that inference does not say",
      broken((v) => {
        v[1] = { ...v[1], types: [{ dtype: "f32", shape: [3, 2] }] } as Value;
      }),
      "%1 (relu) claims f32[3,2] and is f32[2,3]",
    ],
    [
      "one name for two inputs",
      numbered(x, input("x", "f32", 4)),
      "input x stands twice, with different attributes",
    ],
  ])("refuses %s", (_, graph, message) => expect(() => verify(graph)).toThrow(message));

  const [w, v] = [weight("w"), weight("v")];
  const updating = (updates: Parameters<typeof number>[0]["updates"]): Graph =>
    number({ results: {}, updates });
  it.each<[string, Graph, string]>([
    ["a write to what is no variable", updating([{ variable: x, value: x }]), "no variable"],
    [
      "two writes to one variable",
      updating([
        { variable: w, value: v },
        { variable: w, value: w },
      ]),
      "is written twice",
    ],
    ["a value of another type", updating([{ variable: w, value: scalar(1) }]), "does not fit"],
  ])("refuses %s", (_, graph, message) => expect(() => verify(graph)).toThrow(message));
});

describe("inference", () => {
  it.each<[string, () => unknown, string]>([
    [
      "shapes that do not stretch",
      () => add(x, input("y", "f32", 2)),
      "f32[2,3] does not meet f32[2]",
    ],
    ["two element types", () => add(x, scalar(1, "i32")), "f32[2,3] does not meet i32[]"],
    [
      "a choice among other shapes",
      () => select(input("c", "bool", 2, 3), x, scalar(1)),
      "does not choose between f32[2,3] and f32[]",
    ],
    [
      "pieces that do not meet",
      () => concat([x, input("y", "f32", 2, 2, 1)], 0),
      "pieces do not meet along axis 0",
    ],
    [
      "a slice that leaves its argument",
      () => slice(x, [0, 1], [2, 3]),
      "slice [0,1]+[2,3] leaves [2,3]",
    ],
    ["a shape that is not filled", () => reshape(x, [4]), "f32[2,3] does not fill [4]"],
    ["matrices that do not meet", () => matmul(x, x), "a matrix [2,3] does not meet [2,3]"],
  ])("refuses %s", (_, make, message) => expect(make).toThrow(message));

  it("refuses a constant that its numbers do not fill, when they are asked for", () => {
    expect(() => valuesOf({ kind: "values", values: [1] }, [2])).toThrow("does not fill [2]");
  });
});

describe("every table over the operations", () => {
  it("has the same rows", () => {
    expect(Object.keys(pullbacks).sort()).toEqual(Object.keys(inference).sort());
  });
});

describe("the printed graph", () => {
  it("shows values, updates and results", () => {
    const w = weight("w");
    const graph = number({
      results: { y: relu(add(x, w)) },
      updates: [{ variable: w, value: sum(x, [0]) }],
    });
    expect(printGraph(graph)).toBe(
      [
        "%0 = input x : f32[2,3]",
        "%1 = variable w (bias) : f32[3]",
        "%2 = binary(%0, %1) kind=add : f32[2,3]",
        "%3 = relu(%2) : f32[2,3]",
        "%4 = sum(%0) axes=[0] keep=false : f32[3]",
        "%1 := %4",
        "return y = %3",
        "",
      ].join("\n"),
    );
  });
});
