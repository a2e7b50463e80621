/** A loss in strips is the loss, with its gradients, in less memory. */

import { describe, expect, it } from "vitest";
import { stateOf } from "../../src/plan/graphs.js";
import { trainingStep } from "../../src/plan/step.js";
import { openSession } from "../../src/runtime/session.js";
import { legalize } from "../../src/tensorflow/legalize.js";
import { memory, total } from "../../src/tensorflow/memory.js";
import { plainCpu, savedModel, withKernels } from "../../src/tensorflow/target.js";
import { type Differs, tiny } from "../oracle/experiment.js";
import { images, labels, stateFor } from "../oracle/scene.js";

const outcome = async (differs: Differs, strips: number) => {
  const of = tiny({ ...differs, loss: { ...differs.loss, strips } });
  const graph = trainingStep(of);
  const session = await openSession(savedModel({ train: withKernels(graph, plainCpu) }), "cpu");
  session.write(stateFor(stateOf([graph])));
  const { batch, crop } = of.train;
  const given = { images: images(batch, ...crop), labels: labels(batch, ...crop, 5), rate: 0.01 };
  const { loss, main } = session.run("train", given);
  const state = session.read();
  session.dispose();
  return { losses: [loss!.data[0]!, main!.data[0]!], state };
};

const length = (values: readonly number[]): number => Math.hypot(...values);

describe("a loss in strips", { timeout: 60_000 }, () => {
  it.each<[string, Differs]>([
    [
      "weights, areas, a wide crop",
      {
        model: { align_corners: false },
        train: { crop: [33, 49] },
        loss: { class_weights: [1, 2, 0.5, 1, 3], smoothing: 0.2 },
      },
    ],
    [
      "mean over all, dropout, no auxiliary head, bf16",
      {
        model: { auxiliary: null, head: { channels: 8, dropout: 0.3 } },
        train: { precision: "bf16" },
        loss: { mean_over: "all" },
      },
    ],
  ])("is what it would be whole, and so are the weights: %s", async (_, differs) => {
    const whole = await outcome(differs, 1);
    // 33 rows come as 7 strips of 5, the last of 3.
    const strips = await outcome(differs, 7);
    strips.losses.forEach((loss, i) => {
      expect(Math.abs(loss / whole.losses[i]! - 1)).toBeLessThan(1e-5);
    });
    for (const [name, { data }] of whole.state) {
      const other = strips.state.get(name)!.data;
      const apart = length(Array.from(data, (value, i) => value - other[i]!));
      // As the law of every rewrite: sums of some thousand terms in another order; a half rounds at 4e-3.
      const rounding = differs.train?.precision === "bf16" ? 1e-2 : 1e-4;
      expect(apart / Math.max(length(Array.from(data)), 1e-4), name).toBeLessThan(rounding);
    }
  });

  it("keeps one strip at full resolution", () => {
    const of = (strips: number) =>
      trainingStep(tiny({ classes: 100, train: { crop: [129, 129] }, loss: { strips } }));
    const [whole, some, many] = [1, 4, 16].map((strips) => total(memory(legalize(of(strips)))));
    // Behind the loss, others are the largest.
    const map = 3 * 100 * 129 * 129 * 4;
    expect(whole! - some!).toBeGreaterThan(map / 2);
    expect(some!).toBeGreaterThan(many!);
    const rows = (strips: number) =>
      Math.max(
        ...of(strips).values.map(({ types: [{ shape }] }) =>
          shape.length === 4 && shape[1] === 100 && shape[3] === 129 ? shape[2]! : 0,
        ),
      );
    expect([rows(1), rows(4)]).toEqual([129, 33]);
  });
});
