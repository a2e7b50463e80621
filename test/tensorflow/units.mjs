// @ts-check
/** A 3×3 layer and its gradients by pspc's own kernels, in f32 and bf16, in the vector units that this process may use: how far they are from TensorFlow's in f32 leaves. */

import process from "node:process";
import { option } from "fp-ts";
import { apply, cast, input, padding } from "../../dist/graph/compose.js";
import { number } from "../../dist/graph/graph.js";
import { shapeOf } from "../../dist/graph/op.js";
import { inForm } from "../../dist/rewrite/forms.js";
import { openSession } from "../../dist/runtime/session.js";
import { plainCpu, savedModel } from "../../dist/tensorflow/target.js";

const window = { stride: 1, dilation: 1, padding: padding(1) };
/** @typedef {import("../../src/graph/op.js").Node} Node */
/** A kernel that each thread has for itself, and one that all share. */
const widths = /** @type {const} */ ([
  [48, 32],
  [144, 160],
]);
/** @param {(node: Node) => Node} as */
const layersOf = (as) =>
  widths.flatMap(([c, k]) => {
    const [x, kernel, dy] = [
      input(`x${c}`, "f32", 2, 9, 7, c),
      input(`kernel${c}`, "f32", 3, 3, c, k),
      input(`dy${c}`, "f32", 2, 9, 7, k),
    ];
    return [
      apply("convolution", window, [as(x), as(kernel)]),
      apply("convolutionInputGradient", { ...window, shape: shapeOf(x) }, [as(kernel), as(dy)]),
      apply("convolutionKernelGradient", { ...window, shape: shapeOf(kernel) }, [as(x), as(dy)]),
    ];
  });
const narrow = (/** @type {Node} */ node) => cast(node, "bf16");
const wide = (/** @type {Node} */ node) => cast(node, "f32");
/** @param {number} length @param {number} by */
const noise = (length, by) => Float32Array.from({ length }, (_, i) => Math.sin(by * i));
const values = Object.fromEntries(
  widths.flatMap(([c, k]) => [
    [`x${c}`, noise(126 * c, 1)],
    [`kernel${c}`, noise(9 * c * k, 2)],
    [`dy${c}`, noise(126 * k, 3)],
  ]),
);

/** @param {Node} node */
const graph = (node) => number({ results: { of: wide(node) }, updates: [] });
/** @param {ReturnType<typeof layersOf>[number]} layer */
const formed = (layer) => {
  const found = inForm(layer, "winograd-2");
  return option.isSome(found) ? found.value : layer;
};
const [single, half] = [layersOf((node) => node), layersOf(narrow)];
const plainly = { f32: single, bf16: layersOf((node) => wide(narrow(node))) };
const ours = { f32: single.map(formed), bf16: half.map(formed) };
/** @type {readonly ("f32" | "bf16")[]} */
const both = ["f32", "bf16"];
const graphs = Object.fromEntries(
  both.flatMap((numbers) => [
    ...plainly[numbers].map((layer, i) => [`plain_${numbers}_${i}`, graph(layer)]),
    ...ours[numbers].map((node, i) => [`ours_${numbers}_${i}`, graph(node)]),
  ]),
);
const kernels = { ...plainCpu, machine: { ...plainCpu.machine, ownKernels: true } };
const model = savedModel(graphs, kernels);
const session = await openSession(model, "cpu");
/** @param {string} name @returns {number[]} */
const answer = (name) => Array.from(session.run(name, values).of?.data ?? []);
/** Of the largest number, the largest difference. @param {"f32" | "bf16"} numbers @param {number} i */
const apartOf = (numbers, i) => {
  const [wanted, got] = [answer(`plain_${numbers}_${i}`), answer(`ours_${numbers}_${i}`)];
  const most = (/** @type {(value: number, at: number) => number} */ of) =>
    wanted.reduce((sum, value, at) => Math.max(sum, Math.abs(of(value, at))), 0);
  return most((value, at) => value - (got[at] ?? Number.NaN)) / most((value) => value);
};
const apart = Object.fromEntries(
  both.map((numbers) => [numbers, single.map((_, i) => apartOf(numbers, i))]),
);
const types = model.nodes
  .filter(({ op }) => op.startsWith("PspcTiles"))
  .map(({ attributes: { T: of } }) => (of !== undefined && "type" in of ? of.type : "none"))
  .sort();
process.stdout.write(JSON.stringify({ types, apart }));
