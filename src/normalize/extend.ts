/** The name of a spec enters; its tree leaves, merged over its parents, with the texts of all files read. */

import { dirname, isAbsolute, join, normalize } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { reject } from "../diagnostic/checked.js";
import type { Checked } from "../diagnostic/diagnostic.js";
import type { Failure } from "../diagnostic/failure.js";
import type { Sources } from "../diagnostic/position.js";
import { type Evaluated, parseModule } from "../source/module.js";
import type { Leaf, Tree } from "../source/tree.js";
import { at } from "../source/tree.js";
import { parse } from "../source/yaml.js";
import * as says from "./errors.js";
import { merge } from "./merge.js";

/** A spec's text, or, where it is a module, what running it came to. */
export type Source = string | Evaluated;

/** Reads a file; the only contact with the world, and given from outside. */
export type Read = (path: string) => E.Either<Failure, Source>;

export interface Loaded {
  readonly tree: Checked<Tree>;
  readonly sources: Sources;
}

export const load = (entry: string, read: Read): Loaded => {
  const source = read(entry);
  if (E.isLeft(source)) {
    const { message, reason, help } = source.left;
    const why = reason === undefined ? message : `${message}: ${reason}`;
    const found = says.entryUnreadable(entry, why, help ?? "check the path");
    return { tree: reject(found), sources: new Map([[entry, ""]]) };
  }
  return extended(entry, source.right, read, [entry]);
};

/** `chain` holds the files that led here, the youngest first. */
const extended = (file: string, source: Source, read: Read, chain: readonly string[]): Loaded => {
  const isText = typeof source === "string";
  const sources: Sources = new Map([[file, isText ? source : source.text]]);
  const own = isText ? parse(file, source) : parseModule(file, source);
  const named = E.isRight(own) ? at(own.right, ["extends"]) : undefined;
  if (E.isLeft(own) || !isName(named)) return { tree: own, sources };
  const parent = beside(file, named.value);
  const read_ = chain.includes(parent) ? undefined : read(parent);
  if (read_ === undefined) {
    return { tree: reject(says.parentCycle([...chain, parent], named.span)), sources };
  }
  if (E.isLeft(read_)) {
    const reason = read_.left.reason ?? read_.left.message;
    return { tree: reject(says.parentUnreadable(parent, reason, named.span)), sources };
  }
  const above = extended(parent, read_.right, read, [...chain, parent]);
  const tree = E.map((below: Tree) => merge(below, own.right))(above.tree);
  return { tree, sources: new Map([...sources, ...above.sources]) };
};

const isName = (tree: Tree | undefined): tree is Leaf & { readonly value: string } =>
  tree?.kind === "leaf" && typeof tree.value === "string" && tree.value !== "";

/** A path written in a file is relative to that file. */
export const beside = (file: string, path: string): string =>
  isAbsolute(path) ? normalize(path) : join(dirname(file), path);
