/** What TensorFlow's own kernels are taken for: the same numbers as the neutral graph, and nowhere else. */

import { describe, expect, it } from "vitest";
import { momentumStep } from "../../src/gradient/descend.js";
import { gradients } from "../../src/gradient/reverse.js";
import {
  add,
  apply,
  constant,
  convolution,
  depthwise,
  divide,
  input,
  movingAverage,
  multiply,
  padding,
  part,
  relu,
  relu6,
  scalar,
  sqrt,
  subtract,
  sum,
  variable,
} from "../../src/graph/compose.js";
import { type Graph, number, type Update } from "../../src/graph/graph.js";
import type { Node, Variable } from "../../src/graph/op.js";
import type { Role } from "../../src/graph/variable.js";
import { followBatch } from "../../src/model/layer.js";
import { trainingStep } from "../../src/plan/step.js";
import { openSession } from "../../src/runtime/session.js";
import { legalize } from "../../src/tensorflow/legalize.js";
import { savedModel } from "../../src/tensorflow/target.js";
import { type Differs, tiny } from "../oracle/experiment.js";

const held = (name: string, role: Role, ...shape: number[]): Variable =>
  variable({
    name,
    dtype: "f32",
    shape,
    role,
    site: null,
    initial: { kind: "constant", value: 0 },
  });

const count = ({ values }: { readonly values: readonly { readonly op: string }[] }, op: string) =>
  values.filter((value) => value.op === op).length;

const numbers = (length: number, seed: number): Float32Array =>
  Float32Array.from(
    { length },
    (_, i) => ((Math.imul(i + 1 + 7919 * seed, 2654435761) >>> 8) % 2001) / 1000 - 1,
  );

/** What a graph gives, and the state after it, from a state of these numbers. */
const run = async (
  graph: Graph,
  state: Readonly<Record<string, Float32Array>>,
  given: Readonly<Record<string, Float32Array | number>>,
) => {
  const session = await openSession(savedModel({ graph }), "cpu");
  session.write(
    new Map(Object.entries(state).map(([name, data]) => [name, { shape: [data.length], data }])),
  );
  const results = session.run("graph", given);
  const after = session.read();
  session.dispose();
  return {
    results: new Map(Object.entries(results).map(([name, { data }]) => [name, [...data]])),
    state: new Map([...after].map(([name, { data }]) => [name, [...data]])),
  };
};

const closeTo = (found: readonly number[] | undefined, expected: readonly number[] | undefined) => {
  expect(found?.length).toBe(expected?.length);
  found?.forEach((value, i) => void expect(value).toBeCloseTo(expected?.[i] ?? Number.NaN, 4));
};

describe("a norm in training", () => {
  const [mean, variance] = [held("mean", "mean", 3), held("variance", "variance", 3)];
  const x = input("x", "f32", 2, 4, 5, 3);
  const [scale, shift] = [input("scale", "f32", 3), input("shift", "f32", 3)];
  const weight = input("weight", "f32", 2, 4, 5, 3);
  const epsilon = 1e-3;
  const norm = apply("batchNorm", { epsilon }, [x, scale, shift]);

  /** Its definition, of which the gradient is taken operation by operation. */
  const pixels = scalar(2 * 4 * 5);
  const average = (of: Node): Node => divide(sum(of, [0, 1, 2]), pixels);
  const own = average(x);
  const away = subtract(x, own);
  const spread = average(multiply(away, away));
  const y = add(multiply(scale, divide(away, sqrt(add(spread, scalar(epsilon))))), shift);

  const resultsOf = (of: Node): Record<string, Node> => {
    const [dx, dscale, dshift] = gradients(sum(multiply(of, weight)), [x, scale, shift]);
    return { y: of, dx: dx!, dscale: dscale!, dshift: dshift! };
  };
  const unbiased = multiply(spread, scalar(40 / 39));
  const written = number({
    results: resultsOf(y),
    updates: [
      { variable: mean, value: movingAverage(mean, own, 0.7) },
      { variable: variance, value: movingAverage(variance, unbiased, 0.7) },
    ],
  });
  const followed = number({
    results: resultsOf(norm),
    updates: followBatch(norm, { mean, variance }, 0.7),
  });
  const state = { mean: numbers(3, 5), variance: numbers(3, 6).map(Math.abs) };
  const given = {
    x: numbers(120, 1),
    scale: numbers(3, 2),
    shift: numbers(3, 3),
    weight: numbers(120, 4),
  };

  it("is one kernel with its running statistics, and one with its gradient: the same numbers", async () => {
    expect(count(legalize(written), "fusedNorm")).toBe(0);
    const legal = legalize(followed);
    expect(count(legal, "fusedNorm")).toBe(1);
    expect(count(legal, "fusedNormGradient")).toBe(1);
    // The sum of the loss, and its gradient.
    expect(count(legal, "binary")).toBeLessThan(4);
    const [expected, found] = [await run(written, state, given), await run(followed, state, given)];
    for (const [name, values] of expected.results) closeTo(found.results.get(name), values);
    for (const [name, values] of expected.state) closeTo(found.state.get(name), values);
  });

  it("tells its own mean and biased variance to whoever else asks", async () => {
    const told = number({
      results: { mean: part(norm, 1), variance: part(norm, 2) },
      updates: followBatch(norm, { mean, variance }, 0.7),
    });
    const asked = number({
      results: { mean: own, variance: spread },
      updates: [{ variable: mean, value: own }],
    });
    const [expected, found] = [
      await run(asked, { mean: state.mean }, given),
      await run(told, state, given),
    ];
    for (const [name, values] of expected.results) closeTo(found.results.get(name), values);
  });

  it.each<[string, readonly Update<Node>[]]>([
    [
      "keeps more of the one than of the other",
      [0.7, 0.6].flatMap((keep, i) => followBatch(norm, { mean, variance }, keep).slice(i, i + 1)),
    ],
    [
      "follows the biased variance",
      [
        ...followBatch(norm, { mean, variance }, 0.7).slice(0, 1),
        { variable: variance, value: movingAverage(variance, part(norm, 2), 0.7) },
      ],
    ],
    ["follows the mean alone", followBatch(norm, { mean, variance }, 0.7).slice(0, 1)],
  ])("takes no kernel for statistics of another kind: that %s", async (_, updates) => {
    const graph = number({ results: {}, updates });
    const left = legalize(graph).updates.map(({ value }) => legalize(graph).values[value]?.op);
    expect(left).toEqual(updates.map(() => "binary"));
  });
});

