/** Every operation's gradient, as TensorFlow computes it, against central differences of the 64-bit reference. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pullback, pullbacks } from "../../src/gradient/pullback.js";
import { gradients } from "../../src/gradient/reverse.js";
import { add, input, multiply, reshape, scalar, sum } from "../../src/graph/compose.js";
import { type Graph, number } from "../../src/graph/graph.js";
import { verify } from "../../src/graph/infer.js";
import { type Node, type NodeOf, type OpName, shapeOf } from "../../src/graph/op.js";
import { product, type Shape } from "../../src/graph/type.js";
import { openSession, type Session } from "../../src/runtime/session.js";
import { savedModel } from "../../src/tensorflow/target.js";
import { evaluate, type Leaves } from "../oracle/reference.js";
import { type Case, cases, weights } from "./cases.js";

/** Operations of a backward pass, of choice, of counting and of chance. */
const refused: readonly OpName[] = [
  "part",
  "convolutionInputGradient",
  "convolutionKernelGradient",
  "depthwiseInputGradient",
  "depthwiseKernelGradient",
  "batchNormGradient",
  "relu6Gradient",
  "reluGradient",
  "maxPoolGradient",
  "resizeGradient",
  "compare",
  "largest",
  "gather",
  "kthSmallest",
  "argmax",
  "bincount",
  "uniform",
];
const leaves: readonly OpName[] = ["input", "variable", "constant"];
const stopped: readonly OpName[] = ["stop"];

/** Numbers that f32 holds exactly; `arg` shifts them, so that two arguments never meet by chance. */
const draw = (kind: Case["values"], shape: Shape, arg: number): Float32Array => {
  const n = product(shape);
  return Float32Array.from({ length: n }, (_, i) => {
    if (kind === "ties") return ((i * 7 + arg) % 4) - 1;
    // A fixed shuffle: 7919 is prime and no array here is as long.
    const share = (((i * 7919) % n) + 0.29 + 0.17 * arg) / n;
    return kind === "positive" ? 0.5 + 1.5 * share : 2 * share - 1;
  });
};

interface Prepared {
  readonly each: Case;
  readonly names: readonly string[];
  readonly values: readonly Float32Array[];
  /** Results `y<i>`, `loss<i>` and `g<i>.<arg>`. */
  readonly results: Readonly<Record<string, Node>>;
}

const prepare = (each: Case, i: number): Prepared => {
  const names = each.args.map((_, arg) => `x${i}.${arg}`);
  const args = each.args.map((shape, arg) => input(names[arg]!, "f32", ...shape));
  const y = each.f(...args);
  const size = product(shapeOf(y));
  const loss = sum(multiply(reshape(y, [size]), weights(size)));
  const slopes = gradients(loss, args).map((slope, arg) => [`g${i}.${arg}`, slope] as const);
  return {
    each,
    names,
    values: each.args.map((shape, arg) => draw(each.values, shape, arg)),
    results: { [`y${i}`]: y, [`loss${i}`]: loss, ...Object.fromEntries(slopes) },
  };
};

const step = 1e-6;

/** (f(x+h) − f(x−h)) / 2h for every element of argument `arg`. */
const centralDifferences = (graph: Graph, root: number, given: Leaves, name: string): number[] => {
  const base = evaluate(graph, [root], given);
  const moved = Float64Array.from(given.get(name)!);
  const at = (index: number, value: number): number => {
    const before = moved[index]!;
    moved[index] = value;
    const all = new Map([...given, [name, moved]]);
    const loss = evaluate(graph, [root], all, base, new Set([name])).values[root]![0]![0]!;
    moved[index] = before;
    return loss;
  };
  return Array.from(moved, (x, index) => (at(index, x + step) - at(index, x - step)) / (2 * step));
};

