/** Classes of enlarged logits by pspc's own kernel: TensorFlow's, pixel by pixel, also where two logits are equal. */

import { describe, expect, it } from "vitest";
import { apply, argmax, input, multiply, scalar } from "../../src/graph/compose.js";
import { number } from "../../src/graph/graph.js";
import type { Node } from "../../src/graph/op.js";
import { openSession } from "../../src/runtime/session.js";
import { type Kernels, plainCpu, savedModel } from "../../src/tensorflow/target.js";

const ours: Kernels = { ...plainCpu, machine: { ...plainCpu.machine, ownKernels: true } };
const model = (results: Readonly<Record<string, Node>>, kernels = ours) =>
  savedModel({ of: number({ results, updates: [] }) }, kernels);
const ops = (results: Readonly<Record<string, Node>>) => model(results).nodes.map(({ op }) => op);

const logits = (h: number, w: number, channels: number) => input("x", "f32", 2, h, w, channels);
const enlarged = (x: Node, height: number, width: number, alignCorners: boolean) =>
  apply("resize", { height, width, alignCorners }, [x]);

describe("the largest of enlarged logits", () => {
  it.each([
    [9, 12, 11, 65, 89],
    [5, 4, 19, 33, 41],
    [7, 7, 150, 49, 50],
    [3, 5, 2, 3, 5],
    [8, 9, 16, 5, 3],
    [1, 2, 33, 7, 9],
  ])("of %i×%i×%i are TensorFlow's at %i×%i", async (h, w, channels, height, width) => {
    const x = logits(h, w, channels);
    // Whole numbers, of which many are equal, and others.
    const length = 2 * h * w * channels;
    const coarse = Float32Array.from({ length }, (_, i) => Math.round(3 * Math.sin(i * i)));
    const fine = Float32Array.from({ length }, (_, i) => 9 * Math.sin(7 * i * i));
    for (const alignCorners of [true, false]) {
      const results = { classes: argmax(enlarged(x, height, width, alignCorners)) };
      expect(ops(results)).toContain("PspcLargest");
      const answers = [];
      for (const kernels of [plainCpu, ours]) {
        const session = await openSession(model(results, kernels), "cpu");
        answers.push([coarse, fine].map((given) => session.run("of", { x: given }).classes!.data));
        session.dispose();
      }
      const [theirs, own] = answers;
      expect(new Set(theirs![1]).size).toBeGreaterThan(1);
      expect(own).toEqual(theirs);
    }
  });

  it("are taken by TensorFlow's kernels where somebody else looks at the enlarged map", () => {
    const map = enlarged(logits(4, 4, 5), 8, 8, true);
    const seen = ops({ classes: argmax(map), twice: multiply(map, scalar(2)) });
    expect(seen).not.toContain("PspcLargest");
    expect(seen).toContain("ArgMax");
    expect(ops({ classes: argmax(map) })).not.toContain("ResizeBilinear");
  });
});
