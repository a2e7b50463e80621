/** A batch divided among devices: the numbers of the whole, replicas that stay equal, statistics over all images. */

import { createHash } from "node:crypto";
import { map } from "fp-ts/lib/Record.js";
import { describe, expect, it } from "vitest";
import { gradients } from "../../src/gradient/reverse.js";
import { apply, input, multiply, parameter, part, sum } from "../../src/graph/compose.js";
import { type Graph, number, type Step, valuesOfOp } from "../../src/graph/graph.js";
import type { Node } from "../../src/graph/op.js";
import { followBatch, runningOf } from "../../src/model/layer.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { withState } from "../../src/plan/graphs.js";
import { openReplicas } from "../../src/runtime/engine.js";
import {
  type NumberArray,
  openSession,
  type State,
  type TrainingSession,
} from "../../src/runtime/session.js";
import { replicated } from "../../src/target/replicas.js";
import { emit, ofReplica } from "../../src/tensorflow/emit.js";
import { legalize } from "../../src/tensorflow/legalize.js";
import { devicesHere } from "../../src/tensorflow/replica.js";
import { lower, modelFor, plainCpu, sessionModelFor } from "../../src/tensorflow/target.js";
import { initialState } from "../../src/weights/initial.js";
import { type Differs, tiny } from "../oracle/experiment.js";

/** Smooth pictures: noise flips ReLUs wherever two sums differ in their last bits. */
const smooth = (batch: number, [height, width]: readonly [number, number]): Uint8Array =>
  Uint8Array.from({ length: batch * height * width * 3 }, (_, i) => {
    const [c, x] = [i % 3, Math.floor(i / 3) % width];
    const [y, n] = [Math.floor(i / 3 / width) % height, Math.floor(i / 3 / width / height)];
    return 128 + 90 * Math.sin(x / (5 + n) + c) * Math.cos(y / (7 + c) + n);
  });

/** Regions; image n has n more rows that are ignored, so that no two images count alike. */
const regions = (batch: number, [height, width]: readonly [number, number], classes: number) =>
  Uint8Array.from({ length: batch * height * width }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width) % height];
    const n = Math.floor(i / width / height);
    return y < 2 * n ? 255 : Math.floor((x + 3 * n) / 9 + y / 12) % classes;
  });

const steps = async (session: TrainingSession, { train, data }: Experiment, count: number) => {
  const { batch, accumulate, crop } = train;
  const [images, labels] = [smooth(batch, crop), regions(batch, crop, data.classes.length)];
  const losses: number[] = [];
  for (let step = 0; step < count; step++) {
    let loss = 0;
    for (let part = 0; part < accumulate; part++) {
      const own = (all: Uint8Array): Uint8Array =>
        all.subarray((part * all.length) / accumulate, ((part + 1) * all.length) / accumulate);
      const last = part === accumulate - 1;
      const given = { images: own(images), labels: own(labels), batch: labels, part, rate: 0.05 };
      loss += (await session.run(last ? "train" : "accumulate", given)).loss!.data[0]!;
    }
    losses.push(loss);
  }
  return losses;
};

interface Trained {
  readonly losses: readonly number[];
  /** Of each replica. */
  readonly states: readonly State[];
}

const trainedOn = async (experiment: Experiment, count: number, of = 4): Promise<Trained> => {
  const program = lower(experiment);
  const devices = devicesHere("cpu", count);
  const { model, variables } = modelFor(program, { train: true }, plainCpu, devices);
  const session =
    count === 1 ? await openSession(model, "cpu") : await openReplicas(model, "cpu", devices);
  await session.write(initialState(variables, 1));
  const losses = await steps(session, experiment, of);
  const states: State[] = [await session.read()];
  for (let other = 1; other < count; other++)
    states.push(new Map(Object.entries(await session.run(`read_${other}`, {}))));
  session.dispose();
  return { losses, states };
};

const distance = (some: readonly number[], others: readonly number[]): number =>
  Math.max(...some.map((value, i) => Math.abs(value - others[i]!) / Math.abs(value)));

const bits = (state: State): readonly string[] =>
  [...state].map(([name, { data }]) => `${name} ${digest(data)}`).sort();

const digest = ({ buffer }: NumberArray["data"]): string =>
  createHash("sha256").update(new Uint8Array(buffer)).digest("hex").slice(0, 12);

const expectEqual = ({ states: [first, ...others] }: Trained): void => {
  for (const other of others) expect(bits(other)).toEqual(bits(first!));
};