/** Largest difference, in parts of the largest number that either may have (the loss's own weights are near 1). */
const difference = (got: ArrayLike<number>, wanted: ArrayLike<number>): number => {
  if (got.length !== wanted.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(1, ...Array.from(wanted, Math.abs));
  return Math.max(0, ...Array.from(got, (value, i) => Math.abs(value - wanted[i]!))) / scale;
};
/** Sums here have fewer than a thousand terms of size 1: 2⁻²⁴ · √1000 · a margin of 5. */
const tolerance = 1e-5;

const prepared = new Map(
  (Object.entries(cases) as [OpName, readonly Case[]][]).map(([op, of]) => [op, of.map(prepare)]),
);
const graphs = new Map(
  [...prepared].map(([op, of]) => [
    op,
    verify(
      number({ results: Object.assign({}, ...of.map(({ results }) => results)), updates: [] }),
    ),
  ]),
);

describe("the table of pullbacks", () => {
  it("is tested or refused, operation by operation", () => {
    const known = new Set([...Object.keys(cases), ...refused, ...leaves, ...stopped]);
    expect([...known].sort()).toEqual(Object.keys(pullbacks).sort());
  });

  it.each(refused)("refuses %s", (op) => {
    const node = { op, attributes: {}, args: [], types: [{ dtype: "f32", shape: [] }] };
    expect(() => pullback(node as unknown as NodeOf<OpName>, scalar(1))).toThrow(
      `no gradient flows through ${op}`,
    );
  });

  it.each(stopped)("gives nothing on through %s", (op) => {
    const node = { op, attributes: {}, args: [], types: [{ dtype: "f32", shape: [] }] };
    expect(pullback(node as unknown as NodeOf<OpName>, scalar(1))).toEqual([null]);
  });

  it.each(leaves)("ends at %s", (op) => {
    const node = { op, attributes: {}, args: [], types: [{ dtype: "f32", shape: [] }] };
    expect(pullback(node as unknown as NodeOf<OpName>, scalar(1))).toEqual([]);
  });
});

describe("reverse mode", () => {
  const x = input("x", "f32", 2, 3);
  const loss = sum(multiply(x, x));

  it("gives zeros where the loss does not depend on a source", () => {
    const [none] = gradients(loss, [input("y", "f32", 4)]);
    expect(none.op).toBe("broadcast");
    expect(shapeOf(none)).toEqual([4]);
  });

  it("gives 1 for the loss itself", () => {
    const [one] = gradients(loss, [loss]);
    expect(
      evaluate(number({ results: { one }, updates: [] }), [0], new Map()).values[0]![0]!,
    ).toEqual(Float64Array.of(1));
  });

  it("adds what arrives by two ways", () => {
    const graph = number({
      results: { slope: gradients(add(loss, sum(x)), [x])[0] },
      updates: [],
    });
    const at = evaluate(graph, [graph.results.slope!], new Map([["x", [0, 1, 2, 3, -4, 5]]]));
    expect([...at.values[graph.results.slope!]![0]!]).toEqual([1, 3, 5, 7, -7, 11]);
  });

  it("refuses to differentiate what is no scalar", () => {
    expect(() => gradients(x, [x])).toThrow("the gradient of [2,3], which is no scalar");
  });
});

describe("gradients", () => {
  let session: Session;
  beforeAll(async () => {
    session = await openSession(savedModel(Object.fromEntries(graphs)), "cpu");
  });
  afterAll(() => session.dispose());

  describe.each([...prepared])("of %s", (op, of) => {
    const graph = graphs.get(op)!;
    let got: ReturnType<Session["run"]>;
    beforeAll(() => {
      const inputs = of.flatMap(({ names, values }) => names.map((name, i) => [name, values[i]]));
      got = session.run(op, Object.fromEntries(inputs));
    });

    it.each(of.map((each, i) => [each.each.name, i, each] as const))("%s", (_, i, each) => {
      const given = (nudge: number): Leaves =>
        new Map(
          each.names.map((name, arg) => [
            name,
            Float64Array.from(
              each.values[arg]!,
              (value, index) => value + nudge * (each.each.nudge?.(arg, index) ?? 0),
            ),
          ]),
        );
      const y = graph.results[`y${i}`];
      const wanted = evaluate(graph, [y!], given(0)).values[y!]![0];
      expect(difference(got[`y${i}`]!.data, wanted!)).toBeLessThan(tolerance);
      each.names.forEach((name, arg) => {
        const slopes = centralDifferences(graph, graph.results[`loss${i}`]!, given(1e-4), name);
        expect(difference(got[`g${i}.${arg}`]!.data, slopes)).toBeLessThan(
          // A nudge of 1e-4 an element moves the point a little; only ties are nudged, where f is linear.
          tolerance,
        );
      });
    });
  });
});
