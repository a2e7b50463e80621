/** The class of a pixel: an argmax over probabilities enters; one over the logits that they were made from leaves. */

import { none, some } from "fp-ts/lib/Option.js";
import { argmax, withArgs } from "../graph/compose.js";
import { type Node, shapeOf } from "../graph/op.js";
import type { Rewrite } from "./rewrite.js";

/** What has the same order along its last axis, before it became a share of 1; nothing else moves that axis. */
const logitsOf = (node: Node): Node | null => {
  if (node.op === "softmax") return node.args[0];
  if (node.op !== "slice" && node.op !== "reshape") return null;
  const [x] = node.args;
  const before = logitsOf(x);
  const keepsClasses = shapeOf(x).at(-1) === shapeOf(node).at(-1);
  return before !== null && keepsClasses ? withArgs(node, [before]) : null;
};

export const argmaxOfLogits: Rewrite = {
  name: "argmax-of-logits",
  law: "a softmax keeps the order of its logits: argmax(softmax(x)) = argmax(x)",
  rule: (node) => {
    const logits = node.op === "argmax" ? logitsOf(node.args[0]) : null;
    return logits === null ? none : some(argmax(logits));
  },
};