describe("SGD", () => {
  const [weight, velocity] = [held("weight", "kernel", 64), held("velocity", "momentum", 64)];
  const of = {
    weight,
    velocity,
    gradient: input("gradient", "f32", 64),
    rate: input("rate", "f32"),
  };
  const state = { weight: numbers(64, 1), velocity: numbers(64, 2) };
  const given = { gradient: numbers(64, 3), rate: 0.125 };
  const updates = (by: Parameters<typeof momentumStep>[1]): readonly Update<Node>[] => {
    const after = momentumStep(of, by);
    return [
      { variable: velocity, value: after.velocity },
      { variable: weight, value: after.weight },
    ];
  };

  it.each([
    { momentum: 0.9, decay: 1e-4, scale: 10 },
    { momentum: 0.9, decay: 0, scale: 1 },
    { momentum: 0, decay: 0.5, scale: 1 },
  ])("is one kernel, with the numbers of its arithmetic: %o", async (by) => {
    const fused = number({ results: { done: scalar(1) }, updates: updates(by) });
    // A new weight that somebody else asks for cannot be written in place.
    const after = momentumStep(of, by).weight;
    const plain = number({ results: { after }, updates: updates(by) });
    expect(count(legalize(fused), "applyMomentum")).toBe(1);
    expect(count(legalize(fused), "binary")).toBe(0);
    expect(count(legalize(plain), "applyMomentum")).toBe(0);
    const [expected, found] = [await run(plain, state, given), await run(fused, state, given)];
    expect(expected.results.get("after")).toEqual(expected.state.get("weight"));
    for (const [name, values] of expected.state) {
      // A kernel may round less often: by multiplying and adding at once.
      const most = Math.max(...values.map(Math.abs));
      found.state.get(name)?.forEach((value, i) => {
        expect(Math.abs(value - values[i]!)).toBeLessThan(3e-7 * most);
      });
    }
  });

  it.each<[string, readonly Update<Node>[]]>([
    ["a velocity that is not kept", updates({ momentum: 0.9, decay: 0, scale: 1 }).slice(1)],
    [
      "another rule",
      [
        { variable: velocity, value: add(multiply(velocity, scalar(0.9)), of.gradient) },
        { variable: weight, value: subtract(weight, multiply(velocity, of.rate)) },
      ],
    ],
  ])("is no kernel where it is %s", (_, other) => {
    expect(count(legalize(number({ results: {}, updates: other })), "applyMomentum")).toBe(0);
  });
});

/** Of the tiny network. */
const [NORMS, WEIGHTS] = [20, 64];

