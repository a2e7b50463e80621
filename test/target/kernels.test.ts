/** Kernel choice: which form is taken on which machine, and that a whole step does the same in any. */

import { describe, expect, it } from "vitest";
import { type Graph, printGraph } from "../../src/graph/graph.js";
import { stateOf } from "../../src/plan/graphs.js";
import { evaluationStep } from "../../src/plan/inference.js";
import { trainingStep } from "../../src/plan/step.js";
import { type Form, formsOf, isForm, nameOf } from "../../src/rewrite/forms.js";
import { openSession } from "../../src/runtime/session.js";
import { layersIn } from "../../src/target/kernels.js";
import {
  chosen,
  type Kernels,
  plainCpu,
  savedModel,
  withKernels,
} from "../../src/tensorflow/target.js";
import { tiny } from "../oracle/experiment.js";
import { images, labels, stateFor } from "../oracle/scene.js";

const experiment = tiny({ train: { crop: [41, 49] } });
const graphs = { train: trainingStep(experiment), evaluate: evaluationStep(experiment, 50, 44) };
const layers = Object.values(graphs).flatMap(layersIn);

/** Every layer that has the form in it. */
const all = (form: Form): Kernels => ({
  ...plainCpu,
  known: Object.fromEntries(
    layers.map((layer) => [nameOf(layer), formsOf(layer).includes(form) ? form : "native"]),
  ),
});

const outcome = async (kernels: Kernels) => {
  const { batch, crop, data } = { ...experiment.train, data: experiment.data };
  const on = (graph: Graph): Graph => withKernels(graph, kernels);
  const session = await openSession(
    savedModel({ train: on(graphs.train), evaluate: on(graphs.evaluate) }),
    "cpu",
  );
  session.write(stateFor(stateOf(Object.values(graphs))));
  const classes = data.classes.length;
  const asked = { image: images(1, 50, 44), label: labels(1, 50, 44, classes) };
  const { confusion } = session.run("evaluate", asked);
  const given = { images: images(batch, ...crop), labels: labels(batch, ...crop, classes) };
  const { loss } = session.run("train", { ...given, rate: 0.01 });
  const state = session.read();
  session.dispose();
  return { loss: loss!.data[0]!, confusion: Array.from(confusion!.data), state };
};

const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  // A shift before a batch norm has a gradient of zero, and rounding alone in it.
  Math.hypot(...Array.from(a, (value, i) => value - b[i]!)) /
  Math.max(Math.hypot(...Array.from(a)), 1e-4);

describe("a step in other forms", { timeout: 120_000 }, () => {
  it("is the same step", async () => {
    const native = await outcome(all("native"));
    for (const form of ["product", "turned", "taps", "phases", "winograd-2", "winograd-4"]) {
      if (!isForm(form)) throw new Error(`${form} is no form`);
      const found = await outcome(all(form));
      expect(Math.abs(found.loss - native.loss), form).toBeLessThan(1e-5 * native.loss);
      expect(found.confusion, form).toEqual(native.confusion);
      // As for the rewrites, and ten times that for tiles whose sums are larger than their results.
      const bound = form === "winograd-4" ? 1e-3 : 1e-4;
      for (const [name, { data }] of native.state) {
        const other = found.state.get(name)!.data;
        expect(apart(data, other), `${form}: ${name}`).toBeLessThan(bound);
      }
    }
  });
});

describe("the choice", () => {
  it("is TensorFlow's own kernel on a GPU", () => {
    const gpu: Kernels = { machine: { device: "gpu", dilatedGradients: true }, known: {} };
    expect(new Set(Object.values(chosen(graphs.train, gpu)))).toEqual(new Set(["native"]));
  });

  it.each(["cpu", "gpu"] as const)(
    "asks a %s that refuses them for no gradient of a dilated convolution",
    (device) => {
      const machine = { device, dilatedGradients: false };
      const graph = withKernels(graphs.train, { machine, known: {} });
      const refused = graph.values.filter(
        ({ op, attributes }) =>
          op !== "convolution" && "dilation" in attributes && attributes.dilation > 1,
      );
      expect(refused).toEqual([]);
    },
  );

  it("prefers what is known to a guess, unless the layer has no such form", () => {
    for (const form of ["taps", "winograd-4"] as const) {
      const found = Object.entries(chosen(graphs.train, all(form)));
      const wanted = Object.entries(all(form).known);
      expect(found).toEqual(wanted.filter(([name]) => found.some(([each]) => each === name)));
    }
    const layer = layers[0]!;
    const wrong: Kernels = { ...plainCpu, known: { [nameOf(layer)]: "taps" } };
    expect(layer.op).not.toBe("convolutionKernelGradient");
    expect(chosen(graphs.train, wrong)).toEqual(chosen(graphs.train, plainCpu));
  });

  it("comes out the same from what was kept of it", () => {
    const begun = withKernels(graphs.train, all("winograd-2"));
    const kept: Kernels = { ...plainCpu, known: chosen(graphs.train, all("winograd-2")) };
    expect(printGraph(withKernels(graphs.train, kept))).toBe(printGraph(begun));
    expect(printGraph(withKernels(graphs.train, plainCpu))).not.toBe(printGraph(begun));
  });
});
