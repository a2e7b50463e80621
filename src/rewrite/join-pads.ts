/** Sums of padded pieces become concatenations: what a split's gradient is, without a pass over the zeros. */

import { none, type Option, some } from "fp-ts/lib/Option.js";
import { concat, pad } from "../graph/compose.js";
import { type Node, shapeOf } from "../graph/op.js";
import type { Rewrite } from "./rewrite.js";

interface Piece {
  readonly inner: Node;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Along which single axis the piece is padded, or −1. */
const axisOf = ({ before, after }: Piece): number => {
  const padded = before.flatMap((n, axis) => (n > 0 || after[axis] > 0 ? [axis] : []));
  return padded.length === 1 ? padded[0] : -1;
};

const pieceOf = (node: Node): Piece | null =>
  node.op === "pad"
    ? { inner: node.args[0], before: node.attributes.before, after: node.attributes.after }
    : null;

/** `first` ends where `second` begins. */
const joined = (first: Piece, second: Piece, axis: number): Option<Node> => {
  const end = first.before[axis] + shapeOf(first.inner)[axis];
  if (end !== second.before[axis]) return none;
  return some(
    pad(
      concat([...flat(first.inner, axis), ...flat(second.inner, axis)], axis),
      first.before,
      second.after,
    ),
  );
};

/** A concatenation along the same axis is opened, so that many pieces become one node. */
const flat = (node: Node, axis: number): readonly Node[] =>
  node.op === "concat" && node.attributes.axis === axis ? node.args : [node];

const join = (node: Node): Option<Node> => {
  if (node.op !== "binary" || node.attributes.kind !== "add") return none;
  const [a, b] = node.args.map(pieceOf);
  if (a === null || b === null || axisOf(a) < 0 || axisOf(a) !== axisOf(b)) return none;
  const [first, second] = a.before[axisOf(a)] <= b.before[axisOf(b)] ? [a, b] : [b, a];
  return joined(first, second, axisOf(a));
};

export const joinPads: Rewrite = {
  name: "join-pads",
  law: "0⊕a plus b⊕0 is b⊕a where the pieces meet",
  rule: join,
};
