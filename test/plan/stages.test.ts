import { describe, expect, it } from "vitest";
import { printGraph } from "../../src/graph/graph.js";
import { trainingStep } from "../../src/plan/step.js";
import { printable } from "../../src/report/format.js";
import { stagesText } from "../../src/report/rewrites.js";
import { asWritten } from "../../src/rewrite/passes.js";
import { legalize } from "../../src/tensorflow/legalize.js";
import { plainCpu, stages, withKernels } from "../../src/tensorflow/target.js";
import { pspnet } from "../oracle/experiment.js";

describe("the stages of a compilation", () => {
  it.each(["f32", "bf16"] as const)(
    "lead from what is written to what is compiled: %s",
    (precision) => {
      const experiment = pspnet([1, 1, 1, 1], 3, {
        train: { crop: [41, 41], batch: 2, precision },
      });
      const all = stages(experiment, plainCpu);
      const step = trainingStep(experiment);
      const inForms = withKernels(step, plainCpu);
      expect(all.slice(-3).map(({ graph }) => printGraph(graph))).toEqual(
        [step, inForms, legalize(inForms)].map(printGraph),
      );
      const plain = { ...experiment, train: { ...experiment.train, precision: "f32" as const } };
      expect(printGraph(all[0]!.graph)).toBe(printGraph(trainingStep(plain, asWritten)));
      expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    },
  );

  it("are printed with what each changed", async () => {
    const spec = pspnet([1, 1, 1, 1], 3, { train: { crop: [41, 41], batch: 2 } });
    const text = printable(stagesText(stages(spec, plainCpu)), false);
    const [summary] = text.split("\n\n");
    await expect(`${summary}\n`).toMatchFileSnapshot("golden/stages.txt");
    expect(text).toContain("== factor-pyramid: convolution is linear in its input");
    expect(text.match(/^return loss = /gm)).toHaveLength(6);
  });
});
