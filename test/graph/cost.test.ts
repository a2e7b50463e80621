/** What the published networks cost: parameters and multiply-accumulates, exactly. */

import { describe, expect, it } from "vitest";
import { macs, parameterCount } from "../../src/graph/cost.js";
import { networkGraph } from "../../src/plan/inference.js";
import { type Differs, pspnet } from "../oracle/experiment.js";

const depths = {
  50: [3, 4, 6, 3],
  101: [3, 4, 23, 3],
  152: [3, 8, 36, 3],
} as const;
type Depth = keyof typeof depths;

const graphOf = (
  depth: Depth,
  classes: number,
  phase: "train" | "infer",
  crop = 185,
  differs: Differs = {},
) =>
  networkGraph(
    pspnet(depths[depth], classes, { ...differs, train: { crop: [crop, crop] } }),
    phase,
  );

describe("parameters", () => {
  it.each<[Depth, number, number, number]>([
    [50, 150, 46_782_550, 49_180_908],
    [50, 21, 46_716_373, 49_081_578],
    [50, 19, 46_715_347, 49_080_038],
    [101, 150, 65_774_678, 68_173_036],
    [101, 21, 65_708_501, 68_073_706],
    [101, 19, 65_707_475, 68_072_166],
    [152, 150, 81_418_326, 83_816_684],
    [152, 21, 81_352_149, 83_717_354],
    [152, 19, 81_351_123, 83_715_814],
  ])("of PSPNet%i with %i classes", (depth, classes, inference, training) => {
    expect(parameterCount(graphOf(depth, classes, "infer"))).toBe(inference);
    expect(parameterCount(graphOf(depth, classes, "train"))).toBe(training);
  });

  it.each<[Depth, number, number]>([
    [50, 150, 33_146_966],
    [50, 19, 33_079_763],
    [101, 150, 52_139_094],
    [101, 19, 52_071_891],
    [152, 150, 67_782_742],
    [152, 19, 67_715_539],
  ])("of the dilated baseline of depth %i with %i classes", (depth, classes, wanted) => {
    expect(parameterCount(graphOf(depth, classes, "infer", 185, { pyramid: null }))).toBe(wanted);
  });

  it.each<[Depth, "deep" | "conv7", number]>([
    [50, "deep", 23_631_808],
    [50, "conv7", 23_508_032],
    [101, "deep", 42_623_936],
    [101, "conv7", 42_500_160],
  ])("of the backbone of depth %i with stem %s", (depth, kind, wanted) => {
    const stem =
      kind === "deep"
        ? ({ kind, channels: [64, 64, 128] } as const)
        : ({ kind, channels: 64 } as const);
    const graph = graphOf(depth, 19, "infer", 185, { backbone: { stem } });
    const own = {
      ...graph,
      values: graph.values.filter(
        (value) => value.op === "variable" && value.attributes.site?.part === "backbone",
      ),
    };
    expect(parameterCount(own)).toBe(wanted);
  });
});

describe("multiply-accumulates", () => {
  const giga = (graph: ReturnType<typeof graphOf>): number => Math.round(macs(graph) / 1e8) / 10;

  it.each<[Depth, number, number, number, number]>([
    [50, 473, 150, 161.9, 8.6],
    [50, 713, 19, 363.8, 19.1],
    [101, 473, 150, 230.1, 8.6],
    [101, 713, 19, 517.2, 19.1],
  ])("of PSPNet%i at %i with %i classes", (depth, crop, classes, inference, auxiliary) => {
    const [alone, both] = [
      graphOf(depth, classes, "infer", crop),
      graphOf(depth, classes, "train", crop),
    ];
    expect(giga(alone)).toBe(inference);
    expect(Math.round((macs(both) - macs(alone)) / 1e8) / 10).toBe(auxiliary);
  });
});
