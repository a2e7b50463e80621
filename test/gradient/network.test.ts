/** A whole tiny network: the slope of the loss along a direction of each weight, against central differences. */

import { describe, expect, it } from "vitest";
import { stateOf } from "../../src/plan/graphs.js";
import { trainingStep } from "../../src/plan/step.js";
import { asWritten } from "../../src/rewrite/passes.js";
import { openSession } from "../../src/runtime/session.js";
import { savedModel } from "../../src/tensorflow/target.js";
import { type Differs, tiny } from "../oracle/experiment.js";
import { evaluate } from "../oracle/reference.js";
import { images, labels, stateFor } from "../oracle/scene.js";

const networks: Readonly<Record<string, Differs>> = {
  "basic blocks, deep stem, bins that do not divide the map": {},
  "bottlenecks, 7×7 stem, max pooling, areas, an even crop": {
    backbone: {
      block: "bottleneck",
      width: 2,
      stem: { kind: "conv7", channels: 6 },
      stride_site: "1x1",
      first_dilation: "contracted",
    },
    pyramid: { bins: [2, 3], pool: "max", order: "descending" },
    model: { align_corners: false },
    train: { crop: [32, 28] },
    loss: { mean_over: "all", class_weights: [1, 2, 0.5, 1, 3] },
  },
  "no pyramid, no auxiliary head": { pyramid: null, model: { auxiliary: null } },
};

/** ±1, so that every weight of a variable takes part. */
const direction = (size: number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => (Math.sin(12.9898 * i + 4) > 0 ? 1 : -1));

describe("the training step's gradient", () => {
  it.each(Object.entries(networks))(
    "of %s",
    async (_, differs) => {
      const experiment = tiny({
        ...differs,
        // Without decay the momentum after one step from zero is the gradient.
        train: {
          crop: [25, 25],
          ...differs.train,
          optimizer: { momentum: 0.9, weight_decay: 0, decay: "all" },
        },
      });
      const { batch, crop } = experiment.train;
      // What runs is the rewritten graph; what is differentiated by hand is the one that was written.
      const [graph, written] = [trainingStep(experiment), trainingStep(experiment, asWritten)];
      const state = stateFor(stateOf([graph]));
      const given = {
        images: images(batch, ...crop),
        labels: labels(batch, ...crop, experiment.data.classes.length),
      };
      const session = await openSession(savedModel({ train: graph }), "cpu");
      session.write(state);
      const { loss } = session.run("train", { ...given, rate: 0.01 });
      const after = session.read();
      session.dispose();

      const leaves = new Map<string, ArrayLike<number>>([
        ...Object.entries(given),
        ["rate", [0.01]],
        ...[...state].map(([name, { data }]) => [name, data] as const),
      ]);
      const root = written.results.loss;
      const base = evaluate(written, [root!], leaves);
      expect(loss!.data[0]!).toBeCloseTo(base.values[root!]![0]![0]!, 5);

      const trained = [...after.keys()].filter((name) => name.endsWith("/momentum"));
      expect(trained.length).toBeGreaterThan(30);
      const slopes = trained.map((momentum) => {
        const name = momentum.replace("/momentum", "");
        const weight = Float64Array.from(leaves.get(name)!);
        const along = direction(weight.length);
        const lossAt = (h: number): number => {
          const moved = new Map(leaves).set(
            name,
            weight.map((w, i) => w + h * along[i]!),
          );
          return evaluate(written, [root!], moved, base, new Set([name])).values[root!]![0]![0]!;
        };
        // Small enough that hardly a ReLU or a maximum changes its mind, 10⁷ times the rounding of 64 bits.
        const h = 1e-7;
        const slope = after.get(momentum)!.data;
        const norm = Math.hypot(...slope);
        return {
          name,
          got: along.reduce((sum, sign, i) => sum + sign * slope[i]!, 0),
          wanted: (lossAt(h) - lossAt(-h)) / (2 * h),
          scale: Math.max(1e-3, norm * Math.sqrt(weight.length)),
        };
      });
      const off = slopes.filter(
        ({ got, wanted, scale }) => !(Math.abs(got - wanted) < 1e-3 * scale),
      );
      expect(off).toEqual([]);
    },
    120_000,
  );
});
