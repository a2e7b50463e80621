// @ts-check
/** pspc as a peer: a spec and a task enter, from YAML to a session that is ready; then one step for every line. */

import { readFileSync } from "node:fs";
import { either } from "fp-ts";
import { lower } from "../dist/plan/program.js";
import { describe, loadTensorFlow } from "../dist/runtime/library.js";
import { openSession } from "../dist/runtime/session.js";
import { modelFor, sizeName } from "../dist/tensorflow/model.js";
import { checkSpec } from "../dist/validate/check.js";
import { initialState } from "../dist/weights/initial.js";
import { bytes, serve } from "./serve.mjs";

await serve(async ({ task, entry, overrides, batch }) => {
  const read = (/** @type {string} */ path) => either.right(readFileSync(path, "utf8"));
  const { result } = checkSpec({ entry, overrides, cwd: process.cwd(), read });
  if (either.isLeft(result)) throw new Error(`${entry} is wrong: \`pspc check\` says why`);
  const program = lower(result.right.experiment);
  const [height, width] = program.experiment.train.crop;
  const abilities =
    task === "train"
      ? { train: true }
      : { predict: [{ height, width }], asked: { batch, probabilities: false } };
  const { model, variables } = modelFor(program, abilities);
  const session = await openSession(model, "auto");
  session.write(initialState(variables, 0));
  const pixels = batch * height * width;
  const images = bytes(3 * pixels, 256);
  const labels = bytes(pixels, program.experiment.data.classes.length);
  const step = {
    train: () => session.run("train", { images, labels, rate: 1e-3 }).loss.data[0],
    infer: () => session.run(`predict_${sizeName({ height, width })}`, { images }).classes.data[0],
  };
  const { version, device } = describe(await loadTensorFlow());
  if (task === "product") throw new Error("TensorFlow's product is asked of peer-tfjs.mjs");
  return { about: { version, device }, step: step[task] };
});