describe("a training step in TensorFlow's operations", () => {
  const opsOf = (differs: Differs): ReadonlyMap<string, number> => {
    const graph = trainingStep(tiny(differs));
    const { nodes } = savedModel({ train: graph });
    const ops = new Map<string, number>();
    for (const { name, op } of nodes)
      if (name.startsWith("train/")) ops.set(op, (ops.get(op) ?? 0) + 1);
    return ops;
  };

  it("has a kernel for each norm, its gradient, and each weight, and assigns statistics and counter", () => {
    const graph = trainingStep(tiny({}));
    const ops = opsOf({});
    const norms = count(graph, "batchNorm");
    const weights = graph.values.filter(
      (value) => value.op === "variable" && value.attributes.role === "momentum",
    ).length;
    expect([norms, weights]).toEqual([NORMS, WEIGHTS]);
    expect(ops.get("FusedBatchNormV3")).toBe(NORMS);
    expect(ops.get("FusedBatchNormGradV3")).toBe(NORMS);
    expect(ops.get("ResourceApplyMomentum")).toBe(WEIGHTS);
    expect(ops.get("AssignVariableOp")).toBe(2 * NORMS + 1);
  });

  it("moves each weight by its arithmetic where an average follows it", () => {
    const ops = opsOf({ train: { ema: 0.9 } });
    expect(ops.get("ResourceApplyMomentum")).toBeUndefined();
    expect(ops.get("AssignVariableOp")).toBe(3 * WEIGHTS + 2 * NORMS + 1);
    expect(ops.get("FusedBatchNormV3")).toBe(NORMS);
  });
});

describe("a sum of sums", () => {
  it("is in order everywhere in a training step, and nowhere else", () => {
    const legal = legalize(trainingStep(tiny({ train: { accumulate: 2 } })));
    const isAdd = (id: number): boolean => {
      const value = legal.values[id];
      return (
        value?.op === "addInOrder" || (value?.op === "binary" && value.attributes.kind === "add")
      );
    };
    const sums = legal.values.filter(({ id }) => isAdd(id));
    expect(count(legal, "addInOrder")).toBeGreaterThan(0);
    for (const { op, args } of sums)
      expect(op === "addInOrder").toBe(args.slice(0, 2).some((id) => isAdd(id)));
  });

  it("is no sum of two convolutions with their biases, which one kernel each computes", () => {
    const x = input("x", "f32", 1, 6, 6, 8);
    const window = { stride: 1, dilation: 1, padding: padding(0) };
    const biased = (name: string): Node =>
      add(convolution(x, held(name, "kernel", 1, 1, 8, 8), window), held(`${name}b`, "kernel", 8));
    const graph = number({
      results: { y: relu(add(biased("k"), biased("l"))) },
      updates: [],
    });
    const { nodes } = savedModel({ graph });
    const ops = nodes.filter(({ name }) => name.startsWith("graph/")).map(({ op }) => op);
    expect(ops.filter((op) => op === "BiasAdd")).toHaveLength(2);
    const sum = nodes.find(({ op }) => op === "AddV2");
    expect(sum?.inputs.filter((name) => name.startsWith("^"))).toEqual([]);
  });
});

describe("a bias behind a depthwise convolution", () => {
  it("is added to what it gives, also where the image is padded", async () => {
    const window = { stride: 2, dilation: 1, padding: padding(1) };
    const x = input("x", "f32", 1, 8, 10, 4);
    const [kernel, bias] = [held("k", "kernel", 3, 3, 1, 4), held("b", "kernel", 4)];
    const bare = depthwise(x, kernel, window);
    const graphs = {
      bare: number({ results: { y: bare }, updates: [] }),
      biased: number({ results: { y: relu6(add(bare, bias)) }, updates: [] }),
    };
    const session = await openSession(savedModel(graphs), "cpu");
    const biases = numbers(4, 3);
    session.write(
      new Map([
        ["k", { shape: [3, 3, 1, 4], data: numbers(36, 2) }],
        ["b", { shape: [4], data: biases }],
      ]),
    );
    const image = numbers(8 * 10 * 4, 1);
    const [without, given] = ["bare", "biased"].map((name) => session.run(name, { x: image }).y);
    session.dispose();
    const wanted = [...(without?.data ?? [])].map((y, i) =>
      Math.min(6, Math.max(0, Math.fround(y + (biases[i % 4] ?? 0)))),
    );
    expect(wanted).toHaveLength(4 * 5 * 4);
    expect([...(given?.data ?? [])]).toEqual(wanted);
  });
});

describe("few channels", () => {
  it("are met by rows, in the same bits", async () => {
    const [n, h, w, c] = [2, 5, 7, 3];
    const [x, row] = [numbers(n * h * w * c, 1), [0.3, -1.7, 12.25]];
    const image = input("x", "f32", n, h, w, c);
    const by = constant({ kind: "values", values: row }, "f32", c);
    const results = { sum: add(image, by), product: multiply(image, by) };
    const session = await openSession(
      savedModel({ graph: number({ results, updates: [] }) }),
      "cpu",
    );
    const given = session.run("graph", { x });
    session.dispose();
    const from = (of: (a: number, b: number) => number) =>
      x.map((value, i) => of(value, Math.fround(row[i % c] ?? 0)));
    expect(given.sum?.data).toEqual(from((a, b) => a + b));
    expect(given.product?.data).toEqual(from((a, b) => a * b));
  });
});
