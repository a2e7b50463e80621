/** The graphs of a program: which there are, and that their state is set and told whole. */

import { describe, expect, it } from "vitest";
import { type Graph, valuesOfOp } from "../../src/graph/graph.js";
import { type Abilities, graphsOf, stateOf, withState } from "../../src/plan/graphs.js";
import { lower } from "../../src/tensorflow/target.js";
import { type Differs, tiny } from "../oracle/experiment.js";

const graphs = (differs: Differs, can: Abilities) => graphsOf(lower(tiny(differs)), can);

const writtenIn = ({ updates, values }: Graph): readonly unknown[] =>
  updates.map(({ variable }) => {
    const value = values[variable];
    return value?.op === "variable" ? value.attributes.name : value?.op;
  });

describe("the graphs of a program", () => {
  it("are named after what they do and the size that they do it for", () => {
    const size = { height: 50, width: 44 };
    const all = graphs(
      { train: { batch: 4, accumulate: 2 } },
      { train: true, evaluate: [size], predict: [size], logits: [size] },
    );
    expect(Object.keys(all)).toEqual([
      "init",
      "write",
      "read",
      "train",
      "accumulate",
      "evaluate_50x44",
      "predict_50x44",
      "logits_50x44",
    ]);
    expect(Object.keys(graphs({}, { train: true }))).toEqual(["init", "write", "read", "train"]);
  });

  it("score a training by the averages of its weights, and other networks by the weights", () => {
    const size = { height: 50, width: 44 };
    const roles = (can: Abilities) => {
      const graph = graphs({ train: { ema: 0.9 } }, can).evaluate_50x44;
      return new Set(
        graph && valuesOfOp(graph, "variable").map(({ attributes }) => attributes.role),
      );
    };
    expect(roles({ train: true, evaluate: [size] })).toContain("average");
    expect(roles({ evaluate: [size] })).not.toContain("average");
  });
});

describe("the state of graphs", () => {
  const { train, accumulate } = graphs({ train: { batch: 4, accumulate: 2 } }, { train: true });
  const { init, write, read } = withState({ train: train!, accumulate: accumulate! });
  const state = stateOf([train!, accumulate!]).map(({ name }) => name);

  it("is written and read whole, by name", () => {
    expect(state.length).toBeGreaterThan(100);
    expect(writtenIn(write!)).toEqual(state);
    expect(valuesOfOp(write!, "input").map(({ attributes }) => attributes.name)).toEqual(state);
    expect(Object.keys(read!.results)).toEqual(state);
    expect(read!.updates).toEqual([]);
  });

  it("holds no sums of gradients, which are 0 when a step begins", () => {
    const sums = writtenIn(init!);
    expect(sums).toHaveLength(64);
    expect(sums.filter((name) => !`${name}`.endsWith("/gradient"))).toEqual([]);
    expect(state.filter((name) => name.endsWith("/gradient"))).toEqual([]);
  });
});
