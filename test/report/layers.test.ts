import { readFileSync } from "node:fs";
import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { macs, parameterCount } from "../../src/graph/cost.js";
import { predictionStep } from "../../src/plan/inference.js";
import { trainingStep } from "../../src/plan/step.js";
import { type LayerRow, layers } from "../../src/report/layers.js";
import { plan } from "../../src/report/plan.js";
import { readPlan } from "../../src/report/saved-plan.js";
import { summary } from "../../src/report/summary.js";
import { asWritten } from "../../src/rewrite/passes.js";
import { check } from "../golden/front.js";
import { experiment } from "./example.js";

const rowsOf = (model: string): readonly LayerRow[] =>
  layers(trainingStep(experiment(model), asWritten));

const named = (rows: readonly LayerRow[], name: string): LayerRow => {
  const found = rows.find((row) => row.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

describe("the layers of a plan that 0.1 saved", () => {
  it("stand where those of a plan of today do", () => {
    const read = readPlan(readFileSync("test/golden/v0.1/plan.json", "utf8"));
    const checked = check({ "spec.yaml": readFileSync("test/golden/v0.1/squares.yaml", "utf8") });
    if (E.isLeft(read) || E.isLeft(checked.result)) throw new Error("it cannot be read");
    const today = layers(trainingStep(checked.result.right.experiment, asWritten));
    expect(read.right.layers).toEqual(today);
    // A difference of plans compares their texts.
    expect(JSON.stringify(read.right.layers)).toBe(JSON.stringify(today));
    expect(today.filter(({ block }) => block !== null)).not.toEqual([]);
  });
});

describe("the layers", () => {
  it("add up to what the graph costs, whatever the network", () => {
    const blocks = fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 1, max: 2 })));
    const backbone = fc
      .tuple(fc.constantFrom("basic", "bottleneck"), blocks)
      .map(([block, n]) => `{resnet: {block: ${block}, blocks: [${n}], width: 8}}`);
    const pyramid = fc.constantFrom(
      "none",
      "{bins: [1, 2, 3, 6]}",
      "{bins: [2, 5], pool: max}",
      "{bins: [4], reduction: none}",
    );
    const auxiliary = fc.constantFrom("none", "{after: 2, channels: 8, weight: 0.4}");
    fc.assert(
      fc.property(backbone, pyramid, auxiliary, (b, p, a) => {
        const of = experiment(`{backbone: ${b}, pyramid: ${p}, auxiliary: ${a}}`);
        const training = trainingStep(of, asWritten);
        const planned = plan({
          experiment: of,
          training,
          recompute: [],
          fingerprint: "",
          variants: [],
          images: 10,
        });
        const inference = predictionStep(of, ...of.train.crop);
        expect(planned.parameters).toEqual({
          inference: parameterCount(inference),
          training: parameterCount(training),
        });
        expect(planned.groups.reduce((n, group) => n + group.parameters, 0)).toBe(
          parameterCount(training),
        );
      }),
      { numRuns: 12 },
    );
  });

  it("work as much as the network that predicts", () => {
    const of = experiment("{backbone: {resnet: 18}, pyramid: none}");
    const planned = plan({
      experiment: of,
      training: trainingStep(of),
      recompute: [],
      fingerprint: "",
      variants: [],
      images: null,
    });
    expect(planned.macs.inference).toBe(macs(predictionStep(of, 89, 89)));
    expect(planned.macs.training).toBeGreaterThan(planned.macs.inference);
  });

  it("see as far as their windows reach", () => {
    const rows = rowsOf("{backbone: {resnet: 50}}");
    // 3×3 of stride 2; then 4, 4 more at jump 2; the pool 4 more.
    expect(named(rows, "backbone.stem1").receptive_field).toBe(3);
    expect(named(rows, "backbone.stem2").receptive_field).toBe(7);
    expect(named(rows, "backbone.stem3").receptive_field).toBe(11);
    expect(named(rows, "backbone.pool").receptive_field).toBe(15);
    // Behind stages 1 and 2 (8 more at jump 4, then 3·16 at jump 8 and 8): 2·2·8 a block of stage 3.
    expect(named(rows, "backbone.stage3.block1.2").receptive_field).toBe(95 + 32);
    expect(named(rows, "backbone.stage3.block6.2").receptive_field).toBe(95 + 6 * 32);
    // 12 features side by side: the whole map, and more than the crop.
    expect(named(rows, "pyramid.bin1.pool").receptive_field).toBe(479 + 11 * 8);
  });

  it("name pools of either kind by their bin", () => {
    const pools = (pool: string) =>
      rowsOf(`{backbone: {resnet: 18}, pyramid: {bins: [1, 5], pool: ${pool}}}`)
        .filter(({ name }) => /bin\d\.pool/.test(name))
        .map(({ name, kind, output, kernel }) => ({ name, kind, output, kernel }));
    expect(pools("average")).toEqual([
      { name: "pyramid.bin1.pool", kind: "average pool", output: [1, 1, 512], kernel: [12, 12] },
      { name: "pyramid.bin5.pool", kind: "average pool", output: [5, 5, 512], kernel: [4, 4] },
    ]);
    expect(pools("max").map(({ kind, output }) => [kind, output])).toEqual([
      ["max pool", [1, 1, 512]],
      ["max pool", [5, 5, 512]],
    ]);
  });
});

describe("the plan", () => {
  it("counts epochs where it knows the images, and rates at telling steps", () => {
    const of = experiment("{}", "{iterations: 100, crop: 89, batch: 4}");
    const training = trainingStep(of);
    const { data, groups } = plan({
      experiment: of,
      training,
      recompute: [],
      fingerprint: "",
      variants: [],
      images: 42,
    });
    expect(data).toEqual({ images: 42, steps_per_epoch: 10, epochs: 10 });
    const [backbone, fresh] = groups;
    expect(backbone?.rates.map(({ step }) => step)).toEqual([0, 25, 50, 75, 99]);
    expect(backbone?.rates[0]?.rate).toBe(0.01);
    expect(fresh?.rates[0]?.rate).toBeCloseTo(0.1, 12);
  });

  it("calls networks by their names", () => {
    expect(summary(experiment("{backbone: {resnet: 101}}"))).toContain("PSPNet over ResNet-101 ·");
    expect(summary(experiment("{pyramid: none, backbone: {resnet: 34}}"))).toContain(
      "dilated FCN over ResNet-34 ·",
    );
    const own = "{backbone: {resnet: {block: basic, blocks: [1, 1, 1, 1], width: 8}}}";
    expect(summary(experiment(own))).toContain("ResNet [1, 1, 1, 1] (basic) of width 8");
  });
});
