// @ts-check
/** A 3×3 layer and its gradients by pspc's own kernels, in the vector units that this process may use: how far they are from TensorFlow's leaves. */

import process from "node:process";
import { option } from "fp-ts";
import { apply, convolution, input, padding } from "../../dist/graph/compose.js";
import { number } from "../../dist/graph/graph.js";
import { shapeOf } from "../../dist/graph/op.js";
import { inForm } from "../../dist/rewrite/forms.js";
import { openSession } from "../../dist/runtime/session.js";
import { plainCpu, savedModel } from "../../dist/tensorflow/target.js";

const window = { stride: 1, dilation: 1, padding: padding(1) };
const x = input("x", "f32", 2, 9, 7, 48);
const kernel = input("kernel", "f32", 3, 3, 48, 32);
const y = convolution(x, kernel, window);
const dy = input("dy", "f32", ...shapeOf(y));
const layers = [
  apply("convolution", window, [x, kernel]),
  apply("convolutionInputGradient", { ...window, shape: shapeOf(x) }, [kernel, dy]),
  apply("convolutionKernelGradient", { ...window, shape: shapeOf(kernel) }, [x, dy]),
];
/** @param {number} length @param {number} by */
const noise = (length, by) => Float32Array.from({ length }, (_, i) => Math.sin(by * i));
const values = { x: noise(6048, 1), kernel: noise(13824, 2), dy: noise(4032, 3) };

/** @param {import("../../src/graph/op.js").Node} node */
const graph = (node) => number({ results: { of: node }, updates: [] });
const formed = layers.map((layer) => {
  const found = inForm(layer, "winograd-2");
  return option.isSome(found) ? found.value : layer;
});
const graphs = Object.fromEntries([
  ...layers.map((layer, i) => [`plain${i}`, graph(layer)]),
  ...formed.map((node, i) => [`ours${i}`, graph(node)]),
]);
const kernels = { ...plainCpu, machine: { ...plainCpu.machine, ownKernels: true } };
const model = savedModel(graphs, kernels);
const session = await openSession(model, "cpu");
/** @param {string} name @returns {number[]} */
const answer = (name) => Array.from(session.run(name, values).of?.data ?? []);
const apart = layers.map((_, i) => {
  const [wanted, got] = [answer(`plain${i}`), answer(`ours${i}`)];
  const largest = Math.max(...wanted.map(Math.abs));
  return Math.max(...got.map((value, at) => Math.abs(value - (wanted[at] ?? 0)))) / largest;
});
const own = model.nodes.filter(({ op }) => op.startsWith("PspcTiles")).length;
process.stdout.write(JSON.stringify({ own, apart }));
