/** Recomputation changes when values are made and nothing else: the same bits, less memory, a known price. */

import { describe, expect, it } from "vitest";
import { macs, macsOf } from "../../src/graph/cost.js";
import type { Graph } from "../../src/graph/graph.js";
import { stateOf } from "../../src/plan/graphs.js";
import { recomputed, within } from "../../src/plan/recompute.js";
import { trainingStep } from "../../src/plan/step.js";
import { standard } from "../../src/rewrite/passes.js";
import { openSession } from "../../src/runtime/session.js";
import { lower, plainCpu, savedModel, sizesOn, withKernels } from "../../src/tensorflow/target.js";
import { type Differs, pspnet, tiny } from "../oracle/experiment.js";
import { images, labels, stateFor } from "../oracle/scene.js";

type Memory = NonNullable<Differs["train"]>["memory"];

const blocks = [2, 1, 3, 2] as const;
const experiment = (differs: Differs, memory: Memory = null) =>
  tiny({
    ...differs,
    backbone: { blocks, ...differs.backbone },
    train: { ...differs.train, memory },
  });

/** Losses and the whole state after two steps. */
const trained = async (differs: Differs, memory: Memory) => {
  const { training, accumulation, experiment: of } = lower(experiment(differs, memory));
  const on = (graph: Graph): Graph => withKernels(graph, plainCpu);
  const graphs = { train: on(training), ...(accumulation && { accumulate: on(accumulation) }) };
  const session = await openSession(savedModel(graphs), "cpu");
  session.write(stateFor(stateOf(Object.values(graphs))));
  const { batch, accumulate, crop } = of.train;
  const [size, classes] = [batch / accumulate, of.data.classes.length];
  const parts = Array.from({ length: accumulate }, (_, i) => ({
    images: images(size, ...crop, i),
    labels: labels(size, ...crop, classes),
    ...(accumulate > 1 && { batch: labels(batch, ...crop, classes) }),
  }));
  const losses = [0, 1].map(() => {
    const [last, ...others] = parts.toReversed();
    others
      .toReversed()
      .forEach((given, part) => void session.run("accumulate", { ...given, part }));
    return session.run("train", { ...last!, rate: 0.01 }).loss!.data[0];
  });
  const state = [...session.read()].map(([name, { data }]) => [name, Buffer.from(data.buffer)]);
  session.dispose();
  return { losses, state };
};

const sizes = sizesOn();
const bottleneck = { block: "bottleneck", first_dilation: "contracted" } as const;
const parts = { batch: 4, accumulate: 2, clip: 1, freeze: { stages: 1, norm: "none" } } as const;

describe("a step that makes values again", { timeout: 120_000 }, () => {
  it.each<[string, Differs, Memory]>([
    ["basic blocks, an average", { train: { ema: 0.9 } }, { recompute: "blocks" }],
    ["bottlenecks in bf16", { backbone: bottleneck, train: { precision: "bf16" } }, { budget: 1 }],
    [
      "a batch in parts, clipped, with a frozen stage and dropout",
      { model: { head: { channels: 8, dropout: 0.3 } }, train: parts },
      { recompute: "stages" },
    ],
  ])("moves every weight and statistic to the same bits: %s", async (_, differs, memory) => {
    expect(await trained(differs, memory)).toEqual(await trained(differs, null));
  });

  it("keeps to rounding where norms are frozen: TensorFlow fuses what nobody keeps", async () => {
    const frozen = { train: { freeze: { stages: 0, norm: "all" } } } as const;
    const [kept, again] = [
      await trained(frozen, null),
      await trained(frozen, { recompute: "blocks" }),
    ];
    const ratios = kept.losses.map((loss, i) => again.losses[i]! / loss!);
    for (const ratio of ratios) expect(ratio).toBeCloseTo(1, 5);
  });
});

const count = ({ values }: Graph, op: string): number =>
  values.filter((value) => value.op === op).length;

describe("what is made again", () => {
  const step = (memory: Memory, differs: Differs = {}) => {
    const of = experiment(differs, memory);
    return trainingStep(of, standard, recomputed(of, sizes));
  };
  const [none, all] = [step(null), step({ recompute: "blocks" })];
  /** Of the stem and the blocks. */
  const backbone = (graph: Graph): number =>
    graph.values.reduce((sum, value) => {
      const kernel = value.op === "convolution" ? graph.values[value.args[1]!] : undefined;
      const name = kernel?.op === "variable" ? kernel.attributes.name : "";
      return name.startsWith("backbone.") ? sum + macsOf(value, graph) : sum;
    }, 0);

  it("costs the forward pass of the backbone once more, and nothing where nothing is asked", () => {
    expect(backbone(all)).toBe(2 * backbone(none));
    expect(macs(all) - macs(none)).toBe(backbone(none));
    expect(macs(step({ recompute: "stages" }))).toBe(macs(all));
    const frozen = { train: { freeze: { stages: 4, norm: "none" } } } as const;
    expect(step({ recompute: "blocks" }, frozen)).toEqual(step(null, frozen));
  });

  it("moves no running statistic twice", () => {
    expect(all.updates.length).toBe(none.updates.length);
    expect(count(all, "batchNorm")).toBeGreaterThan(count(none, "batchNorm"));
  });
});

describe("a budget", () => {
  const of = pspnet([3, 4, 6, 3], 19, { train: { crop: [185, 185], batch: 8 } });
  const needs = (segments: ReturnType<typeof recomputed>): number =>
    sizes(trainingStep(of, standard, segments), false).total;
  const whole = needs([]);

  it("that is large enough asks for nothing", () => {
    expect(within(whole, of, sizes)).toEqual({ segments: [], needs: whole });
  });

  it("is met by the first blocks of one order: the less there is, the more are made again", () => {
    const least = within(0, of, sizes).needs;
    const found = [0.9, 0.6, 0.3, 0].map((share) =>
      within(least + share * (whole - least), of, sizes),
    );
    found.forEach((fit, i) => {
      expect(fit.needs).toBe(needs(fit.segments));
      expect(fit.needs).toBeLessThanOrEqual(least + [0.9, 0.6, 0.3, 0][i]! * (whole - least));
      const before = found[i - 1]?.segments.flat() ?? [];
      expect(fit.segments.flat()).toEqual(expect.arrayContaining([...before]));
    });
    // Wide maps, few channels.
    expect(new Set(found[0]!.segments.flat().map(({ stage }) => stage))).toEqual(new Set([1]));
    expect(found[3]!.segments.flat()).toHaveLength(17);
  });
});

describe("the fingerprint", () => {
  it("is that of the training, however it fits into its machine", () => {
    const prints = [null, { recompute: "blocks" }, { recompute: "stages" }, { budget: 1 }] as const;
    const all = prints.map((memory) => lower(experiment({}, memory)).fingerprint);
    for (const each of all) expect(each).toEqual(all[0]);
  });
});