describe("a batch on several devices", { timeout: 240_000 }, () => {
  it("has the losses of the whole on 2 and on 4, and its replicas are equal to the bit", async () => {
    const experiment = tiny({
      model: { head: { channels: 16, dropout: 0.1 } },
      train: { batch: 4, crop: [41, 41] },
    });
    const { losses } = await trainedOn(experiment, 1);
    for (const count of [2, 4]) {
      const divided = await trainedOn(experiment, count);
      expect(distance(losses, divided.losses)).toBeLessThan(1e-4);
      expectEqual(divided);
    }
  });

  it.each<[string, Differs]>([
    [
      "parts, clipped, an average, each value dropped by itself",
      {
        model: { dropout: "elements", head: { channels: 16, dropout: 0.1 } },
        train: { batch: 4, accumulate: 2, clip: 1, ema: 0.9 },
      },
    ],
    [
      "mining and Dice, which look at all pixels; weighed classes; recomputed blocks",
      {
        loss: { mining: { threshold: 0.7, keep: 50 }, dice: 0.5, class_weights: [1, 2, 1, 0.5, 1] },
        train: { batch: 2, memory: { recompute: "blocks" } },
      },
    ],
    [
      "strips; a stage and norms that are frozen; bottlenecks that average",
      {
        backbone: { block: "bottleneck", first_dilation: "contracted", shortcut: "averaged" },
        loss: { strips: 2, mean_over: "all" },
        train: { batch: 2, freeze: { stages: 1, norm: "backbone" } },
      },
    ],
  ])("has the losses of the whole with %s", async (_, differs) => {
    const experiment = tiny(differs);
    const [whole, divided] = [await trainedOn(experiment, 1, 2), await trainedOn(experiment, 2, 2)];
    expect(distance(whole.losses, divided.losses)).toBeLessThan(1e-4);
    expectEqual(divided);
  });

  it("is asked on each device at one time, with the counts of one device", async () => {
    const program = lower(tiny({ train: { batch: 2 } }));
    const size = { height: 41, width: 49 };
    const can = { train: true, evaluate: [size] };
    const given = [0, 1].map((n) => ({
      image: smooth(2, [41, 49]).subarray(n * 41 * 49 * 3, (n + 1) * 41 * 49 * 3),
      label: regions(2, [41, 49], 5).subarray(n * 41 * 49, (n + 1) * 41 * 49),
    }));
    const counted = async (count: number) => {
      const devices = devicesHere("cpu", count);
      const { model, variables } = sessionModelFor(program, can, plainCpu, devices);
      const session =
        count === 1 ? await openSession(model, "cpu") : await openReplicas(model, "cpu", devices);
      await session.write(initialState(variables, 1));
      // Weights that move are settled again, on each.
      await steps(session, program.experiment, 1);
      const asked = given.map((each, n) =>
        session.run(ofReplica("evaluate_41x49", count === 1 ? 0 : n), each),
      );
      const confusions = (await Promise.all(asked)).map(({ confusion }) => [...confusion!.data]);
      session.dispose();
      return confusions;
    };
    const [one, two] = [await counted(1), await counted(2)];
    expect(one[0]).not.toEqual(one[1]);
    expect(two).toEqual(one);
  });

  it("rounds to bf16 as the whole does", async () => {
    const experiment = tiny({ train: { batch: 2, precision: "bf16" } });
    const [whole, divided] = [await trainedOn(experiment, 1, 1), await trainedOn(experiment, 2, 1)];
    // Half a unit of bf16's last place: a sum in another order rounds to a neighbour.
    expect(distance(whole.losses, divided.losses)).toBeLessThan(2 ** -9);
    expectEqual(divided);
  });
});

/** On two devices; all results leave whole. */
const runs = async (graph: Graph, given: Parameters<TrainingSession["run"]>[1], state: State) => {
  const devices = devicesHere("cpu", 2);
  const session = await openReplicas(
    emit(map(legalize)(withState({ train: graph })), [], devices),
    "cpu",
    devices,
  );
  await session.write(state);
  const results = await session.run("train", given);
  const after = await session.read();
  session.dispose();
  return { results, after };
};

