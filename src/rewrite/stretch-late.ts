/** Elementwise operations stretch their arguments themselves: a broadcast before one is a pass over memory for nothing. */

import { none, type Option, some } from "fp-ts/lib/Option.js";
import { apply } from "../graph/compose.js";
import { type Node, shapeOf } from "../graph/op.js";
import { broadcastShape, sameShape } from "../graph/type.js";
import type { Rewrite } from "./rewrite.js";

const unstretched = (node: Node): Node => (node.op === "broadcast" ? node.args[0] : node);

const late = (node: Node): Option<Node> => {
  if (node.op !== "binary") return none;
  const [a, b] = node.args;
  const options: readonly (readonly [Node, Node])[] = [
    [unstretched(a), unstretched(b)],
    [unstretched(a), b],
    [a, unstretched(b)],
  ];
  const best = options.find(([x, y]) => {
    const shape = broadcastShape(shapeOf(x), shapeOf(y));
    return (x !== a || y !== b) && shape !== undefined && sameShape(shape, shapeOf(node));
  });
  return best === undefined ? none : some(apply("binary", node.attributes, best));
};

export const stretchLate: Rewrite = {
  name: "stretch-late",
  law: "f(broadcast(a), b) = f(a, b) where f stretches a to the same shape",
  rule: late,
};
