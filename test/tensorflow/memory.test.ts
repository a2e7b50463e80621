/** What is alive at once, on graphs that a reader can follow by hand, and on PSPNet. */

import { describe, expect, it } from "vitest";
import { add, constant, exp, input, matmul, relu, variable } from "../../src/graph/compose.js";
import { number, type Step } from "../../src/graph/graph.js";
import type { Node } from "../../src/graph/op.js";
import { networkGraph } from "../../src/plan/inference.js";
import { trainingStep } from "../../src/plan/step.js";
import { legalize } from "../../src/tensorflow/legalize.js";
import { memory, total } from "../../src/tensorflow/memory.js";
import { plainCpu, withKernels } from "../../src/tensorflow/target.js";
import { pspnet } from "../oracle/experiment.js";

const KiB = 1024;
const of = (results: Record<string, Node>, updates: Step<Node>["updates"] = []) =>
  memory(legalize(number({ results, updates })));
/** 16 KiB. */
const x = input("x", "f32", 64, 64);

describe("what is alive at once", () => {
  it("holds inputs, constants and state for the whole step", () => {
    const weight = variable({
      name: "head.conv.kernel",
      dtype: "f32",
      shape: [64, 64],
      role: "kernel",
      site: null,
      initial: { kind: "constant", value: 0 },
    });
    const one = constant({ kind: "fill", value: 1 }, "f32", 64, 64);
    expect(of({ y: add(matmul(x, weight), one) })).toEqual({
      state: 16 * KiB,
      held: 32 * KiB,
      // The sum takes the product's place.
      activations: 16 * KiB,
      passing: 0,
    });
  });

  it("reuses the bytes of what nobody else needs, and only those", () => {
    const product = matmul(x, x);
    expect(of({ y: exp(relu(product)) }).activations).toBe(16 * KiB);
    expect(of({ y: add(exp(product), product) }).activations).toBe(32 * KiB);
    // A result stays until the end.
    expect(of({ y: exp(product), product }).activations).toBe(32 * KiB);
  });

  it("frees a chain as it goes", () => {
    const chain = Array.from({ length: 9 }).reduce<Node>((y) => matmul(y, x), x);
    expect(of({ y: chain }).activations).toBe(32 * KiB);
  });

  it("runs what is ready: two branches from one value live side by side", () => {
    const stem = matmul(x, x);
    const [left, right] = [matmul(stem, x), matmul(x, stem)];
    expect(of({ y: matmul(left, right) }).activations).toBe(3 * 16 * KiB);
  });
});

describe("PSPNet", () => {
  const experiment = (batch: number) =>
    pspnet([1, 1, 1, 1], 19, { train: { crop: [89, 89], batch } });

  it("has each image's activations in a training step, and one state", () => {
    const at = (batch: number) => memory(legalize(trainingStep(experiment(batch))));
    const [one, two, four] = [at(1), at(2), at(4)];
    expect(two.state).toBe(one.state);
    expect(four.activations / two.activations).toBeCloseTo(2, 1);
    expect(total(two)).toBeGreaterThan(total(one));
  });

  it("keeps more to train than to infer", () => {
    const needs = (phase: "train" | "infer") =>
      memory(legalize(networkGraph(experiment(2), phase)));
    const training = memory(legalize(trainingStep(experiment(1))));
    expect(training.activations).toBeGreaterThan(2 * needs("infer").activations);
    // Weights, their momentum, and the step's counter.
    const { state } = needs("train");
    expect(training.state).toBeGreaterThan(1.9 * state);
  });

  it("needs less for a step in bf16: the taps of a kernel's gradient do not stand side by side", () => {
    const step = (precision: "f32" | "bf16") => {
      const differs = { train: { batch: 2, crop: [89, 89], precision } } as const;
      const graph = withKernels(trainingStep(pspnet([1, 1, 1, 1], 19, differs)), plainCpu);
      const { activations, passing } = memory(legalize(graph));
      return activations + passing;
    };
    expect(step("bf16")).toBeLessThan(0.9 * step("f32"));
  });
});
