/** How a training moves its weights, option by option, against the formulas written out in plain numbers. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { input, parameter } from "../../src/graph/compose.js";
import { number } from "../../src/graph/graph.js";
import type { Variable } from "../../src/graph/op.js";
import type { LayerSite, Word } from "../../src/graph/variable.js";
import type { Train } from "../../src/normalize/experiment.js";
import { moves } from "../../src/plan/step.js";
import { tiny } from "../oracle/experiment.js";
import { evaluate } from "../oracle/reference.js";

const at = (site: LayerSite, word: Word): Variable =>
  parameter({ ...site, word }, [2], { kind: "constant", value: 0 });
const block = { part: "backbone", stage: 2, block: 1, layer: 1 } as const;
const classifier = { part: "head", layer: "classifier" } as const;
const weights = [
  at(block, "kernel"),
  at(block, "scale"),
  at(block, "shift"),
  at({ part: "pyramid", bin: 3 }, "kernel"),
  at(classifier, "kernel"),
  at(classifier, "bias"),
  at({ part: "auxiliary", layer: "classifier" }, "bias"),
];

type Pair = readonly [number, number];
type State = ReadonlyMap<string, Pair>;
type Options = Partial<Pick<Train, "accumulate" | "clip" | "optimizer" | "multipliers" | "ema">>;

const RATE = 0.05;
const STEP = 6;

/** By the graph: the state and the gradients of the last part enter, the state after the step leaves. */
const byGraph = (train: Train, state: State, gradients: State): Record<string, number[]> => {
  const given = weights.map((variable) => ({
    variable,
    value: input(`d ${variable.attributes.name}`, "f32", 2),
  }));
  const updates = moves(train, given, input("rate", "f32"));
  const graph = number({ results: {}, updates });
  const leaves = new Map<string, readonly number[]>([
    ...state,
    ...[...gradients].map(([name, values]) => [`d ${name}`, values] as const),
    ["rate", [RATE]],
    ["step", [STEP]],
  ]);
  const { values } = evaluate(
    graph,
    graph.updates.map(({ value }) => value),
    leaves,
  );
  return Object.fromEntries(
    graph.updates.map(({ variable, value }) => {
      const of = graph.values[variable]!;
      const name = of.op === "variable" ? of.attributes.name : "";
      return [name, [...values[value]![0]!]];
    }),
  );
};

/** By hand: the paper's SGD (semseg `tool/train.py`), AdamW, and PyTorch's `clip_grad_norm_` and averaged weights. */
const byHand = (train: Train, state: State, gradients: State): Record<string, number[]> => {
  const after: Record<string, number[]> = {};
  const summed = new Map(
    [...gradients].map(([name, own]) => {
      const before = state.get(`${name}/gradient`) ?? [0, 0];
      const whole = train.accumulate === 1 ? own : own.map((d, i) => d + before[i]!);
      return [name, whole as readonly number[]];
    }),
  );
  let squares = 0;
  for (const gradient of summed.values()) for (const d of gradient) squares += d * d;
  const length = Math.sqrt(squares);
  const isLong = train.clip !== null && length > train.clip;
  for (const { attributes } of weights) {
    const { name, role } = attributes;
    const part = name.split(".")[0] as "backbone" | "pyramid" | "head" | "auxiliary";
    const decays = train.optimizer.decay === "all" || role === "kernel";
    const own = role === "bias" ? train.multipliers.bias : train.multipliers[part as "head"];
    const rate = RATE * (part === "backbone" ? 1 : own);
    for (const i of [0, 1] as const) {
      const weight = state.get(name)![i];
      let gradient = summed.get(name)![i]!;
      if (isLong) gradient *= train.clip! / (length + 1e-6);
      const decay = decays ? train.optimizer.weight_decay : 0;
      const kept = (word: string): number => state.get(`${name}/${word}`)![i];
      let moved: number;
      if ("betas" in train.optimizer) {
        const { betas, epsilon } = train.optimizer;
        const mean = betas[0] * kept("momentum") + (1 - betas[0]) * gradient;
        const square = betas[1] * kept("square") + (1 - betas[1]) * gradient ** 2;
        const [lacks, lacksRoot] = [
          1 - betas[0] ** (STEP + 1),
          Math.sqrt(1 - betas[1] ** (STEP + 1)),
        ];
        const move = mean / lacks / (Math.sqrt(square) / lacksRoot + epsilon);
        moved = weight * (1 - rate * decay) - rate * move;
        after[`${name}/momentum`] = [...(after[`${name}/momentum`] ?? []), mean];
        after[`${name}/square`] = [...(after[`${name}/square`] ?? []), square];
      } else {
        gradient += decay * weight;
        const velocity = train.optimizer.momentum * kept("momentum") + gradient;
        moved = weight - rate * velocity;
        after[`${name}/momentum`] = [...(after[`${name}/momentum`] ?? []), velocity];
      }
      after[name] = [...(after[name] ?? []), moved];
      if (train.ema !== null) {
        const average = train.ema * state.get(`${name}/average`)![i] + (1 - train.ema) * moved;
        after[`${name}/average`] = [...(after[`${name}/average`] ?? []), average];
      }
      if (train.accumulate > 1) after[`${name}/gradient`] = [0, 0];
    }
  }
  return after;
};

