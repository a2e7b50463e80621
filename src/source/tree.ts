/** What a spec's text says, before it means anything: scalars, lists and maps, each with its place. */

import type { Path, Span } from "../diagnostic/diagnostic.js";

export type Scalar = null | boolean | number | string;
export type Plain = Scalar | readonly Plain[] | { readonly [key: string]: Plain };

export interface Leaf {
  readonly kind: "leaf";
  readonly value: Scalar;
  readonly span: Span;
}

export interface List {
  readonly kind: "list";
  readonly items: readonly Tree[];
  readonly span: Span;
}

export interface Entry {
  readonly key: Span;
  readonly value: Tree;
}

export interface Mapping {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, Entry>;
  readonly span: Span;
}

export type Tree = Leaf | List | Mapping;

/** Trees are immutable and shared between variants, so that each is read once. */
const known = new WeakMap<Tree, Plain>();

/** The value alone, without places. The same tree gives the same object. */
export const plain = (tree: Tree): Plain => {
  const value = known.get(tree) ?? strip(tree);
  known.set(tree, value);
  return value;
};

/** Own properties only, so that a key `__proto__` is a key. */
const strip = (tree: Tree): Plain => {
  if (tree.kind === "leaf") return tree.value;
  if (tree.kind === "list") return tree.items.map(plain);
  return Object.fromEntries([...tree.entries].map(([key, { value }]) => [key, plain(value)]));
};

const child = (tree: Tree, step: string | number): Entry | undefined => {
  if (tree.kind === "map") return tree.entries.get(String(step));
  const item = tree.kind === "list" && typeof step === "number" ? tree.items[step] : undefined;
  return item && { key: item.span, value: item };
};

/** The subtree at a path. */
export const at = (tree: Tree, path: Path): Tree | undefined =>
  path.reduce<Tree | undefined>((node, step) => node && child(node, step)?.value, tree);

export interface Found {
  readonly span: Span;
  /** False when only an enclosing map was written. */
  readonly exact: boolean;
}

/**
 * Where a path stands. A map or list that fills several lines is shown by its key; of a path that was not
 * written, the innermost written part is shown.
 */
export const find = (tree: Tree, path: Path, on: "key" | "value" = "value"): Found => {
  let entry: Entry = { key: tree.span, value: tree };
  for (const step of path) {
    const next = child(entry.value, step);
    if (next === undefined) return { span: entry.key, exact: false };
    entry = next;
  }
  return { span: on === "key" ? entry.key : entry.value.span, exact: true };
};
