/** Freezing: what weights alone decide is found whole, and nothing else is taken out. */

import { describe, expect, it } from "vitest";
import { add, input, multiply, relu, scalar, sqrt, variable } from "../../src/graph/compose.js";
import { number, valuesOfOp } from "../../src/graph/graph.js";
import type { Variable } from "../../src/graph/op.js";
import { exportStep } from "../../src/plan/inference.js";
import { freeze } from "../../src/rewrite/freeze.js";
import { tiny } from "../oracle/experiment.js";

const weight = (name: string): Variable =>
  variable({
    name,
    dtype: "f32",
    shape: [2],
    role: "scale",
    site: null,
    initial: { kind: "constant", value: 1 },
  });

describe("freezing", () => {
  const [a, b] = [weight("a"), weight("b")];
  const x = input("x", "f32", 2);

  it("takes the largest values that no input decides, each once, after their first weight", () => {
    const folded = multiply(a, sqrt(add(b, scalar(1))));
    const results = { y: relu(add(multiply(x, folded), folded)), z: add(x, a), w: sqrt(b) };
    const { constants, rest } = freeze(number({ results, updates: [] }));
    expect(Object.keys(constants.results).sort()).toEqual(["a", "a/2", "b"]);
    expect(valuesOfOp(constants, "input")).toEqual([]);
    expect(
      rest.values.map(({ op, attributes }) => ("name" in attributes ? attributes.name : op)),
    ).toEqual(["x", "a/2", "binary", "binary", "relu", "a", "binary", "b"]);
    expect(Object.keys(rest.results)).toEqual(["y", "z", "w"]);
  });

  it("leaves constants where they are, and refuses what moves", () => {
    const { constants, rest } = freeze(
      number({ results: { y: add(x, sqrt(scalar(2))) }, updates: [] }),
    );
    expect(constants.values).toEqual([]);
    expect(rest.values.map(({ op }) => op)).toEqual(["input", "constant", "unary", "binary"]);
    const moving = number({ results: { y: x }, updates: [{ variable: a, value: b }] });
    expect(() => freeze(moving)).toThrow("only a question can be frozen");
  });

  it("leaves of a network one kernel and one bias a convolution, and no variable", () => {
    const size = { height: 33, width: 41, image: "u8", batch: 1 } as const;
    const border = { ...size, give: ["classes"], look: "whole" } as const;
    const { constants, rest } = freeze(exportStep(tiny({ pyramid: { bins: [1, 2] } }), border));
    expect(valuesOfOp(rest, "variable")).toEqual([]);
    const shapes = Object.values(constants.results).map(
      (id) => constants.values[id]?.types[0].shape.length,
    );
    const convolutions = valuesOfOp(rest, "convolution").length;
    expect(convolutions).toBeGreaterThan(10);
    expect(shapes.filter((rank) => rank === 4 || rank === 3).length).toBeGreaterThanOrEqual(
      convolutions,
    );
    expect(valuesOfOp(rest, "unary")).toEqual([]);
    expect(valuesOfOp(rest, "binary").every(({ attributes: { kind } }) => kind === "add")).toBe(
      true,
    );
  });
});
