/** Networks in pspc's own kernels for tiles: recognised where they stand, with bias and ReLU, and equal to TensorFlow's. */

import { execFileSync } from "node:child_process";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { add, apply, input, multiply, padding, relu, scalar } from "../../src/graph/compose.js";
import { number } from "../../src/graph/graph.js";
import { type Node, typeOf } from "../../src/graph/op.js";
import { type Abilities, graphsOf } from "../../src/plan/graphs.js";
import { formsOf, nameOf } from "../../src/rewrite/forms.js";
import { openSession } from "../../src/runtime/session.js";
import { layersIn } from "../../src/target/kernels.js";
import { form } from "../../src/tensorflow/machine.js";
import { byLayer } from "../../src/tensorflow/speeds.js";
import {
  type Compiled,
  type Kernels,
  lower,
  plainCpu,
  savedModel,
  sessionModelFor,
  withKernels,
} from "../../src/tensorflow/target.js";
import { isTiled } from "../../src/tensorflow/tiling.js";
import { typical } from "../../src/tensorflow/typical-speeds.js";
import { tiny } from "../oracle/experiment.js";
import { images, labels, stateFor } from "../oracle/scene.js";

const size = { height: 33, width: 41 };
const asking: Abilities = {
  train: true,
  predict: [size],
  asked: { batch: 1, probabilities: true },
};
const networkIn = (precision: "f32" | "bf16") => {
  const program = lower(
    tiny({
      backbone: { width: 16, stem: { kind: "deep", channels: [16, 16, 32] } },
      train: { precision },
      evaluate: { precision },
    }),
  );
  const layers = Object.values(graphsOf(program, asking)).flatMap(layersIn);
  const known = Object.fromEntries(
    layers.flatMap((layer) =>
      [false, true].map((settled) => [nameOf(layer, settled), "winograd-2"]),
    ),
  ) as Kernels["known"];
  const composed: Kernels = { ...plainCpu, known };
  const ours: Kernels = { machine: { ...plainCpu.machine, ownKernels: true }, known };
  return { program, layers, composed, ours };
};
const { layers, ours } = networkIn("f32");

const opsIn = ({ model }: Compiled, op: string): number =>
  model.nodes.filter((node) => node.op === op).length;

