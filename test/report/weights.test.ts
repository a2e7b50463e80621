import { describe, expect, it } from "vitest";
import { trainingStep } from "../../src/plan/step.js";
import { fitting, fittingText } from "../../src/report/weights.js";
import { experiment } from "./example.js";

const graph = (model: string, train?: string) => trainingStep(experiment(model, train));
const between = (a: string, b: string): string => fittingText(fitting(graph(a), graph(b)));
const [small, fcn] = ["{backbone: {resnet: 18}}", "{backbone: {resnet: 18}, pyramid: none}"];

describe("weights of one network in another", () => {
  it("all load where the networks are one", () => {
    expect(between(small, small)).toBe("every weight has its value in the first");
  });

  it.each(["ema: 0.9", "accumulate: 2", "ema: 0.9, accumulate: 4", "freeze: {stages: 2}"])(
    "all load whatever training keeps beside them: %s",
    (option) => {
      const plain = graph(small);
      const other = graph(small, `{iterations: 100, crop: 89, batch: 8, ${option}}`);
      for (const [a, b] of [
        [plain, other],
        [other, plain],
      ] as const)
        expect(fittingText(fitting(a, b))).toBe("every weight has its value in the first");
    },
  );

  it("are counted by group where they do not", () => {
    expect(between(small, fcn)).toBe(
      "all of backbone, auxiliary; 6 of head (1 of another shape); 20 are not needed",
    );
    expect(between(fcn, small)).toBe(
      "all of backbone, auxiliary; none of pyramid (20 new); 6 of head (1 of another shape)",
    );
  });

  it("name what is new and what is left over", () => {
    const rows = fitting(graph(fcn), graph(small));
    const pyramid = rows.find(({ group }) => group === "pyramid");
    expect(pyramid?.fresh).toContain("pyramid.bin1.conv.kernel");
    expect(rows.flatMap(({ unused }) => unused)).toEqual([]);
  });
});
