// @ts-check
/**
 * A training step in stock tfjs, as one writes it by hand: an experiment and a batch enter; a function that takes a step
 * and gives its loss leaves. `variableGrads` differentiates; weight decay, momentum and two rates are written out,
 * because `tf.train.momentum` knows neither decay nor groups of layers.
 */

import { tfjsNetwork } from "./tfjs-network.mjs";

/**
 * @typedef {import("./tfjs-network.mjs").TensorFlow} TensorFlow
 * @typedef {import("./tfjs-network.mjs").Tensor4D} Tensor4D
 * @typedef {import("../src/normalize/experiment.js").Experiment} Experiment
 * @typedef {import("@tensorflow/tfjs-node-gpu").Scalar} Scalar
 * @typedef {{ images: Uint8Array, labels: Uint8Array }} Batch
 */

const IGNORE = 255;

/** Bytes `[N, H, W, 3]` on the scale that the network sees. @param {TensorFlow} tf @param {Experiment} experiment @param {Uint8Array} images */
export const normalised = (tf, { data, train: { crop } }, images) => {
  const [height, width] = crop;
  const batch = images.length / (3 * height * width);
  const raw = tf.tensor4d(images, [batch, height, width, 3], "int32");
  return /** @type {Tensor4D} */ (raw.sub([...data.mean]).div([...data.std]));
};

/** Weighted mean over the pixels that count. @param {TensorFlow} tf @param {Experiment} experiment @param {Uint8Array} labels */
const crossEntropy = (tf, { data, train }, labels) => {
  const classes = data.classes.length;
  const table = train.loss.class_weights ?? data.classes.map(() => 1);
  return (/** @type {Tensor4D} */ logits) => {
    const given = tf.tensor1d(labels, "int32");
    const counts = given.notEqual(IGNORE).cast("float32");
    const known = given.minimum(tf.scalar(classes - 1, "int32"));
    const weights = tf.gather(tf.tensor1d([...table]), known).mul(counts);
    const [truth, flat] = [tf.oneHot(given, classes), logits.reshape([-1, classes])];
    const total = tf.losses.softmaxCrossEntropy(truth, flat, weights, 0, tf.Reduction.SUM);
    return total.div(weights.sum());
  };
};

/** @param {TensorFlow} tf @param {Experiment} experiment @param {Batch} batch @param {number} rate */
export const tfjsTraining = (tf, experiment, { images, labels }, rate) => {
  const { data, model, train } = experiment;
  const network = tfjsNetwork(tf, model, data.classes.length, true);
  const entropy = crossEntropy(tf, experiment, labels);
  const loss = () => {
    const { main, auxiliary } = network.forward(normalised(tf, experiment, images));
    const first = entropy(main);
    const share = model.auxiliary?.weight ?? 0;
    const whole = auxiliary === null ? first : first.add(entropy(auxiliary).mul(share));
    return /** @type {Scalar} */ (whole);
  };

  tf.tidy(() => void loss()); // makes the variables
  const weights = [...network.trained.values()];
  const momenta = weights.map((weight) => tf.tidy(() => tf.variable(tf.zerosLike(weight), false)));
  const { optimizer } = train;
  if (!("momentum" in optimizer)) throw new Error("stock tfjs is measured with SGD");
  const { momentum, weight_decay } = optimizer;
  const step = () =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss, weights);
      for (const [i, weight] of weights.entries()) {
        const slope = grads[weight.name].add(weight.mul(weight_decay));
        momenta[i].assign(momenta[i].mul(momentum).add(slope));
        const factor = weight.name.startsWith("backbone.") ? 1 : train.multipliers.new;
        weight.assign(weight.sub(momenta[i].mul(rate * factor)));
      }
      return value.dataSync()[0];
    });
  return { step, network };
};
