/** The law of every rewrite: a step does the same with it as without it, up to rounding. */

import { describe, expect, it } from "vitest";
import type { Graph } from "../../src/graph/graph.js";
import { stateOf } from "../../src/plan/graphs.js";
import { evaluationStep } from "../../src/plan/inference.js";
import { trainingStep } from "../../src/plan/step.js";
import {
  argmaxOfLogits,
  foldBatchNorm,
  foldScale,
  joinPads,
  stretchLate,
} from "../../src/rewrite/algebra.js";
import { factorPyramid } from "../../src/rewrite/factor-pyramid.js";
import { asWritten, exportingByLayers, type Passes, standard } from "../../src/rewrite/passes.js";
import {
  inputGradientAsConvolution,
  kernelGradientAsProducts,
} from "../../src/rewrite/products.js";
import { openSession } from "../../src/runtime/session.js";
import { savedModel } from "../../src/tensorflow/target.js";
import { type Differs, tiny } from "../oracle/experiment.js";
import { images, labels, stateFor } from "../oracle/scene.js";

const passes: Readonly<Record<string, Passes>> = {
  "fold-batch-norm": { ...asWritten, inference: [foldBatchNorm] },
  "fold-scale": { ...asWritten, inference: [foldScale] },
  "argmax-of-logits": { ...asWritten, inference: [argmaxOfLogits] },
  "factor-pyramid": { ...asWritten, forward: [factorPyramid] },
  "join-pads": { ...asWritten, whole: [joinPads] },
  "stretch-late": { ...asWritten, whole: [stretchLate] },
  "convolution gradients": {
    ...asWritten,
    whole: [inputGradientAsConvolution, kernelGradientAsProducts],
  },
  all: standard,
  "all of exports to convolutions": { ...asWritten, forward: exportingByLayers.forward },
};

const networks: Readonly<Record<string, Differs>> = {
  "bins that divide the map": { train: { crop: [41, 41] } },
  "bins that do not, corners of areas, a wide crop": {
    model: { align_corners: false },
    pyramid: { bins: [1, 2, 5], order: "descending" },
    train: { crop: [49, 73] },
  },
  "max pooling, no reduction": { pyramid: { pool: "max", channels: null } },
  // As large as the variances, so that no rewrite of a norm may forget it; and cells of 3×3 pixels.
  "an epsilon that counts": {
    model: { norm: { ...tiny().model.norm, epsilon: 0.5 } },
    pyramid: { bins: [1, 2] },
    train: { crop: [41, 41] },
  },
};

const count = (graph: Graph, op: string): number =>
  graph.values.filter((value) => value.op === op).length;

interface Outcome {
  readonly loss: number;
  readonly confusion: ArrayLike<number>;
  readonly state: ReadonlyMap<string, { readonly data: ArrayLike<number> }>;
}

const outcome = async (differs: Differs, which: Passes): Promise<Outcome> => {
  const experiment = tiny(differs);
  const { batch, crop } = experiment.train;
  const graphs = {
    train: trainingStep(experiment, which),
    evaluate: evaluationStep(experiment, 50, 44, which),
  };
  const session = await openSession(savedModel(graphs), "cpu");
  session.write(stateFor(stateOf(Object.values(graphs))));
  const classes = experiment.data.classes.length;
  const given = {
    images: images(batch, ...crop),
    labels: labels(batch, ...crop, classes),
    rate: 0.01,
  };
  const asked = { image: images(1, 50, 44), label: labels(1, 50, 44, classes) };
  const confusion = session.run("evaluate", asked).confusion!.data;
  const loss = session.run("train", given).loss!.data[0]!;
  const state = session.read();
  session.dispose();
  return { loss, confusion, state };
};

const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));

/** Largest difference of a variable, relative to its norm. */
const difference = (a: Outcome, b: Outcome): number =>
  Math.max(
    ...[...a.state].map(([name, { data }]) => {
      const other = b.state.get(name)!.data;
      const apart = norm(Array.from(data, (value, i) => value - other[i]!));
      // A shift before a batch norm has a gradient of zero, and rounding alone in it.
      return apart / Math.max(norm(data), 1e-4);
    }),
  );

