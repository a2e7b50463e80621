/** The same training here and in PyTorch: a case, rates and labels enter; what either made of the same weights leaves. */

import { uniform } from "../../src/graph/compose.js";
import { number } from "../../src/graph/graph.js";
import { stageSizes } from "../../src/language/geometry.js";
import { stepCounter } from "../../src/model/layer.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { stateOf } from "../../src/plan/graphs.js";
import { accumulationStep, trainingStep } from "../../src/plan/step.js";
import { openSession } from "../../src/runtime/session.js";
import { plainCpu, savedModel, withKernels } from "../../src/tensorflow/target.js";
import type { Tensor } from "../../src/weights/tensor.js";
import type { Training } from "./cases.js";
import { type Answer, ask, type Request } from "./oracle.js";
import { images, stateFor } from "./scene.js";

export interface Course {
  /** Of each step: the loss, and that of each head. */
  readonly losses: readonly (readonly number[])[];
  /** Weights, statistics, momentum and averages at the end. */
  readonly state: ReadonlyMap<string, ArrayLike<number>>;
  readonly answer: Answer;
  /** The same in PyTorch's 64-bit floats, where PyTorch is at hand. */
  readonly exact: () => Promise<Answer>;
}

/** Trains on one batch, from the same weights, with the same masks of dropout. */
export const train = async (
  { name, experiment }: Training,
  rates: readonly number[],
  labels: Uint8Array,
): Promise<Course> => {
  const { batch, crop, accumulate } = experiment.train;
  const graphs = {
    train: withKernels(trainingStep(experiment), plainCpu),
    ...(accumulate > 1 && { accumulate: withKernels(accumulationStep(experiment), plainCpu) }),
  };
  const drawn = stateFor(stateOf(Object.values(graphs)));
  // An average begins where its weight does.
  const state = new Map(
    [...drawn].map(([key, value]) => [key, drawn.get(key.replace(/\/average$/, "")) ?? value]),
  );
  const bytes = images(batch, ...crop);
  const session = await openSession(savedModel(graphs), "cpu");
  session.write(state);
  const share = (of: Uint8Array, part: number): Uint8Array =>
    of.slice((part * of.length) / accumulate, ((part + 1) * of.length) / accumulate);
  const losses = rates.map((rate) => {
    const parts = Array.from({ length: accumulate }, (_, part) =>
      session.run(part === accumulate - 1 ? "train" : "accumulate", {
        images: share(bytes, part),
        labels: share(labels, part),
        batch: labels,
        part,
        rate,
      }),
    );
    const names = ["loss", "main", "auxiliary"].filter((key) => key in parts[0]!);
    return names.map((key) => parts.reduce((sum, results) => sum + results[key]!.data[0]!, 0));
  });
  const after = new Map([...session.read()].map(([key, { data }]) => [key, data] as const));
  session.dispose();
  const tensors = new Map<string, Tensor>([
    ...[...state].filter(([key]) => key !== "step" && !key.includes("/")),
    ["images", { shape: [batch, ...crop, 3], data: bytes }],
    ["labels", { shape: [batch, ...crop], data: labels }],
    ...(await masks(experiment, rates.length)),
  ]);
  const request: Request = { task: "train", experiment, rates, tensors };
  return {
    losses,
    state: after,
    answer: await ask(name, request),
    exact: () => ask(`${name}-64`, { ...request, bits: 64 }),
  };
};

/** What each step's dropout multiplies a head's map by, `head.mask0` …: `[N, 1, 1, C]`, or `[N, H, W, C]`. */
const masks = async (
  { model: { head, auxiliary, dropout: kind, backbone }, train: { batch, seed, crop } }: Experiment,
  steps: number,
): Promise<readonly (readonly [string, Tensor])[]> => {
  const dropped = [
    { name: "head", stream: 1, stage: 4, ...head },
    ...(auxiliary === null
      ? []
      : [{ name: "auxiliary", stream: 2, stage: auxiliary.after, ...auxiliary }]),
  ].filter(({ dropout }) => dropout > 0);
  if (dropped.length === 0) return [];
  const shapeOf = ({ stage, channels }: { stage: number; channels: number }): readonly number[] => {
    const side = (n: number): number => stageSizes(n, backbone)[stage - 1]!;
    return kind === "channels" ? [batch, 1, 1, channels] : [batch, ...crop.map(side), channels];
  };
  const draws = dropped.map((each) => [
    each.name,
    uniform(stepCounter(), shapeOf(each), seed, each.stream),
  ]);
  const graph = number({ results: Object.fromEntries(draws), updates: [] });
  const session = await openSession(savedModel({ draws: graph }), "cpu");
  const found = Array.from({ length: steps }, (_, step) => {
    session.write(new Map([["step", { shape: [], data: Int32Array.of(step) }]]));
    const drawn = session.run("draws", {});
    return dropped.map((each): readonly [string, Tensor] => {
      const { name, dropout } = each;
      const data = Float32Array.from(drawn[name]!.data, (u) =>
        u >= dropout ? 1 / (1 - dropout) : 0,
      );
      return [`${name}.mask${step}`, { shape: shapeOf(each), data }];
    });
  });
  session.dispose();
  return found.flat();
};
