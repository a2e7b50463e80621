/** Freezing: a question to a trained network falls into what its weights alone decide, and the rest. */

import { invariant } from "../diagnostic/invariant.js";
import { input, onArgs } from "../graph/compose.js";
import { type Graph, mapStep, number, rootsOf, stepOf, topological } from "../graph/graph.js";
import { verify } from "../graph/infer.js";
import { type Node, typeOf } from "../graph/op.js";

export interface Frozen {
  /** Variables in, no input: the largest values that weights alone decide, by name. */
  readonly constants: Graph;
  /** The same names as inputs, beside those that were there: what was asked for, and no variable. */
  readonly rest: Graph;
}

/** Law: `rest` of its inputs and of what `constants` gives is `graph`. */
export const freeze = (graph: Graph): Frozen => {
  invariant(graph.updates.length === 0, "only a question can be frozen: nothing may move in it");
  const step = stepOf(graph);
  const nodes = topological(rootsOf(step));
  const asking = below(nodes, ({ op }) => op === "input");
  const learnt = below(nodes, ({ op }) => op === "variable");
  const asked = [
    ...nodes.filter((node) => asking.has(node)).flatMap(({ args }) => args),
    ...rootsOf(step),
  ];
  const wanted = new Set<Node>(asked.filter((node) => learnt.has(node) && !asking.has(node)));
  const names = named(nodes.filter((node) => wanted.has(node)));
  const image = new Map<Node, Node>();
  const to = (node: Node): Node => image.get(node) ?? node;
  for (const node of nodes) {
    const name = names.get(node);
    const { dtype, shape } = typeOf(node);
    if (name !== undefined) image.set(node, input(name, dtype, ...shape));
    else if (asking.has(node)) image.set(node, onArgs(node, to));
  }
  const results = Object.fromEntries([...names].map(([node, name]) => [name, node]));
  return {
    constants: verify(number({ results, updates: [] })),
    rest: verify(number(mapStep(step, to))),
  };
};

/** Nodes that are `leaf`, or are made of one that is. */
const below = (nodes: readonly Node[], leaf: (node: Node) => boolean): ReadonlySet<Node> => {
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
      const first = topological([node]).find(({ op }) => op === "variable");
      invariant(first?.op === "variable", "what is frozen is made of weights");
      const { name } = first.attributes;
      const count = (used.get(name) ?? 0) + 1;
      used.set(name, count);
      return [node, count === 1 ? name : `${name}/${count}`];
    }),
  );
};
