/** What TensorFlow makes of a step: order of updates, the same bits again, bytes of any size, no leak. */

import { afterEach, describe, expect, it } from "vitest";
import { momentumStep } from "../../src/gradient/descend.js";
import {
  add,
  cast,
  input,
  multiply,
  scalar,
  subtract,
  sum,
  variable,
} from "../../src/graph/compose.js";
import { number } from "../../src/graph/graph.js";
import type { Variable } from "../../src/graph/op.js";
import { stateOf } from "../../src/plan/graphs.js";
import { evaluationStep, predictionStep } from "../../src/plan/inference.js";
import { trainingStep } from "../../src/plan/step.js";
import { asWritten } from "../../src/rewrite/passes.js";
import {
  type NumberArray,
  openSession,
  type Session,
  type State,
} from "../../src/runtime/session.js";
import { savedModel } from "../../src/tensorflow/target.js";
import { tiny } from "../oracle/experiment.js";
import { evaluate } from "../oracle/reference.js";
import { images, labels, stateFor } from "../oracle/scene.js";

let session: Session;
const open = async (graphs: Parameters<typeof savedModel>[0]): Promise<Session> => {
  session = await openSession(savedModel(graphs), "cpu");
  return session;
};
afterEach(() => session.dispose());

const weight = (name: string): Variable =>
  variable({
    name,
    dtype: "f32",
    shape: [2],
    role: "bias",
    site: null,
    initial: { kind: "constant", value: 0 },
  });
const of = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });

describe("updates", () => {
  const [a, b, c] = [weight("a"), weight("b"), weight("c")];

  it("all see the state from before the step: two variables change places", async () => {
    const swap = number({
      results: { total: sum(add(a, multiply(b, scalar(10)))) },
      updates: [
        { variable: a, value: b },
        { variable: b, value: a },
      ],
    });
    const { write, run, read } = await open({ swap });
    for (let i = 0; i < 20; i++) {
      write(new Map(Object.entries({ a: of(1, 2), b: of(3, 4) })));
      expect(run("swap", {}).total!.data[0]).toBe(73);
      expect([...read()].map(([name, { data }]) => [name, ...data]).sort()).toEqual([
        ["a", 3, 4],
        ["b", 1, 2],
      ]);
    }
  });

  it("move by momentum as PyTorch's SGD does: decay into the gradient, rate on the buffer", async () => {
    const rate = input("rate", "f32");
    const moved = momentumStep(
      { weight: a, velocity: b, gradient: subtract(a, c), rate },
      { momentum: 0.5, decay: 0.25, scale: 10 },
    );
    const step = number({
      results: { before: a },
      updates: [
        { variable: b, value: moved.velocity },
        { variable: a, value: moved.weight },
      ],
    });
    const { write, run, read } = await open({ step });
    write(new Map(Object.entries({ a: of(1, 2), b: of(4, 0), c: of(0, 1) })));
    // v = ½v + (a − c) + ¼a;  a −= 10·rate·v
    expect([...run("step", { rate: 0.125 }).before!.data]).toEqual([1, 2]);
    const after = read();
    expect([...after.get("b")!.data]).toEqual([3.25, 1.5]);
    expect([...after.get("a")!.data]).toEqual([1 - 1.25 * 3.25, 2 - 1.25 * 1.5]);
    expect([...after.get("c")!.data]).toEqual([0, 1]);
  });
});

