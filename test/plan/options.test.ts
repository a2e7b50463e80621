/** What the options of a training do to its graphs: what stands still costs nothing, and parts are rewritten like a whole. */

import { describe, expect, it } from "vitest";
import { type Graph, valuesOfOp } from "../../src/graph/graph.js";
import { accumulationStep, trainingStep } from "../../src/plan/step.js";
import { asWritten, standard } from "../../src/rewrite/passes.js";
import { type Differs, tiny } from "../oracle/experiment.js";

type Options = NonNullable<Differs["train"]>;

const step = (train: Options): Graph => trainingStep(tiny({ train }));
const names = (graph: Graph): readonly string[] =>
  valuesOfOp(graph, "variable").map(({ attributes }) => attributes.name);
const count = ({ values }: Graph, op: string): number =>
  values.filter((value) => value.op === op).length;

describe("what stands still", () => {
  const whole = step({});
  const frozen = ([1, 2, 3, 4] as const).map((stages) =>
    step({ freeze: { stages, norm: "none" } }),
  );

  it("makes the graph smaller, stage by stage", () => {
    const sizes = [whole, ...frozen].map(({ values }) => values.length);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    expect(new Set(sizes).size).toBe(5);
    // The backward pass ends where learning ends: four kernels and a pool lie before stage 2.
    expect(count(frozen[0]!, "maxPoolGradient")).toBe(0);
    expect(count(whole, "maxPoolGradient")).toBe(1);
  });

  it("has no momentum, no average, no running update and no gradient", () => {
    const freeze = { stages: 2, norm: "none" } as const;
    const graph = step({ freeze, ema: 0.9, batch: 4, accumulate: 2 });
    const beside = names(graph).filter((name) => name.includes("/"));
    const still = /^backbone\.(stem|stage[12])/;
    expect(beside.filter((name) => still.test(name))).toEqual([]);
    expect(beside.length).toBeGreaterThan(30);
    const moved = graph.updates.map(({ variable }) => graph.values[variable]!);
    const movedNames = moved.flatMap((value) =>
      value.op === "variable" ? [value.attributes.name] : [],
    );
    expect(movedNames).toHaveLength(graph.updates.length);
    expect(movedNames.filter((name) => still.test(name))).toEqual([]);
    expect(names(graph).filter((name) => still.test(name)).length).toBeGreaterThan(10);
  });

  it("keeps its weights where only norms are frozen", () => {
    const graph = step({ freeze: { stages: 0, norm: "all" } });
    expect(count(graph, "batchNorm")).toBe(0);
    expect(count(graph, "batchNormInference")).toBe(count(whole, "batchNorm"));
    expect(names(graph)).toEqual(expect.arrayContaining([...names(whole)]));
  });
});

describe("a batch in parts", () => {
  const experiment = tiny({
    pyramid: { bins: [1, 2] },
    train: { batch: 4, accumulate: 2, crop: [65, 65] },
  });
  const factored = { ...asWritten, forward: standard.forward };

  it.each([
    ["the last part", trainingStep],
    ["the others", accumulationStep],
  ])("has its pyramid factored: %s", (_, of) => {
    const written = of(experiment, asWritten);
    const graph = of(experiment, factored);
    // The maps of all bins are upsampled as written, and none is where the product is factored.
    expect(count(written, "resize")).toBe(experiment.model.pyramid!.bins.length);
    expect(count(graph, "resize")).toBe(0);
  });

  it("does the backward pass of a whole batch of that size, and adds", () => {
    const [part, small] = [step({ batch: 4, accumulate: 2 }), step({ batch: 2 })];
    for (const op of ["convolution", "convolutionInputGradient", "batchNormGradient", "relu"])
      expect(count(part, op), op).toBe(count(small, op));
    expect(part.values.length).toBeGreaterThan(small.values.length);
  });
});
