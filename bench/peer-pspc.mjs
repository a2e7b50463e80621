// @ts-check
/** pspc as a peer: a spec and a task enter, from YAML to a session that is ready; then one step for every line. */

import { describe, loadTensorFlow } from "../dist/runtime/library.js";
import { collectGarbage } from "../dist/runtime/memory.js";
import { openSession } from "../dist/runtime/session.js";
import { initialState } from "../dist/weights/initial.js";
import { compiled, experimentOf } from "./compiled.mjs";
import { bytes, serve } from "./serve.mjs";

await serve(async ({ task, entry, overrides, batch }) => {
  if (task === "product") throw new Error("TensorFlow's product is asked of peer-tfjs.mjs");
  const experiment = experimentOf(entry, overrides);
  const { signature, model, variables } = compiled(task, experiment, batch);
  const session = await openSession(model, "auto");
  // In a function of its own, so that nothing here still holds the values.
  (() => session.write(initialState(variables, 0)))();
  collectGarbage();
  const pixels = batch * experiment.train.crop[0] * experiment.train.crop[1];
  const images = bytes(3 * pixels, 256);
  const labels = bytes(pixels, experiment.data.classes.length);
  const given = { train: { images, labels, rate: 1e-3 }, infer: { images } }[task];
  const step = () => {
    const { loss, classes } = session.run(signature, given);
    return (loss ?? classes).data[0];
  };
  const { version, device } = describe(await loadTensorFlow());
  return { about: { version, device }, step };
});
