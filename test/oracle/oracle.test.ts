/** The numbers are PyTorch's numbers: logits, one training step, twenty. */

import { describe, expect, it } from "vitest";
import { ignoredOf } from "../../src/language/labels.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { stateOf } from "../../src/plan/graphs.js";
import { rate } from "../../src/plan/schedule.js";
import { trainingStep } from "../../src/plan/step.js";
import { openSession } from "../../src/runtime/session.js";
import { savedModel } from "../../src/tensorflow/target.js";
import { course, forwards, trainings } from "./cases.js";
import { train } from "./course.js";
import { logitsApart } from "./logits.js";
import { askable, compare, numbersOf, source } from "./oracle.js";
import { report } from "./report.js";
import { images, labels, stateFor } from "./scene.js";

describe(`logits, against ${source}`, () => {
  it.each(askable(forwards))(
    "of $name",
    async (forward) => {
      const { relative, largest } = await logitsApart(forward);
      report("logits", forward.title, largest, relative);
      expect(largest).toBeLessThan(1e-4);
    },
    300_000,
  );
});

const labelsFor = ({ data, train: { batch, crop } }: Experiment): Uint8Array =>
  labels(batch, ...crop, data.classes.length);

/** ‖got − wanted‖ / ‖wanted‖ of many tensors as one vector. */
const wholeDistance = (
  pairs: readonly (readonly [ArrayLike<number>, readonly number[]])[],
): number => {
  const squares = (of: (got: ArrayLike<number>, wanted: number, i: number) => number): number =>
    pairs.reduce(
      (sum, [got, wanted]) => sum + wanted.reduce((n, w, i) => n + of(got, w, i) ** 2, 0),
      0,
    );
  return Math.sqrt(squares((got, w, i) => got[i]! - w) / squares((_, w) => w));
};

describe(`one training step, against ${source}`, () => {
  it.each(askable(trainings))(
    "of $name",
    async (training) => {
      const { losses, state, answer, exact } = await train(
        training,
        [0.02],
        labelsFor(training.experiment),
      );
      const loss = compare(losses[0]!, answer.loss0!);
      expect(loss.relative).toBeLessThan(1e-5);

      const tensors = Object.keys(answer).filter((key) => key !== "loss0");
      const variables = [...state.keys()].filter((key) => key !== "step");
      expect(tensors.toSorted()).toEqual(variables.toSorted());
      const found = tensors.map((key) => ({ key, ...compare(state.get(key)!, answer[key]!) }));
      const worst = (ends: RegExp): number =>
        Math.max(...found.filter(({ key }) => ends.test(key)).map((each) => each.relative));
      const kinds = [/momentum$/, /(mean|variance)$/, /(kernel|bias|scale|shift)$/];
      report("step", training.title, loss.relative, ...kinds.map(worst));
      const off = found.filter(({ relative }) => !(relative <= 1e-3));
      if (training.slow === undefined) return expect(off).toEqual([]);
      // PyTorch's own distance from its 64-bit self is the measure: of the worst tensor, and of all as one vector.
      const truth = await exact();
      const apart = (values: (key: string) => ArrayLike<number>): readonly [number, number] => [
        Math.max(...off.map(({ key }) => compare(values(key), truth[key]!).relative)),
        wholeDistance(
          tensors
            .filter((key) => key.endsWith("/momentum"))
            .map((key) => [values(key), numbersOf(truth[key]!)]),
        ),
      ];
      const ours = apart((key) => state.get(key)!);
      const theirs = apart((key) => numbersOf(answer[key]!));
      report("fifty", "pspc", ...ours);
      report("fifty", "PyTorch", ...theirs);
      expect(ours[0]).toBeLessThan(Math.max(1e-3, 2 * theirs[0]));
      expect(ours[1]).toBeLessThan(2 * theirs[1]);
    },
    300_000,
  );
});

describe(`twenty training steps, against ${source}`, () => {
  it.each(askable([course]))(
    "lose the same within 1 %",
    async (training) => {
      const { schedule, iterations } = training.experiment.train;
      const rates = Array.from({ length: iterations }, (_, i) => rate(schedule, iterations, i));
      const { losses, answer } = await train(training, rates, labelsFor(training.experiment));
      const off = losses.map((terms, step) => compare(terms, answer[`loss${step}`]!).relative);
      report("course", "first", off[0]!);
      report("course", "worst of twenty", Math.max(...off));
      expect(Math.max(...off)).toBeLessThan(1e-2);
      expect(losses.at(-1)![0]!).toBeLessThan(0.8 * losses[0]![0]!);
    },
    120_000,
  );
});

describe("a crop in which every pixel is ignored", () => {
  it("loses nothing and moves no weight, where PyTorch has 0/0", async () => {
    const { experiment } = trainings[0]!;
    const graph = trainingStep(experiment);
    const state = stateFor(stateOf([graph]));
    const { batch, crop } = experiment.train;
    const session = await openSession(savedModel({ train: graph }), "cpu");
    session.write(state);
    const all = new Uint8Array(batch * crop[0] * crop[1]).fill(ignoredOf(2));
    const { loss } = session.run("train", { images: images(batch, ...crop), labels: all, rate: 0 });
    const after = session.read();
    session.dispose();
    expect(loss!.data[0]!).toBe(0);
    for (const [key, { data }] of after) {
      const name = key.replace("/momentum", "");
      if (name === key) continue;
      // Decay alone: 1e-4 of each weight.
      const decay = Float32Array.from(state.get(name)!.data, (w) => w * 1e-4);
      expect(compare(data, decay).largest, key).toBeLessThan(1e-5);
    }
  });
});
