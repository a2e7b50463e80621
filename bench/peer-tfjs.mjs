// @ts-check
/** Stock tfjs-node as a peer: an experiment and a task enter; then one step for every line, in tfjs's own operations. */

import { describe, loadTensorFlow } from "../dist/runtime/library.js";
import { bytes, serve } from "./serve.mjs";
import { tfjsNetwork } from "./tfjs-network.mjs";

/**
 * @typedef {import("./tfjs-network.mjs").TensorFlow} TensorFlow
 * @typedef {import("./tfjs-network.mjs").Tensor4D} Tensor4D
 * @typedef {import("./serve.mjs").Experiment} Experiment
 * @typedef {import("@tensorflow/tfjs-node-gpu").Scalar} Scalar
 */

/** @param {TensorFlow} tf @param {Experiment} experiment @param {number} batch */
const given = (tf, { data, train: { crop } }, batch) => {
  const pixels = batch * crop[0] * crop[1];
  const [images, labels] = [bytes(3 * pixels, 256), bytes(pixels, data.classes.length)];
  return {
    images: () => {
      const raw = tf.tensor4d(images, [batch, crop[0], crop[1], 3], "int32");
      return /** @type {Tensor4D} */ (raw.sub(data.mean).div(data.std));
    },
    labels: () => tf.tensor1d(labels, "int32"),
  };
};

/**
 * @typedef {{ step: () => number, parameters?: number }} Program
 * @param {TensorFlow} tf @param {Experiment} experiment @param {number} batch @returns {Program}
 */
const training = (tf, experiment, batch) => {
  const { data, model, train } = experiment;
  const classes = data.classes.length;
  const { forward, trained } = tfjsNetwork(tf, model, classes, true);
  const { images, labels } = given(tf, experiment, batch);
  const table = train.loss.class_weights ?? data.classes.map(() => 1);

  /** Weighted mean over the pixels that count. @param {Tensor4D} logits */
  const entropy = (logits) => {
    const given = labels();
    const counts = given.notEqual(255).cast("float32");
    const weights = tf
      .gather(tf.tensor1d([...table]), given.minimum(tf.scalar(classes - 1, "int32")))
      .mul(counts);
    const truth = tf.oneHot(given, classes);
    const flat = logits.reshape([-1, classes]);
    const total = tf.losses.softmaxCrossEntropy(truth, flat, weights, 0, tf.Reduction.SUM);
    return total.div(weights.sum());
  };
  const loss = () => {
    const { main, auxiliary } = forward(images());
    const first = entropy(main);
    const whole =
      auxiliary === null || model.auxiliary === null
        ? first
        : first.add(entropy(auxiliary).mul(model.auxiliary.weight));
    return /** @type {Scalar} */ (whole);
  };

  tf.tidy(() => void forward(images()));
  const weights = [...trained.values()];
  const momenta = weights.map((weight) => tf.tidy(() => tf.variable(tf.zerosLike(weight), false)));
  const { momentum, weight_decay } = train.optimizer;
  const rate = 1e-3;
  const step = () =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss, weights);
      for (const [i, weight] of weights.entries()) {
        const slope = grads[weight.name].add(weight.mul(weight_decay));
        momenta[i].assign(momenta[i].mul(momentum).add(slope));
        const { new: multiplier } = train.multipliers;
        const factor = weight.name.startsWith("backbone.") ? 1 : multiplier;
        weight.assign(weight.sub(momenta[i].mul(rate * factor)));
      }
      return value.dataSync()[0];
    });
  return { step, parameters: weights.reduce((sum, weight) => sum + weight.size, 0) };
};

/** @param {TensorFlow} tf @param {Experiment} experiment @param {number} batch @returns {Program} */
const inference = (tf, experiment, batch) => {
  const { data, model } = experiment;
  const { forward } = tfjsNetwork(tf, model, data.classes.length, false);
  const { images } = given(tf, experiment, batch);
  return { step: () => tf.tidy(() => tf.argMax(forward(images()).main, 3).dataSync()[0]) };
};

/** @param {TensorFlow} tf @param {number} size @returns {Program} */
const product = (tf, size) => {
  const [a, b] = [tf.randomUniform([size, size]), tf.randomUniform([size, size])];
  return { step: () => tf.tidy(() => tf.matMul(a, b).slice([0, 0], [1, 1]).dataSync()[0]) };
};

await serve(async ({ task, experiment, batch, size }) => {
  const tf = await loadTensorFlow("auto");
  tf.enableProdMode();
  const { version, device } = describe(tf);
  const steps = {
    train: () => training(tf, experiment, batch),
    infer: () => inference(tf, experiment, batch),
    product: () => product(tf, size),
  };
  const { step, parameters } = steps[task]();
  const about = {
    version: `${tf.version["tfjs-core"]} on TensorFlow ${version}`,
    device,
    parameters,
  };
  return { about, step };
});
