/** Two trees enter, what stands above wins; one tree leaves in which every value keeps its place. */

import type { Path } from "../diagnostic/diagnostic.js";
import { formatPath } from "../diagnostic/path.js";
import type { Entry, Mapping, Tree } from "../source/tree.js";

/** Maps of one choice: another choice replaces the first, with what it carries. */
const choices = [
  "model.backbone.stem",
  "model.pyramid.reduction",
  "train.optimizer",
  "train.schedule",
];

/** Values that mean something only as a whole. */
const wholes = ["data.labels"];

const tagsDiffer = (below: Mapping, above: Mapping): boolean =>
  [...above.entries.keys()].some((tag) => !below.entries.has(tag));

const replaces = (path: Path, below: Mapping, above: Mapping): boolean => {
  const name = formatPath(path);
  const isVariant = path.length === 2 && path[0] === "variants";
  return isVariant || wholes.includes(name) || (choices.includes(name) && tagsDiffer(below, above));
};

/** Maps merge key by key; scalars, lists and choices are replaced as a whole. */
export const merge = (below: Tree, above: Tree, path: Path = []): Tree => {
  if (below.kind !== "map" || above.kind !== "map" || replaces(path, below, above)) return above;
  const entries = new Map(below.entries);
  for (const [key, entry] of above.entries) {
    entries.set(key, mergeEntry(below.entries.get(key), entry, [...path, key]));
  }
  return { kind: "map", entries, span: above.span };
};

const mergeEntry = (below: Entry | undefined, above: Entry, path: Path): Entry =>
  below === undefined ? above : { key: above.key, value: merge(below.value, above.value, path) };