describe("a step after its rewrites is the step that was written", { timeout: 180_000 }, () => {
  it.each(Object.entries(networks))("with %s", async (_, differs) => {
    const written = await outcome(differs, asWritten);
    for (const which of Object.values(passes)) {
      const rewritten = await outcome(differs, which);
      expect(Math.abs(rewritten.loss - written.loss)).toBeLessThan(1e-5 * written.loss);
      // f32 rounds at 6e-8; sums of some thousand terms in another order differ by a few hundred of that.
      expect(difference(written, rewritten)).toBeLessThan(1e-4);
      expect(Array.from(rewritten.confusion)).toEqual(Array.from(written.confusion));
    }
  });
});

describe("what a rewrite leaves", () => {
  // Bins of which factoring is worth its while at six channels.
  const experiment = tiny({ pyramid: { bins: [1, 2] }, train: { crop: [41, 41] } });
  const [written, rewritten] = [
    trainingStep(experiment, asWritten),
    trainingStep(experiment, standard),
  ];

  it("upsamples no branch of the pyramid and joins none to the features", () => {
    expect(count(written, "resize")).toBe(experiment.model.pyramid?.bins.length);
    expect(count(rewritten, "resize")).toBe(0);
    expect(count(rewritten, "resizeGradient")).toBe(0);
  });

  it("pools a map whose bins divide it in two steps, and spreads what is small axis by axis", () => {
    const exported = evaluationStep(experiment, 41, 41, exportingByLayers);
    const contents = exported.values.flatMap((value) =>
      value.op === "constant" ? [value.attributes.content] : [],
    );
    expect(contents).toContainEqual({ kind: "pooling", bins: [1, 2], height: 2, width: 2 });
    expect(contents.filter(({ kind }) => kind === "taps")).toEqual([]);
    expect(contents.filter(({ kind }) => kind === "axis taps")).toHaveLength(3);
    expect([count(exported, "depthwise"), count(exported, "resize")]).toEqual([1, 1]);
  });

  it("pads no piece of a kernel's gradient", () => {
    const factored = trainingStep(experiment, passes["factor-pyramid"]);
    expect(count(factored, "pad")).toBeGreaterThan(0);
    expect(count(rewritten, "pad")).toBe(0);
  });

  it("normalises nothing after a convolution in inference", () => {
    const [plain, folded] = [
      evaluationStep(experiment, 50, 44, asWritten),
      evaluationStep(experiment, 50, 44, standard),
    ];
    expect(count(plain, "batchNormInference")).toBeGreaterThan(10);
    expect(count(folded, "batchNormInference")).toBe(0);
  });

  it("scales no picture before its first convolution where the weights are known", () => {
    const divisions = (which: Passes): number =>
      evaluationStep(experiment, 50, 44, which).values.filter(
        ({ op, types: [type], attributes }) =>
          op === "binary" &&
          attributes.kind === "divide" &&
          type.shape.length === 4 &&
          type.shape[3] === 3,
      ).length;
    expect(divisions(asWritten)).toBe(1);
    expect(divisions({ ...asWritten, inference: [foldScale] })).toBe(0);
  });

  it("makes no probabilities where classes alone are asked for, and nothing is averaged", () => {
    const { average, scales, mirror } = experiment.evaluate;
    expect({ average, scales, mirror }).toEqual({
      average: "probabilities",
      scales: [1],
      mirror: false,
    });
    const one = (which: Passes): Graph =>
      evaluationStep(
        { ...experiment, evaluate: { ...experiment.evaluate, mode: "whole" } },
        50,
        44,
        which,
      );
    expect(count(one(asWritten), "softmax")).toBe(1);
    expect(count(one(standard), "softmax")).toBe(0);
  });

  it("stretches nothing before an elementwise operation", () => {
    const stretched = (graph: Graph): number =>
      graph.values.filter(
        (value) =>
          value.op === "binary" && value.args.some((id) => graph.values[id]!.op === "broadcast"),
      ).length;
    expect(stretched(written)).toBeGreaterThan(0);
    expect(stretched(rewritten)).toBe(0);
  });
});