const plain = tiny().train;
const usual = { momentum: 0.9, weight_decay: 0.1, decay: "all" } as const;
const adamw = { betas: [0.9, 0.999], epsilon: 0.01, weight_decay: 0.1, decay: "all" } as const;
const cases: readonly (readonly [string, Options])[] = [
  ["momentum, and decay of everything", { optimizer: usual }],
  ["no momentum", { optimizer: { ...usual, momentum: 0 } }],
  ["no decay", { optimizer: { ...usual, weight_decay: 0 } }],
  ["decay of kernels alone", { optimizer: { ...usual, decay: "kernels" } }],
  ["a clip that every gradient exceeds", { clip: 0.01 }],
  ["a clip that none exceeds", { clip: 1e4 }],
  ["a clip that some exceed", { clip: 5 }],
  ["a moving average", { ema: 0.75 }],
  ["a batch in parts", { accumulate: 3 }],
  [
    "a rate for each part, and one for biases",
    { multipliers: { new: 10, pyramid: 3, head: 5, auxiliary: 7, bias: 20 } },
  ],
  ["AdamW", { optimizer: adamw }],
  ["AdamW that keeps nothing of the mean", { optimizer: { ...adamw, betas: [0, 0.5] } }],
  [
    "AdamW with all else",
    {
      accumulate: 2,
      clip: 2,
      ema: 0.9,
      optimizer: { ...adamw, decay: "kernels", epsilon: 0.1 },
      multipliers: { new: 10, pyramid: 3, head: 5, auxiliary: 7, bias: 20 },
    },
  ],
  [
    "all of them",
    {
      accumulate: 2,
      clip: 2,
      ema: 0.9,
      optimizer: { momentum: 0.8, weight_decay: 0.2, decay: "kernels" },
      multipliers: { new: 10, pyramid: 3, head: 5, auxiliary: 7, bias: 20 },
    },
  ],
];

describe("the weights move", () => {
  const names = weights.map(({ attributes }) => attributes.name);
  const value = fc.integer({ min: -3000, max: 3000 }).map((n) => n / 1000);
  const pair = fc.tuple(value, value);
  const each = (all: readonly string[]) =>
    fc
      .tuple(...all.map(() => pair))
      .map((pairs): State => new Map(all.map((name, i) => [name, own(name, pairs[i]!)])));
  // A mean of squares is not below 0.
  const own = (name: string, [a, b]: Pair): Pair =>
    name.endsWith("/square") ? [Math.abs(a), Math.abs(b)] : [a, b];
  const beside = names.flatMap((name) => [
    name,
    `${name}/momentum`,
    `${name}/square`,
    `${name}/average`,
    `${name}/gradient`,
  ]);

  it.each(cases)("with %s", (_, options) => {
    const train = { ...plain, ...options };
    fc.assert(
      fc.property(each(beside), each(names), (state, gradients) => {
        const [graph, hand] = [byGraph(train, state, gradients), byHand(train, state, gradients)];
        expect(Object.keys(graph).sort()).toEqual(Object.keys(hand).sort());
        // Constants of the graph are rounded to 32 bits.
        for (const [name, values] of Object.entries(hand))
          expect(graph[name], name).toEqual(values.map((x) => expect.closeTo(x, 5)));
      }),
      { numRuns: 20 },
    );
  });

  it("as they would without a clip where the gradient is shorter: to the bit", () => {
    fc.assert(
      fc.property(each(beside), each(names), (state, gradients) => {
        const free = byGraph({ ...plain, clip: null }, state, gradients);
        expect(byGraph({ ...plain, clip: 12 }, state, gradients)).toEqual(free);
      }),
      { numRuns: 20 },
    );
  });
});
