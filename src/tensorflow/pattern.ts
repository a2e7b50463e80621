/** Reading patterns in the neutral graph: what is recognised is written again, and has to come out the same. */

import { rootsOf, type Step, topological } from "../graph/graph.js";
import type { Binary, Node } from "../graph/op.js";
import type { LegalNode } from "./op.js";

/** The images of other nodes. */
export type To = (node: Node) => LegalNode;
/** Makes a node's image from those of other nodes. */
export type Make = (to: To) => LegalNode;
/** Nodes that are computed otherwise than they stand. */
export type Made = readonly (readonly [Node, Make])[];

/** How often each node is asked for, by nodes, updates and results. */
export const usesIn = (step: Step<Node>): ReadonlyMap<Node, number> => {
  const uses = new Map<Node, number>();
  const nodes = topological(rootsOf(step));
  for (const node of [...rootsOf(step), ...nodes.flatMap(({ args }) => args)])
    uses.set(node, (uses.get(node) ?? 0) + 1);
  return uses;
};

export const operands = (
  kind: Binary,
  node: Node | undefined,
): readonly [Node, Node] | readonly [undefined, undefined] => {
  return node?.op === "binary" && node.attributes.kind === kind
    ? node.args
    : [undefined, undefined];
};

/** x·factor, where the factor is a constant. */
export const scaled = (
  node: Node | undefined,
): readonly [Node, number] | readonly [undefined, undefined] => {
  const [x, factor] = operands("multiply", node);
  const content = factor?.op === "constant" ? factor.attributes.content : undefined;
  return x && content?.kind === "fill" ? [x, content.value] : [undefined, undefined];
};

/** Whether nodes are the same down to the `given` ones, which are the same as themselves alone. */
export const same = (
  some: readonly Node[],
  others: readonly Node[],
  given: ReadonlySet<Node>,
): boolean =>
  some.length === others.length &&
  some.every((node, i) => {
    const other = others[i];
    if (node === other || other === undefined || given.has(node)) return node === other;
    return (
      node.op === other.op &&
      JSON.stringify(node.attributes) === JSON.stringify(other.attributes) &&
      same(node.args, other.args, given)
    );
  });
