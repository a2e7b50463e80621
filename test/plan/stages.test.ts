import { describe, expect, it } from "vitest";
import { printGraph } from "../../src/graph/graph.js";
import { stages } from "../../src/plan/program.js";
import { trainingStep } from "../../src/plan/step.js";
import { printable } from "../../src/report/format.js";
import { stagesText } from "../../src/report/rewrites.js";
import { plainCpu, withKernels } from "../../src/rewrite/kernels.js";
import { asWritten } from "../../src/rewrite/passes.js";
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
      expect(printGraph(all[all.length - 2].graph)).toBe(printGraph(step));
      expect(printGraph(all[all.length - 1].graph)).toBe(printGraph(withKernels(step, plainCpu)));
      const plain = { ...experiment, train: { ...experiment.train, precision: "f32" as const } };
      expect(printGraph(all[0].graph)).toBe(printGraph(trainingStep(plain, asWritten)));
      expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    },
  );

  it("are printed with what each changed", async () => {
    const spec = pspnet([1, 1, 1, 1], 3, { train: { crop: [41, 41], batch: 2 } });
    const text = printable(stagesText(stages(spec, plainCpu)), false);
    const [summary] = text.split("\n\n");
    await expect(`${summary}\n`).toMatchFileSnapshot("golden/stages.txt");
    expect(text).toContain("== factor-pyramid: convolution is linear in its input");
    expect(text.match(/^return loss = /gm)).toHaveLength(5);
  });
});
