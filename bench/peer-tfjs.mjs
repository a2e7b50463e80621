// @ts-check
/** Stock tfjs-node as a peer: an experiment and a task enter; then one step for every line, in tfjs's own operations. */

import { describe, loadTensorFlow } from "../dist/runtime/library.js";
import { bytes, serve } from "./serve.mjs";
import { tfjsNetwork } from "./tfjs-network.mjs";
import { normalised, tfjsTraining } from "./tfjs-training.mjs";

/**
 * @typedef {import("./tfjs-network.mjs").TensorFlow} TensorFlow
 * @typedef {import("./serve.mjs").Request} Request
 * @typedef {{ step: () => number, parameters?: number }} Program
 */

/** @param {Request} request */
const drawn = ({ batch, experiment: { data, train } }) => {
  const pixels = batch * train.crop[0] * train.crop[1];
  return { images: bytes(3 * pixels, 256), labels: bytes(pixels, data.classes.length) };
};

/** @param {TensorFlow} tf @param {Request} request @returns {Program} */
const training = (tf, request) => {
  const { step, network } = tfjsTraining(tf, request.experiment, drawn(request), 1e-3);
  const sizes = [...network.trained.values()].map(({ size }) => size);
  return { step, parameters: sizes.reduce((sum, size) => sum + size, 0) };
};

/** @param {TensorFlow} tf @param {Request} request @returns {Program} */
const inference = (tf, request) => {
  const { experiment } = request;
  const { forward } = tfjsNetwork(tf, experiment.model, experiment.data.classes.length, false);
  const { images } = drawn(request);
  const classes = () => tf.argMax(forward(normalised(tf, experiment, images)).main, 3);
  return { step: () => tf.tidy(() => classes().dataSync()[0]) };
};

/** @param {TensorFlow} tf @param {Request} request @returns {Program} */
const product = (tf, { size }) => {
  const [a, b] = [tf.randomUniform([size, size]), tf.randomUniform([size, size])];
  return { step: () => tf.tidy(() => tf.matMul(a, b).slice([0, 0], [1, 1]).dataSync()[0]) };
};

await serve(async (request) => {
  const tf = await loadTensorFlow("auto");
  tf.enableProdMode();
  const { version, device } = describe(tf);
  const make = { train: training, infer: inference, product }[request.task];
  const { step, parameters } = make(tf, request);
  const about = {
    version: `${tf.version["tfjs-core"]} on TensorFlow ${version}`,
    device,
    parameters,
  };
  return { about, step };
});
