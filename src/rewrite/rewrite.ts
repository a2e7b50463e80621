/** Named, exact rewrites: a step enters, an equal step that costs less leaves. */

import { isSome, none, type Option } from "fp-ts/lib/Option.js";
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

/** A rule's result is offered to the rules again; each rule leaves less to do, so that this ends. */
const settled = (rewrites: readonly Rewrite[], node: Node): Node => {
  const better = firstMatch(rewrites, node);
  return isSome(better) ? settled(rewrites, better.value) : node;
};

/** Applies the rules everywhere below the roots, arguments first. */
export const rewriteNodes = (
  rewrites: readonly Rewrite[],
  roots: readonly Node[],
): ((node: Node) => Node) => {
  const image = new Map<Node, Node>();
  for (const node of topological(roots)) {
    image.set(
      node,
      settled(
        rewrites,
        onArgs(node, (arg) => image.get(arg)!),
      ),
    );
  }
  return (node) => image.get(node)!;
};

export const rewriteStep = (rewrites: readonly Rewrite[], step: Step<Node>): Step<Node> => {
  const image = rewriteNodes(rewrites, rootsOf(step));
  return mapStep(step, image);
};