describe("a training step", () => {
  const experiment = tiny({
    train: { crop: [34, 31] },
    model: { head: { channels: 8, dropout: 0.5 } },
  });
  const { batch, crop } = experiment.train;
  const batchOf = (rate: number) => ({
    images: images(batch, ...crop),
    labels: labels(batch, ...crop, 5),
    rate,
  });

  it("from the same state gives the same bits, draws by the step, and leaks nothing", async () => {
    const graph = trainingStep(experiment);
    const { write, run, read, each, tensors } = await open({ train: graph });
    const state = stateFor(stateOf([graph]));
    const three = (from: State): (Float32Array | Int32Array | Uint8Array)[] => {
      write(from);
      const losses = [0, 1, 2].map(() => run("train", batchOf(0.01)).loss!.data);
      return [...losses, ...[...read().values()].map(({ data }) => data)];
    };
    const first = three(state);
    const held = tensors();
    expect(three(state)).toEqual(first);
    expect(tensors()).toBe(held);
    expect([...read().get("step")!.data]).toEqual([3]);

    // One after the other, as whoever saves asks for them.
    const names = [...state.keys()].reverse();
    const found: (readonly [string, NumberArray])[] = [];
    await each(names, async (name, value) => {
      found.push([name, value]);
    });
    expect(found.map(([name]) => name)).toEqual(names);
    expect(new Map(found)).toEqual(read());
    const full = async () => {
      throw new Error("the disk is full");
    };
    await expect(each(names, full)).rejects.toThrow("full");
    expect(tensors()).toBe(held);

    // The mask is a function of the step alone: at step 5 another, at step 0 the same.
    const lossAt = (step: number): number => {
      write(new Map([...state, ["step", { shape: [], data: Int32Array.of(step) }]]));
      return run("train", batchOf(0)).loss!.data[0]!;
    };
    const losses = [0, 5, 0, 6].map(lossAt);
    expect(losses[0]).toBe(losses[2]);
    expect(new Set(losses).size).toBe(3);
  }, 60_000);

  it("drops another mask by another seed", async () => {
    const seeded = (seed: number) =>
      trainingStep({ ...experiment, train: { ...experiment.train, seed } });
    const { write, run } = await open({ one: seeded(1), two: seeded(2) });
    write(stateFor(stateOf([seeded(1)])));
    const one = run("one", batchOf(0)).loss!.data[0];
    write(stateFor(stateOf([seeded(1)])));
    expect(run("two", batchOf(0)).loss!.data[0]).not.toBe(one);
  }, 60_000);
});

describe("bytes", () => {
  it.each([1, 2, 3, 4, 5, 63])(
    "enter as they are, %i of them, from any place in memory",
    async (n) => {
      const bytes = input("bytes", "u8", n);
      const { run } = await open({
        copy: number({ results: { bytes, words: cast(bytes, "i32") }, updates: [] }),
      });
      const memory = Uint8Array.from({ length: n + 3 }, (_, i) => 255 - 7 * i);
      for (const offset of [0, 1, 3]) {
        const view = memory.subarray(offset, offset + n);
        const result = run("copy", { bytes: view });
        expect([...result.words!.data]).toEqual([...view]);
        expect([...result.bytes!.data]).toEqual([...view]);
      }
    },
  );
});

describe("evaluation and prediction", () => {
  it("of an odd-sized image, mirrored, scaled and in windows, are the reference's", async () => {
    const [height, width] = [28, 21];
    const experiment = tiny({
      evaluate: { mode: "slide", window: [17, 17], mirror: true, scales: [0.75, 1, 1.5] },
    });
    const given = { image: images(1, height, width), label: labels(1, height, width, 5) };
    const graphs = {
      evaluate: evaluationStep(experiment, height, width),
      predict: predictionStep(experiment, height, width),
    };
    const { write, run } = await open(graphs);
    const state = stateFor(stateOf(Object.values(graphs)));
    write(state);
    const confusion = run("evaluate", given).confusion!;
    const classes = run("predict", { images: given.image }).classes!;

    const written = predictionStep(experiment, height, width, asWritten);
    const root = written.results.classes!;
    const leaves = new Map([
      ...[...state].map(([name, { data }]) => [name, data] as const),
      ["images", given.image] as const,
    ]);
    const wanted = evaluate(written, [root], leaves).values[root]![0]!;
    // 32 bits may see two nearly equal classes the other way round.
    const differ = wanted.filter((value, i) => value !== classes.data[i]).length;
    expect(differ).toBeLessThanOrEqual(2);
    expect(classes.shape).toEqual([1, height, width]);

    const counts = new Array(25).fill(0);
    classes.data.forEach((found, i) => {
      const truth = given.label[i]!;
      if (truth !== 255) counts[truth * 5 + found]++;
    });
    expect([...confusion.data]).toEqual(counts);
  }, 60_000);
});
