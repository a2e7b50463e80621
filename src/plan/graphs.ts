/** The graphs of a program, by name, over one set of variables: what every target lowers, whatever its form. */

import { broadcast, input, scalar, variable } from "../graph/compose.js";
import { type Graph, valuesOfOp } from "../graph/graph.js";
import { graphOf } from "../graph/infer.js";
import type { Node, Ops } from "../graph/op.js";
import { isSaved } from "../graph/variable.js";
import type { Size } from "../language/geometry.js";
import { standard } from "../rewrite/passes.js";
import {
  type Asked,
  averagePasses,
  evaluationStep,
  logitsStep,
  predictionStep,
} from "./inference.js";
import type { Program } from "./program.js";

export const sizeName = ({ height, width }: Size): string => `${height}x${width}`;

/** What a session must be able to do. */
export interface Abilities {
  readonly train?: boolean;
  readonly evaluate?: readonly Size[];
  readonly predict?: readonly Size[];
  readonly logits?: readonly Size[];
  /** Of each prediction. */
  readonly asked?: Asked;
  /** Whether an evaluation also gives the classes that it counts. */
  readonly classes?: boolean;
}

export type Graphs = Readonly<Record<string, Graph>>;

/**
 * `train` (with `accumulate`, where a batch comes in parts), `evaluate_HxW`, `predict_HxW` and `logits_HxW`, and the
 * three of `withState`. In a session that trains, networks are asked by the moving average of their weights where
 * `train.ema` keeps one.
 */
export const graphsOf = (
  { experiment, training, accumulation }: Program,
  { train = false, evaluate = [], predict = [], logits = [], asked, classes = false }: Abilities,
): Graphs => {
  const passes = train ? averagePasses(experiment.train, standard) : standard;
  type Compile = (height: number, width: number) => Graph;
  const each = (name: string, sizes: readonly Size[], compile: Compile) =>
    sizes.map((size): [string, Graph] => [
      `${name}_${sizeName(size)}`,
      compile(size.height, size.width),
    ]);
  return withState(
    Object.fromEntries([
      ...(train ? [["train", training] as const] : []),
      ...(train && accumulation !== null ? [["accumulate", accumulation] as const] : []),
      ...each("evaluate", evaluate, (h, w) =>
        evaluationStep(experiment, h, w, passes, { classes }),
      ),
      ...each("predict", predict, (h, w) => predictionStep(experiment, h, w, passes, asked)),
      ...each("logits", logits, (h, w) => logitsStep(experiment, h, w, passes)),
    ]),
  );
};

type VariableAttributes = Ops["variable"];

/** The variables of every graph, each once, in the order in which the graphs meet them. */
const variablesOf = (graphs: Iterable<Graph>): VariableAttributes[] => {
  const byName = new Map<string, VariableAttributes>();
  for (const graph of graphs) {
    for (const { attributes } of valuesOfOp(graph, "variable"))
      byName.set(attributes.name, attributes);
  }
  return [...byName.values()];
};

/** What lives on between steps, and so is written and read: every variable whose role is saved. */
export const stateOf = (graphs: Iterable<Graph>): VariableAttributes[] =>
  variablesOf(graphs).filter(isSaved);

/**
 * The same graphs with those that set and tell their state. `init`, on loading: zeros for what is 0 between steps; all
 * else comes by `write`, for zeros until then would take the memory of a second state. `write` takes a value for every
 * variable and gives their number; `read` gives the value of every variable.
 */
export const withState = (graphs: Graphs): Graphs => {
  const all = Object.values(graphs);
  const state = stateOf(all);
  const passing = variablesOf(all).filter((each) => !state.includes(each));
  const set = (some: readonly VariableAttributes[], to: (each: VariableAttributes) => Node) =>
    some.map((each) => ({ variable: variable(each), value: to(each) }));
  const zero = ({ dtype, shape }: VariableAttributes): Node => broadcast(scalar(0, dtype), shape);
  const given = ({ name, dtype, shape }: VariableAttributes): Node => input(name, dtype, ...shape);
  const value = (each: VariableAttributes): [string, Node] => [each.name, variable(each)];
  return {
    init: graphOf({ results: {}, updates: set(passing, zero) }),
    write: graphOf({
      results: { written: scalar(state.length, "i32") },
      updates: set(state, given),
    }),
    read: graphOf({ results: Object.fromEntries(state.map(value)), updates: [] }),
    ...graphs,
  };
};
