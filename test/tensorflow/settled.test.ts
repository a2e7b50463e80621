/** Networks that are asked more than once: what weights alone decide is computed once, by the weights as they stand, and answers stay the same. */

import { describe, expect, it } from "vitest";
import { valuesOfOp } from "../../src/graph/graph.js";
import { type Abilities, graphsOf } from "../../src/plan/graphs.js";
import { nameOf } from "../../src/rewrite/forms.js";
import { settled } from "../../src/rewrite/freeze.js";
import { openSession } from "../../src/runtime/session.js";
import { layersIn } from "../../src/target/kernels.js";
import {
  type Compiled,
  type Kernels,
  lower,
  modelFor,
  plainCpu,
  sessionModelFor,
  withKernels,
} from "../../src/tensorflow/target.js";
import { tiny } from "../oracle/experiment.js";
import { images, labels, stateFor } from "../oracle/scene.js";

const program = lower(tiny());
const [size, other] = [
  { height: 41, width: 33 },
  { height: 33, width: 49 },
];
const asking: Abilities = { evaluate: [size], predict: [size], logits: [size, other] };

/** Every layer in a form that transforms its weights, where it has one. */
const tiled = ((): Kernels => {
  const layers = Object.values(graphsOf(program, { ...asking, train: true })).flatMap(layersIn);
  const known = layers.flatMap((layer) =>
    [false, true].map((isSettled) => [nameOf(layer, isSettled), "winograd-2"] as const),
  );
  return { ...plainCpu, known: Object.fromEntries(known) };
})();

const open = async ({ model, variables }: Compiled) => {
  const session = await openSession(model, "cpu");
  session.write(stateFor(variables));
  return session;
};

const image = images(1, size.height, size.width);
const label = labels(1, size.height, size.width, 5);
type Opened = Awaited<ReturnType<typeof open>>;
const logitsFrom = ({ run }: Opened) => run("logits_41x33", { image }).logits!.data;
const ask = (session: Opened) => [
  session.run("evaluate_41x33", { image, label }).confusion!.data,
  session.run("predict_41x33", { images: image }).classes!.data,
  logitsFrom(session),
  session.run("logits_33x49", { image: images(1, 33, 49) }).logits!.data,
];

describe("a session that settles", { timeout: 60_000 }, () => {
  it("answers bit for bit as one that computes everything in every call", async () => {
    const session = await open(sessionModelFor(program, asking, tiled));
    const plain = await open(modelFor(program, asking, tiled));
    expect(ask(session)).toEqual(ask(plain));
    expect(ask(session)).toEqual(ask(plain));
    session.dispose();
    plain.dispose();
  });

  it("answers by the weights that were written or trained last", async () => {
    const abilities = { train: true, logits: [size] };
    const compiled = sessionModelFor(program, abilities, tiled);
    const session = await open(compiled);
    const before = logitsFrom(session);
    const batch = { images: images(3, 33, 33), labels: labels(3, 33, 33, 5), rate: 0.01 };
    session.run("train", batch);
    const after = logitsFrom(session);
    expect(after).not.toEqual(before);
    const [trained, fresh] = [
      session.read(),
      await open(sessionModelFor(program, { logits: [size] }, tiled)),
    ];
    fresh.write(new Map([...trained].filter(([name]) => !/momentum|^step/.test(name))));
    expect(logitsFrom(fresh)).toEqual(after);
    session.write(stateFor(compiled.variables));
    expect(logitsFrom(session)).toEqual(before);
    session.dispose();
    fresh.dispose();
  });
});

describe("what is settled", () => {
  const { init, write, read, ...asked } = graphsOf(program, asking);
  const questions = Object.fromEntries(
    Object.entries(asked).map(([name, graph]) => [
      name,
      withKernels(graph, { ...plainCpu, known: {}, settled: true }),
    ]),
  );
  const { settle, questions: left } = settled(questions);

  it("is there once for all questions of all sizes", () => {
    const one = settled({ logits: questions.logits_41x33! });
    expect(settle.updates).toHaveLength(one.settle.updates.length);
    expect(settle.updates.length).toBeGreaterThan(30);
  });

  it("leaves in a question nothing that weights alone decide", () => {
    for (const graph of Object.values(left)) {
      // No square root of a variance, no product of a kernel and a scale.
      expect(valuesOfOp(graph, "unary")).toEqual([]);
      const kinds = valuesOfOp(graph, "variable").map(({ attributes }) => attributes.role);
      expect(new Set(kinds)).toEqual(new Set(["settled", "kernel", "bias"]));
    }
  });
});
