/** The network in print: a tiny PSPNet's graph, and the paper's sizes. */

import { describe, expect, it } from "vitest";
import { printGraph, valuesOfOp } from "../../src/graph/graph.js";
import { stateOf } from "../../src/plan/graphs.js";
import { networkGraph } from "../../src/plan/inference.js";
import { trainingStep } from "../../src/plan/step.js";
import { asWritten, standard } from "../../src/rewrite/passes.js";
import { pspnet, tiny } from "../oracle/experiment.js";

describe("a tiny network", () => {
  const plain = { train: { crop: [17, 17] }, classes: 2, pyramid: { bins: [1, 2] } } as const;

  it("prints its inference", async () => {
    const text = printGraph(networkGraph(tiny(plain), "infer"));
    await expect(text).toMatchFileSnapshot("../golden/graphs/tiny-inference.txt");
  });

  it("prints its whole training step, as it is written", async () => {
    const text = printGraph(trainingStep(tiny({ ...plain, pyramid: null }), asWritten));
    await expect(text).toMatchFileSnapshot("../golden/graphs/tiny-training.txt");
  });

  it("names every weight once, whatever the rewrites", () => {
    const names = (passes: typeof standard): string[] =>
      stateOf([trainingStep(tiny(plain), passes)])
        .map(({ name }) => name)
        .sort();
    expect(names(standard)).toEqual(names(asWritten));
    expect(new Set(names(standard)).size).toBe(names(standard).length);
  });
});

describe("PSPNet50", () => {
  it.each([
    [473, 60],
    [713, 90],
    [185, 24],
  ])("sees a crop of %i as a map of %i", (crop, map) => {
    const graph = networkGraph(
      pspnet([3, 4, 6, 3], 19, { train: { crop: [crop, crop] } }),
      "infer",
    );
    expect(graph.values[graph.results.main!]!.types[0].shape).toEqual([1, map, map, 19]);
  });

  it("dilates its last two stages, the first blocks too, and keeps their stride", () => {
    const graph = networkGraph(pspnet([3, 4, 6, 3], 19), "infer");
    const dilations = valuesOfOp(graph, "convolution").map(({ attributes }) => attributes.dilation);
    expect(dilations.filter((d) => d === 2)).toHaveLength(6);
    expect(dilations.filter((d) => d === 4)).toHaveLength(3);
    const strides = valuesOfOp(graph, "convolution").filter(({ attributes: a }) => a.stride === 2);
    // The stem's, and the 3×3 and the shortcut of stage 2.
    expect(strides).toHaveLength(3);
  });

  it("starts as He et al. say in the backbone and as PyTorch does elsewhere", () => {
    const initial = new Map(
      stateOf([networkGraph(pspnet([3, 4, 6, 3], 19), "train")]).map((of) => [of.name, of.initial]),
    );
    expect(initial.get("backbone.stem1.conv.kernel")).toEqual({ kind: "kaiming", fan: 9 * 64 });
    expect(initial.get("head.fuse.conv.kernel")).toEqual({
      kind: "uniform",
      bound: 1 / Math.sqrt(9 * 4096),
    });
    expect(initial.get("head.classifier.bias")).toEqual({
      kind: "uniform",
      bound: 1 / Math.sqrt(512),
    });
    expect(initial.get("pyramid.bin6.norm.scale")).toEqual({ kind: "constant", value: 1 });
  });
});
