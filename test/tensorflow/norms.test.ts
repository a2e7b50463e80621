/** The gradients of norms by pspc's own kernel: where they are taken, and equal to the law in 64 bits. */

import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { valuesOfOp } from "../../src/graph/graph.js";
import { trainingStep } from "../../src/plan/step.js";
import { legalize } from "../../src/tensorflow/legalize.js";
import { plainCpu } from "../../src/tensorflow/target.js";
import { type Differs, tiny } from "../oracle/experiment.js";

const wide: Differs = { backbone: { width: 16, stem: { kind: "deep", channels: [16, 16, 32] } } };
const ours = { ...plainCpu.machine, ownKernels: true };

describe("the gradient of a norm", { timeout: 60_000 }, () => {
  it.each(["AVX512_CORE", "AVX2", "SSE41"])("is the law's in %s and less", (most) => {
    const env = { ...process.env, ONEDNN_MAX_CPU_ISA: most };
    const said = execFileSync(process.execPath, ["test/tensorflow/norm-units.mjs"], { env });
    const cases = JSON.parse(said.toString());
    expect(cases.length).toBe(12);
    for (const { numbers, isGated, ops, apart } of cases) {
      expect(ops).toContain("PspcNormGradient");
      expect(ops.includes("ReluGrad")).toBe(false);
      expect(ops.includes("Relu")).toBe(true);
      const { dx, dscale, dshift } = apart;
      // Sums of some thousand numbers in f32; what leaves in bf16 is rounded once.
      expect(Math.max(dscale, dshift), `${numbers} ${isGated}`).toBeLessThan(1e-5);
      expect(dx, `${numbers} ${isGated}`).toBeLessThan(numbers === "f32" ? 1e-5 : 2 ** -8 + 1e-5);
    }
  });

  it("takes the ReLU behind the norm along where nobody else asks for its gradient", () => {
    const graph = trainingStep(tiny(wide));
    const [own, theirs] = [legalize(graph, ours), legalize(graph)];
    const gradients = valuesOfOp(own, "ownNormGradient");
    const gated = gradients.filter(({ args }) => args.length === 6);
    const rest = valuesOfOp(own, "fusedNormGradient");
    expect(gradients.length + rest.length).toBe(valuesOfOp(theirs, "fusedNormGradient").length);
    expect(gated.length).toBeGreaterThan(4);
    // A residual's ReLU sends its gradient two ways.
    expect(gated.length).toBeLessThan(gradients.length);
    const left = valuesOfOp(theirs, "reluGradient").length - gated.length;
    expect(valuesOfOp(own, "reluGradient").length).toBe(left);
  });

  it("is TensorFlow's where channels are no multiple of 16", () => {
    const narrow = legalize(trainingStep(tiny()), ours);
    const own = valuesOfOp(narrow, "ownNormGradient");
    expect(own.every(({ types: [{ shape }] }) => shape[3]! % 16 === 0)).toBe(true);
    expect(valuesOfOp(narrow, "fusedNormGradient").length).toBeGreaterThan(0);
  });
});
