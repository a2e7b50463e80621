/** A rewrite replaces a node by an equal one that costs less; it has a name and a law. Here is how rewrites are applied. */

import { isSome, none, type Option } from "fp-ts/lib/Option.js";
import { invariant } from "../diagnostic/invariant.js";
import { onArgs } from "../graph/compose.js";
import { mapStep, rootsOf, type Step, topological } from "../graph/graph.js";
import type { Node } from "../graph/op.js";

/** A local rule: an equal node, or nothing where it does not apply. `law` says why they are equal. */
export interface Rewrite {
  readonly name: string;
  readonly law: string;
  readonly rule: (node: Node) => Option<Node>;
}

const firstMatch = (rewrites: readonly Rewrite[], node: Node): Option<Node> => {
  for (const { rule } of rewrites) {
    const better = rule(node);
    if (isSome(better)) return better;
  }
  return none;
};

/** A rule's result is offered to the rules again; every rule makes progress, so that this ends. */
const settled = (rewrites: readonly Rewrite[], node: Node): Node => {
  const better = firstMatch(rewrites, node);
  return isSome(better) ? settled(rewrites, better.value) : node;
};

/** Every node below the roots on its changed arguments, and then changed itself. */
export const changed = (
  roots: readonly Node[],
  change: (node: Node) => Node,
): ((node: Node) => Node) => {
  const image = new Map<Node, Node>();
  const to = (node: Node): Node => {
    const found = image.get(node);
    invariant(found !== undefined, () => `${node.op} does not stand below the roots`);
    return found;
  };
  for (const node of topological(roots)) image.set(node, change(onArgs(node, to)));
  return to;
};

/** Applies the rules everywhere below the roots, arguments first. */
export const rewriteNodes = (
  rewrites: readonly Rewrite[],
  roots: readonly Node[],
): ((node: Node) => Node) => changed(roots, (node) => settled(rewrites, node));

export const rewriteStep = (rewrites: readonly Rewrite[], step: Step<Node>): Step<Node> =>
  mapStep(step, rewriteNodes(rewrites, rootsOf(step)));
