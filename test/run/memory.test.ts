/** A thousand steps leave no tensor behind. */

import { expect, test } from "vitest";
import { openSession } from "../../src/runtime/session.js";
import { lower, modelFor } from "../../src/tensorflow/target.js";
import { initialState } from "../../src/weights/initial.js";
import { experiment } from "./tiny.js";

test("the number of tensors is constant over 1,000 steps", { timeout: 120_000 }, async () => {
  const { model, ...rest } = experiment("", { crop: [9, 9], iterations: 1000 });
  const backbone = {
    ...model.backbone,
    width: 1,
    stem: { kind: "conv7", channels: 1 } as const,
  };
  const small = { ...model, backbone, pyramid: null, auxiliary: null };
  const program = lower({ ...rest, model: small });
  const compiled = modelFor(program, { train: true });
  const session = await openSession(compiled.model, "cpu");
  session.write(initialState(compiled.variables, 0));
  const images = Uint8Array.from({ length: 2 * 81 * 3 }, (_, i) => (i * 37) & 255);
  const labels = Uint8Array.from({ length: 2 * 81 }, (_, i) => i & 1);
  const step = () => session.run("train", { images, labels, rate: 0.01 });
  step();
  const before = session.tensors();
  for (let i = 0; i < 1000; i++) step();
  expect(session.tensors()).toBe(before);
  expect(session.read().get("step")!.data[0]).toBe(1001);
  session.dispose();
});
