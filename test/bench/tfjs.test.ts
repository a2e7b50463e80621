/** The training step that the bench writes by hand in stock tfjs is ours: the same loss and weights from the same weights. */

import { expect, it } from "vitest";
import { tfjsTraining } from "../../bench/tfjs-training.mjs";
import { stateOf } from "../../src/plan/graphs.js";
import { trainingStep } from "../../src/plan/step.js";
import { loadTensorFlow } from "../../src/runtime/library.js";
import { openSession } from "../../src/runtime/session.js";
import { savedModel } from "../../src/tensorflow/target.js";
import { tiny } from "../oracle/experiment.js";
import { compare } from "../oracle/oracle.js";
import { images, labels, stateFor } from "../oracle/scene.js";

const rate = 0.01;

it.each([
  { name: "basic blocks", experiment: tiny() },
  {
    name: "bottlenecks with class weights",
    experiment: tiny({
      backbone: { block: "bottleneck" },
      pyramid: { bins: [2, 3], order: "descending" },
      train: { crop: [41, 57] },
      loss: { class_weights: [1, 2, 0.5, 1, 3] },
    }),
  },
])("with $name", async ({ experiment }) => {
  const { batch, crop } = experiment.train;
  const given = {
    images: images(batch, ...crop),
    labels: labels(batch, ...crop, experiment.data.classes.length),
  };
  const graph = trainingStep(experiment);
  const state = stateFor(stateOf([graph]));
  const session = await openSession(savedModel({ train: graph }), "cpu");
  session.write(state);
  const { loss } = session.run("train", { ...given, rate });
  const after = session.read();
  session.dispose();

  const tf = await loadTensorFlow("cpu");
  const { step, network } = tfjsTraining(tf, experiment, given, rate);
  const variables = new Map([...network.trained, ...network.statistics]);
  const known = [...state.keys()].filter((name) => name !== "step" && !name.includes("/"));
  expect([...variables.keys()].toSorted()).toEqual(known.toSorted());
  for (const [name, variable] of variables) {
    const { data } = state.get(name)!;
    variable.assign(tf.tensor(data, variable.shape));
  }
  expect(step() / loss.data[0]).toBeCloseTo(1, 5);
  for (const [name, variable] of variables) {
    const { relative } = compare(variable.dataSync(), after.get(name)!.data);
    expect(relative, name).toBeLessThan(1e-4);
  }
  tf.disposeVariables();
});
