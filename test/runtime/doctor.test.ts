import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { diagnose } from "../../src/runtime/doctor.js";

test("the doctor finds this machine able to train", async () => {
  const report = await diagnose();
  expect(report).toMatchObject({
    node: process.versions.node,
    tfjs: "4.22.0",
    tensorflow: { version: expect.stringMatching(/^2\./), toy: { right: true } },
    cpu: { cores: availableParallelism(), bf16: expect.any(Boolean) },
    gpus: expect.any(Array),
  });
  expect(report.memory.free_bytes).toBeLessThan(report.memory.total_bytes);
  expect(JSON.parse(JSON.stringify(report))).toMatchObject({ node: report.node });
});
