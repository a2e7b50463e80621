/** A question to a trained network falls into what its weights alone decide, and the rest: to be written apart, or to be computed once a session. */

import { none, some } from "fp-ts/lib/Option.js";
import { invariant } from "../diagnostic/invariant.js";
import { input, onArgs, scalar, variable } from "../graph/compose.js";
import {
  type Graph,
  mapStep,
  number,
  rootsOf,
  type Step,
  stepOf,
  topological,
} from "../graph/graph.js";
import { graphOf } from "../graph/infer.js";
import { type Node, typeOf, type Variable } from "../graph/op.js";
import { reshapeLate } from "./products.js";
import { type Rewrite, rewriteStep } from "./rewrite.js";

export interface Frozen {
  /** Variables in, no input: the largest values that weights alone decide, by name. */
  readonly constants: Graph;
  /** The same names as inputs, beside those that were there: what was asked for, and no variable. */
  readonly rest: Graph;
}

/** Law: `rest` of its inputs and of what `constants` gives is `graph`. */
export const freeze = (graph: Graph): Frozen => {
  const step = questionOf(graph);
  const { asking, decided } = split(step);
  const names = named(decided);
  const given = (node: Node): Node | undefined => {
    const name = names.get(node);
    return name === undefined ? undefined : input(name, typeOf(node).dtype, ...typeOf(node).shape);
  };
  const results = Object.fromEntries([...names].map(([node, name]) => [name, node]));
  return {
    constants: graphOf({ results, updates: [] }),
    rest: graphOf(restOf(step, asking, given)),
  };
};

export interface Settled {
  /** By their names; what weights alone decide is read from variables of the role `settled`. */
  readonly questions: Readonly<Record<string, Graph>>;
  /** Sets those variables by the weights as they stand. */
  readonly settle: Graph;
}

/** Of what a value that weights decide is made in every call, because a kernel makes it on its way and needs less memory. */
export type MadeOf = (node: Node) => Node | undefined;

/**
 * Law: after `settle` each question answers as the one of its name does; what several of them need is there once.
 *
 * @param madeOf where it names something, that is settled in a value's place
 */
export const settled = (
  graphs: Readonly<Record<string, Graph>>,
  madeOf: MadeOf = () => undefined,
): Settled => {
  const parts = Object.entries(graphs).map(([name, graph]) => {
    const step = rewriteStep([atOnce, reshapeLate], questionOf(graph));
    return { name, step, ...split(step, madeOf) };
  });
  const kept = [...new Set(parts.flatMap(({ decided }) => decided.map(shown)))].filter(
    ({ op }) => op !== "variable",
  );
  // Equal values of all questions have one number there.
  const all = number({
    results: Object.fromEntries(kept.map((node, i) => [i, node])),
    updates: [],
  });
  const idOf = new Map(kept.map((node, i) => [node, all.results[i] ?? -1]));
  const first = new Map(kept.map((node): [number, Node] => [idOf.get(node) ?? -1, node]));
  const names = named([...first.values()]);
  const variables = new Map([...first].map(([id, node]) => [id, settledVariable(node, names)]));
  const given = (node: Node): Node | undefined => variables.get(idOf.get(node) ?? -1);
  const updates = [...first].flatMap(([id, value]) => {
    const target = variables.get(id);
    return target === undefined ? [] : [{ variable: target, value }];
  });
  return {
    questions: Object.fromEntries(
      parts.map(({ name, step, asking }) => [name, graphOf(restOf(step, asking, given, true))]),
    ),
    settle: graphOf({ results: { settled: scalar(updates.length, "i32") }, updates }),
  };
};

const questionOf = (graph: Graph): Step<Node> => {
  invariant(graph.updates.length === 0, "only a question can be frozen: nothing may move in it");
  return stepOf(graph);
};

/** Waiting saves memory in a step that keeps values for its way back; a question has none. */
export const atOnce: Rewrite = {
  name: "at-once",
  law: "after(x, e) is x, whenever it is made",
  rule: (node) => (node.op === "after" ? some(node.args[0]) : none),
};

/** What a value is before it is only shown in another shape. */
const shown = (node: Node): Node => (node.op === "reshape" ? shown(node.args[0]) : node);

/** Nodes that an input decides, and the largest values that weights alone do; or what they are made of in every call. */
const split = (step: Step<Node>, madeOf: MadeOf = () => undefined) => {
  const nodes = topological(rootsOf(step));
  const asking = below(nodes, ({ op }) => op === "input");
  const learnt = below(nodes, ({ op }) => op === "variable");
  const decidedBeside = (inCall: ReadonlySet<Node>): readonly Node[] => {
    const asked = [
      ...nodes.filter((node) => inCall.has(node)).flatMap(({ args }) => args),
      ...rootsOf(step),
    ];
    const wanted = new Set<Node>(asked.filter((node) => learnt.has(node) && !inCall.has(node)));
    return nodes.filter((node) => wanted.has(node));
  };
  const madeInCall = decidedBeside(asking).flatMap((node) => {
    const from = madeOf(node);
    return [...below(topological([node]), (one) => one === from)].filter((one) => one !== from);
  });
  const inCall = new Set([...asking, ...madeInCall]);
  return { asking: inCall, decided: decidedBeside(inCall) };
};

/** The step on what is given in place of values that weights decide. */
const restOf = (
  step: Step<Node>,
  asking: ReadonlySet<Node>,
  given: (node: Node) => Node | undefined,
  alsoInside = false,
): Step<Node> => {
  const image = new Map<Node, Node>();
  const to = (node: Node): Node => image.get(node) ?? node;
  for (const node of topological(rootsOf(step))) {
    const other = given(node);
    if (other !== undefined) image.set(node, other);
    else if (asking.has(node) || alsoInside) image.set(node, onArgs(node, to));
  }
  return mapStep(step, to);
};

/** Nodes that are `leaf`, or are made of one that is. */
export const below = (nodes: readonly Node[], leaf: (node: Node) => boolean): ReadonlySet<Node> => {
  const found = new Set<Node>();
  for (const node of nodes)
    if (leaf(node) || node.args.some((arg: Node) => found.has(arg))) found.add(node);
  return found;
};

/** Each after the first variable that it is made of, so that a reader finds the layer again. */
const named = (nodes: readonly Node[]): ReadonlyMap<Node, string> => {
  const used = new Map<string, number>();
  return new Map(
    nodes.map((node) => {
      const { name } = firstWeight(node).attributes;
      const count = (used.get(name) ?? 0) + 1;
      used.set(name, count);
      return [node, count === 1 ? name : `${name}/${count}`];
    }),
  );
};

const firstWeight = (node: Node): Variable => {
  const first = topological([node]).find(({ op }) => op === "variable");
  invariant(first?.op === "variable", "what is frozen is made of weights");
  return first;
};

const settledVariable = (node: Node, names: ReadonlyMap<Node, string>): Variable => {
  const { dtype, shape } = typeOf(node);
  invariant(dtype !== "u8" && dtype !== "bool", "weights decide numbers");
  return variable({
    name: `settled/${names.get(node)}`,
    dtype,
    shape,
    role: "settled",
    site: firstWeight(node).attributes.site,
    initial: { kind: "constant", value: 0 },
  });
};
