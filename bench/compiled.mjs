// @ts-check
/** A spec and what is to be done with it enter; its experiment, and the model that a session runs, leave. */

import { readFileSync } from "node:fs";
import process from "node:process";
import { either } from "fp-ts";
import { checkStill } from "../dist/compile.js";
import { sizeName } from "../dist/plan/graphs.js";
import { trainingKernels } from "../dist/plan/step.js";
import { kernelsHere } from "../dist/run/kernels.js";
import { lower, sessionModelFor } from "../dist/tensorflow/target.js";

/** @param {string} entry @param {readonly string[]} overrides */
export const experimentOf = (entry, overrides) => {
  const read = (/** @type {string} */ path) => either.right(readFileSync(path, "utf8"));
  const { result } = checkStill({ cwd: process.cwd(), read })({ entry, overrides });
  if (either.isLeft(result)) throw new Error(`${entry} is wrong: \`pspc check\` says why`);
  return result.right.experiment;
};

/** Prediction as it is where only the classes are wanted: the whole image once, without a softmax. */
const plainly = ["evaluate.mode=whole", "evaluate.mirror=false", "evaluate.average=logits"];

/** @param {Pick<import("./order.mjs").Run, "task" | "overrides" | "batch">} run */
export const overridesOf = ({ task, overrides, batch }) => [
  ...overrides,
  ...(task === "train" ? [`train.batch=${batch}`] : plainly),
];

/** The one signature that is called, and the model. @param {"train" | "infer"} task @param {import("../src/normalize/experiment.js").Experiment} experiment @param {number} batch */
export const compiled = (task, experiment, batch) => {
  const [height, width] = experiment.train.crop;
  const size = { height, width };
  const can =
    task === "train"
      ? { train: true }
      : { predict: [size], asked: { batch, probabilities: false } };
  const signature = task === "train" ? "train" : `predict_${sizeName(size)}`;
  const kernels = trainingKernels(experiment, kernelsHere("auto"));
  return { signature, ...sessionModelFor(lower(experiment), can, kernels) };
};