/** A norm and its gradients by plain numbers: Ioffe and Szegedy 2015, algorithm 1 and section 3. */
const normIn64 = (
  x: Float32Array,
  dy: Float32Array,
  [scale, shift]: readonly [readonly number[], readonly number[]],
) => {
  const channels = scale.length;
  const count = x.length / channels;
  const each = (f: (i: number) => number): number[] => [...x.keys()].map(f);
  const sums = (f: (i: number) => number): number[] =>
    scale.map((_, c) => each(f).reduce((all, v, i) => (i % channels === c ? all + v : all), 0));
  const mean = sums((i) => x[i]! / count);
  const variance = sums((i) => (x[i]! - mean[i % channels]!) ** 2 / count);
  const normal = (i: number): number =>
    (x[i]! - mean[i % channels]!) / Math.sqrt(variance[i % channels]! + 1e-5);
  const [dscale, dshift] = [sums((i) => dy[i]! * normal(i)), sums((i) => dy[i]!)];
  const dx = each((i) => {
    const c = i % channels;
    const gain = scale[c]! / Math.sqrt(variance[c]! + 1e-5);
    return gain * (dy[i]! - dshift[c]! / count - (normal(i) * dscale[c]!) / count);
  });
  const y = each((i) => scale[i % channels]! * normal(i) + shift[i % channels]!);
  return { y, mean, variance, dx, dscale, dshift };
};

describe("what is summed across devices", { timeout: 120_000 }, () => {
  const graphOf = (step: Step<Node>): Graph => number(step);

  it("is the same to the bit in buckets and one by one", async () => {
    const { training, experiment } = lower(tiny({ train: { batch: 2 } }));
    const { crop } = experiment.train;
    const given = { images: smooth(2, crop), labels: regions(2, crop, 5), rate: 0.05 };
    const state = initialState(
      valuesOfOp(training, "variable").map(({ attributes }) => attributes),
      1,
    );
    const [alone, together] = [replicated(training, 2, 0), replicated(training, 2)];
    const sums = (graph: Graph): number => valuesOfOp(graph, "across").length;
    expect(sums(together)).toBeLessThan(sums(alone) / 4);
    const [a, b] = [await runs(alone, given, state), await runs(together, given, state)];
    expect(bits(a.after)).toEqual(bits(b.after));
    expect(a.results.loss!.data).toEqual(b.results.loss!.data);
  });

  it("makes a norm that of 64 bits over all images, in both directions", async () => {
    const [n, h, w, c] = [4, 5, 6, 3] as const;
    const draw = (i: number, k: number): number =>
      ((Math.imul(i + 1, 7919 + k) >>> 7) % 2003) / 1001;
    const [x, weights] = [0, 1].map((k) =>
      Float32Array.from(
        { length: n * h * w * c },
        (_, i) => draw(i, 64 * k) + (k === 0 ? i % c : -1),
      ),
    ) as [Float32Array, Float32Array];
    const site = { part: "head", layer: "fuse" } as const;
    const of = (word: "scale" | "shift") =>
      parameter({ ...site, word }, [c], { kind: "constant", value: 1 });
    const [scale, shift] = [of("scale"), of("shift")];
    const images = input("x", "f32", n, h, w, c);
    const y = apply("batchNorm", { epsilon: 1e-5 }, [images, scale, shift]);
    const loss = sum(multiply(y, input("weights", "f32", n, h, w, c)));
    const [dx, dscale, dshift] = gradients(loss, [images, scale, shift]) as [Node, Node, Node];
    const results = { y, mean: part(y, 1), variance: part(y, 2), dx, dscale, dshift };
    const graph = replicated(
      graphOf({ results, updates: followBatch(y, runningOf(scale), 0.9) }),
      2,
    );
    expect(valuesOfOp(graph, "batchNorm")[0]!.attributes.replicas).toBe(2);
    const values = { scale: [1.5, 0.7, 1.1], shift: [0.2, -0.1, 0], mean: [0.5, 1.5, 2.5] };
    const state: State = new Map(
      valuesOfOp(graph, "variable").map(({ attributes: { name, shape, role } }) => [
        name,
        { shape, data: Float32Array.from(values[role as keyof typeof values] ?? [1, 1, 1]) },
      ]),
    );
    const found = await runs(graph, { x, weights }, state);
    const exact = normIn64(x, weights, [values.scale, values.shift]);
    for (const [name, wanted] of Object.entries(exact)) {
      const got = found.results[name]!.data;
      const most = Math.max(...wanted.map(Math.abs));
      const apart = Math.max(...wanted.map((value, i) => Math.abs(value - got[i]!)));
      expect(apart / most, name).toBeLessThan(1e-6);
    }
    // Running statistics follow the mean and the unbiased variance of all images.
    const running = (role: string): readonly number[] => {
      const [name] = [...found.after.keys()].filter((key) => key.endsWith(role));
      return [...found.after.get(name!)!.data];
    };
    const count = n * h * w;
    for (const [i, old] of values.mean.entries()) {
      expect(running("mean")[i]).toBeCloseTo(0.9 * old + 0.1 * exact.mean[i]!, 5);
      const unbiased = (exact.variance[i]! * count) / (count - 1);
      expect(running("variance")[i]).toBeCloseTo(0.9 + 0.1 * unbiased, 5);
    }
  });
});