describe("networks in pspc's own kernels", { timeout: 60_000 }, () => {
  it.each(["f32", "bf16"] as const)(
    "have them for every layer that they take, forward and back, in %s",
    (precision) => {
      const { program, layers, composed, ours } = networkIn(precision);
      const taken = new Set(
        layers.filter((layer) => isTiled(layer) && formsOf(layer).includes("winograd-2")),
      );
      const gradients = [...taken].filter(({ op }) => op === "convolutionKernelGradient");
      const compiled = sessionModelFor(program, asking, ours);
      expect(gradients.length).toBeGreaterThan(8);
      expect(opsIn(compiled, "PspcTilesGradient")).toBe(gradients.length);
      expect(opsIn(compiled, "PspcTiles")).toBe(taken.size - gradients.length);
      expect(opsIn(sessionModelFor(program, asking, composed), "PspcTiles")).toBe(0);
      const sums = compiled.model.nodes.filter(({ attributes: { added } }) =>
        isDeepStrictEqual(added, { int: 1 }),
      );
      // Residuals of the network that is asked, and gradients that meet.
      expect(sums.length).toBeGreaterThan(4);
      const moving = ({ op, attributes }: Compiled["model"]["nodes"][number]) =>
        op.startsWith("PspcTiles") && isDeepStrictEqual(attributes.T, { type: "bf16" });
      const halves = layers.filter((layer) => taken.has(layer) && typeOf(layer).dtype === "bf16");
      expect(halves.length > 0).toBe(precision === "bf16");
      expect(compiled.model.nodes.filter(moving).length).toBe(halves.length);
    },
  );

  it.each([
    ["f32", 1e-5, 1e-6],
    // Sums of f32 that differ in their last bits are rounded to eight, now and then to different ones.
    ["bf16", 2e-3, 2e-3],
  ] as const)("train and answer in %s as in TensorFlow's", async (precision, loss, probability) => {
    const { program, composed, ours } = networkIn(precision);
    const found = [];
    for (const kernels of [composed, ours]) {
      const { model, variables } = sessionModelFor(program, asking, kernels);
      const session = await openSession(model, "cpu");
      session.write(stateFor(variables));
      const { probabilities } = session.run("predict_33x41", { images: images(1, 33, 41) });
      const batch = { images: images(3, 33, 33), labels: labels(3, 33, 33, 5), rate: 0.01 };
      const losses = [0, 1, 2].map(() => session.run("train", batch).loss!.data[0]!);
      found.push({ losses, probabilities: probabilities!.data });
      session.dispose();
    }
    const [theirs, own] = found;
    const relative = own!.losses.map((each, i) => Math.abs(each / theirs!.losses[i]! - 1));
    expect(Math.max(...relative)).toBeLessThan(loss);
    const apart = own!.probabilities.map((each, i) => Math.abs(each - theirs!.probabilities[i]!));
    expect(Math.max(...apart)).toBeLessThan(probability);
  });

  it("take a bias, another image and a ReLU along where nobody else asks for what is before, and keep what is no number", async () => {
    const x = input("x", "f32", 1, 5, 6, 16);
    const [kernel, bias] = [input("kernel", "f32", 3, 3, 16, 16), input("bias", "f32", 16)];
    const other = input("other", "f32", 1, 5, 6, 16);
    const window = { stride: 1, dilation: 1, padding: padding(1) };
    const layer = apply("convolution", window, [x, kernel]);
    const model = (node: Node, kernels: Kernels) =>
      savedModel(
        { of: withKernels(number({ results: { of: node }, updates: [] }), kernels) },
        kernels,
      );
    const forced = (kernels: Kernels): Kernels => ({
      ...kernels,
      known: { [nameOf(layer)]: "winograd-4" },
    });
    const given = {
      x: Float32Array.from({ length: 480 }, (_, i) => (i === 479 ? Number.NaN : Math.sin(i))),
      kernel: Float32Array.from({ length: 2304 }, (_, i) => Math.cos(3 * i)),
      bias: Float32Array.from({ length: 16 }, (_, i) => i - 8),
      other: Float32Array.from({ length: 480 }, (_, i) => 5 * Math.sin(7 * i)),
    };
    const answer = async (node: Node, kernels: Kernels) => {
      const session = await openSession(model(node, kernels), "cpu");
      const { of } = session.run("of", given);
      session.dispose();
      return of!.data;
    };
    const biased = add(layer, bias);
    const shared = multiply(relu(biased), biased);
    const [summed, twice] = [relu(add(other, biased)), add(add(layer, other), other)];
    const all = [biased, relu(biased), shared, multiply(relu(layer), scalar(2)), summed, twice];
    for (const node of all) {
      const [wanted, got] = [await answer(node, plainCpu), await answer(node, forced(ours))];
      expect(got.filter(Number.isNaN).length).toBeGreaterThan(0);
      got.forEach((value, i) => {
        // A tile of 4 spreads what is no number over its pixels.
        if (!Number.isNaN(value)) expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-4);
        if (Number.isNaN(wanted[i]!)) expect(value).toBeNaN();
      });
    }
    const ops = (node: Node) => model(node, forced(ours)).nodes.map(({ op }) => op);
    expect(ops(relu(biased))).not.toContain("Relu");
    expect(ops(relu(biased))).not.toContain("BiasAdd");
    expect(ops(shared)).toContain("Relu");
    expect(ops(shared)).not.toContain("BiasAdd");
    for (const op of ["Relu", "BiasAdd", "AddV2"]) expect(ops(summed)).not.toContain(op);
    expect(ops(twice).filter((op) => op === "AddV2").length).toBe(1);
  });

  it.each(["AVX512_CORE", "AVX2", "SSE41"])("compute alike in %s and less", (most) => {
    const env = { ...process.env, ONEDNN_MAX_CPU_ISA: most };
    const said = execFileSync(process.execPath, ["test/tensorflow/units.mjs"], { env });
    const { types, apart } = JSON.parse(said.toString());
    expect(types).toEqual([...Array(6).fill("bf16"), ...Array(6).fill("f32")]);
    expect(Math.max(...apart.f32)).toBeLessThan(1e-5);
    // They add in f32 and round once, to the nearest number of eight bits.
    expect(Math.max(...apart.bf16)).toBeLessThan(2 ** -8 + 1e-5);
    expect(Math.max(...apart.bf16)).toBeGreaterThan(1e-4);
  });

  it("are chosen where their products are fast, and not where TensorFlow's are", () => {
    const layer = layers.find(isTiled)!;
    const speeds = (rate: number) => ({
      ...typical["AVX-512"],
      tiles: byLayer(() => [rate, rate, rate] as const),
    });
    const choice = (rate: number) =>
      form(layer, { machine: { ...ours.machine, speeds: speeds(rate) } });
    expect(choice(1e6)).toMatch(/^winograd/);
    expect(choice(1)).not.toMatch(/^winograd/);
  });
});
