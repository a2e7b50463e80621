/** A tree and an assignment enter; the tree with the value put at its path leaves, or why it cannot be put there. */

import * as E from "fp-ts/lib/Either.js";
import { reject } from "../diagnostic/checked.js";
import type { Checked } from "../diagnostic/diagnostic.js";
import type { Assignment } from "../source/override.js";
import { plain, type Tree } from "../source/tree.js";
import * as says from "./errors.js";
import { merge } from "./merge.js";

/** A spec's own affairs: which file it extends and which variants it has. */
const fixed = ["pspc", "extends", "variants"];

export const assign = (tree: Tree, assignment: Assignment): Checked<Tree> =>
  fixed.includes(String(assignment.path[0]))
    ? reject(says.notChangeable(assignment.path, assignment.key))
    : put(tree, assignment, 0);

/** One step down; maps that are missing on the way are made. */
const put = (tree: Tree, assignment: Assignment, depth: number): Checked<Tree> => {
  const { path, key, value } = assignment;
  const step = path[depth];
  if (step === undefined) return E.right(merge(tree, value, path));
  if (tree.kind === "list") return reject(says.listsAreWhole(path, depth, key));
  if (tree.kind === "leaf") {
    return reject(says.nothingBelow(path, depth, String(plain(tree)), key));
  }
  const last = depth === path.length - 1;
  const empty: Tree = { kind: "map", entries: new Map(), span: key };
  const below = tree.entries.get(String(step));
  const child =
    below === undefined && last
      ? E.right(value)
      : put(below?.value ?? empty, assignment, depth + 1);
  const at = last || below === undefined ? key : below.key;
  return E.map(
    (changed: Tree): Tree => ({
      ...tree,
      entries: new Map(tree.entries).set(String(step), { key: at, value: changed }),
    }),
  )(child);
};
