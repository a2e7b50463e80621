/** bf16 as it is meant: what is rounded, what is not, and how far a step may be from the same step in f32. */

import { describe, expect, it } from "vitest";
import { type Graph, valuesOfOp } from "../../src/graph/graph.js";
import type { OpName } from "../../src/graph/op.js";
import { stateOf } from "../../src/plan/graphs.js";
import { predictionStep } from "../../src/plan/inference.js";
import { trainingStep } from "../../src/plan/step.js";
import { openSession } from "../../src/runtime/session.js";
import { plainCpu, savedModel, withKernels } from "../../src/tensorflow/target.js";
import { type Differs, tiny } from "../oracle/experiment.js";
import { ask, numbersOf } from "../oracle/oracle.js";
import { images, labels, stateFor } from "../oracle/scene.js";

const step = (precision: "f32" | "bf16", differs: Differs = {}): Graph =>
  withKernels(trainingStep(tiny({ ...differs, train: { ...differs.train, precision } })), plainCpu);

const layers: ReadonlySet<OpName> = new Set<OpName>([
  "convolution",
  "convolutionInputGradient",
  "convolutionKernelGradient",
]);

const dtypeAt = (graph: Graph, id: number): string => graph.values[id]!.types[0].dtype;

describe("the graph of a step in bf16", () => {
  const graph = step("bf16");
  const values = <K extends OpName>(op: K) => valuesOfOp(graph, op);

  it("has every convolution and every gradient of one in bf16", () => {
    const found = graph.values.filter(({ op }) => layers.has(op));
    expect(found.length).toBeGreaterThan(20);
    expect(found.map(({ types }) => types[0].dtype)).toEqual(found.map(() => "bf16"));
  });

  it("keeps weights, momentum, statistics, gradients and losses in f32", () => {
    const ids = graph.updates.flatMap(({ variable, value }) => [variable, value]);
    const types = [...ids, ...Object.values(graph.results)].map((id) => dtypeAt(graph, id));
    expect(types.filter((dtype) => dtype !== "f32" && dtype !== "i32")).toEqual([]);
  });

  it("widens nothing to narrow it again", () => {
    const again = values("cast").filter(({ types, args: [id] }) => {
      const from = graph.values[id!]!;
      return (
        types[0].dtype === "bf16" && from.op === "cast" && dtypeAt(graph, from.args[0]) === "bf16"
      );
    });
    expect(again).toEqual([]);
  });

  it("adds the residuals, pools and rectifies in bf16", () => {
    const backbone = values("batchNorm").filter(({ args }) => dtypeAt(graph, args[0]) === "bf16");
    const sums = values("binary").filter(({ types }) => types[0].dtype === "bf16");
    // Four blocks add a shortcut, and each sends its gradient two ways.
    expect(sums.length).toBeGreaterThanOrEqual(4);
    expect(backbone.length).toBeGreaterThan(12);
    expect(values("maxPool").map(({ types }) => types[0].dtype)).toEqual(["bf16"]);
  });

  it("asks no device for the gradient of a dilated convolution", () => {
    const dilated = graph.values.filter(
      ({ op, attributes }) =>
        (op === "convolutionInputGradient" || op === "convolutionKernelGradient") &&
        "dilation" in attributes &&
        attributes.dilation > 1,
    );
    expect(dilated).toEqual([]);
  });

  it("is another program than the one in f32, which has no bf16 at all", () => {
    const plain = step("f32").values.flatMap(({ types }) => types.map(({ dtype }) => dtype));
    expect(plain).not.toContain("bf16");
  });
});

describe("the numbers of a step in bf16", () => {
  // No bin of 1: its batch norm over three values would turn every rounding into noise.
  const differs: Differs = { pyramid: { bins: [2, 3] }, train: { crop: [65, 65] } };
  const experiment = tiny(differs);
  const { batch, crop } = experiment.train;
  const graphs = { plain: step("f32", differs), half: step("bf16", differs) };
  const state = stateFor(stateOf([graphs.plain]));
  const pixels = images(batch, ...crop);
  const classes = labels(batch, ...crop, experiment.data.classes.length);

  const run = async (graph: Graph) => {
    const session = await openSession(savedModel({ train: graph }), "cpu");
    session.write(state);
    const { loss } = session.run("train", { images: pixels, labels: classes, rate: 0.01 });
    const momenta = [...session.read()].filter(([name]) => name.endsWith("/momentum"));
    session.dispose();
    return { loss: loss!.data[0]!, momenta: momenta.flatMap(([, { data }]) => Array.from(data)) };
  };

  it("are as far from f32's as those of PyTorch's autocast", async () => {
    const [plain, half] = [await run(graphs.plain), await run(graphs.half)];
    const request = {
      task: "half",
      experiment,
      rates: [0.01],
      tensors: new Map([
        ...state,
        ["images", { shape: [batch, ...crop, 3], data: pixels }],
        ["labels", { shape: [batch, ...crop], data: classes }],
      ] as const),
    } as const;
    const theirApart = numbersOf((await ask("half-precision", request)).apart!)[0]!;
    const apart =
      Math.hypot(...plain.momenta.map((value, i) => value - half.momenta[i]!)) /
      Math.hypot(...plain.momenta);
    // The loss is a mean over thousands of pixels, of which each is off by some roundings of 2⁻⁹.
    expect(Math.abs(half.loss - plain.loss)).toBeLessThan(2 ** -9 * plain.loss);
    // Gradients of random weights are far apart with either: a rounding turns a ReLU on or off.
    expect(apart / theirApart).toBeGreaterThan(0.8);
    expect(apart / theirApart).toBeLessThan(1.25);
  });
});

describe("a network that is asked in bf16", () => {
  const asked = (precision: "f32" | "bf16"): Graph =>
    predictionStep(tiny({ evaluate: { precision } }), 41, 49, undefined, { probabilities: true });
  const half = asked("bf16");

  it("has every convolution in bf16 but the last, whose logits are compared", () => {
    const found = valuesOfOp(half, "convolution").map(({ types }) => types[0].dtype);
    expect(found.filter((dtype) => dtype === "f32")).toHaveLength(1);
    expect(found.length).toBeGreaterThan(10);
    const biased = valuesOfOp(half, "relu").map(({ types }) => types[0].dtype);
    expect(biased.filter((dtype) => dtype === "bf16").length).toBeGreaterThan(8);
  });

  it("gives probabilities close to those of 32 bits", { timeout: 30_000 }, async () => {
    const graphs = { f32: asked("f32"), bf16: half };
    const session = await openSession(savedModel(graphs), "cpu");
    session.write(stateFor(stateOf(Object.values(graphs))));
    const given = { images: images(1, 41, 49) };
    const [a, b] = [session.run("f32", given), session.run("bf16", given)];
    session.dispose();
    const wide = a.probabilities!.data;
    const apart = wide.map((p, i) => Math.abs(p - b.probabilities!.data[i]!));
    // Eight bits, through some twenty layers; and they were rounded at all.
    expect(Math.max(...apart)).toBeLessThan(0.05);
    expect(Math.max(...apart)).toBeGreaterThan(1e-5);
  });
});
