/** Reads a spec and its parents into one tree, and puts changes into it. */

import * as E from "fp-ts/lib/Either.js";
import { type Checked, type Path, reject, type Span } from "../diagnostic/diagnostic.js";
import type { Failure } from "../diagnostic/failure.js";
import type { Sources } from "../diagnostic/text.js";
import { declarationAt } from "../language/path.js";
import { type Evaluated, parseModule } from "../source/module.js";
import type { Assignment } from "../source/override.js";
import { at, type Entry, type Leaf, type Mapping, plain, type Tree } from "../source/tree.js";
import { parse } from "../source/yaml.js";
import * as says from "./errors.js";

/** A spec's text, or, where it is a module, what running it came to. */
export type Source = string | Evaluated;

/** Whether a user named the file, or another file did: a module that only a file names may be anybody's. */
export type NamedBy = "user" | "file";

/** Reads a file; the only contact with the world, and given from outside. */
export type Read = (path: string, by: NamedBy) => E.Either<Failure, Source>;

export interface Loaded {
  readonly tree: Checked<Tree>;
  readonly sources: Sources;
}

export const load = (entry: string, read: Read): Loaded => {
  const source = read(entry, "user");
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
  const read_ = chain.includes(parent) ? undefined : read(parent, "file");
  if (read_ === undefined) {
    return { tree: reject(says.parentCycle([...chain, parent], named.span)), sources };
  }
  if (E.isLeft(read_)) {
    return { tree: reject(says.parentUnreadable(parent, read_.left, named.span)), sources };
  }
  const above = extended(parent, read_.right, read, [...chain, parent]);
  const tree = E.map((below: Tree) => merge(below, own.right))(above.tree);
  return { tree, sources: new Map([...sources, ...above.sources]) };
};

const isName = (tree: Tree | undefined): tree is Leaf & { readonly value: string } =>
  tree?.kind === "leaf" && typeof tree.value === "string" && tree.value !== "";

/** A path written in a file is relative to that file. */
const beside = (file: string, path: string): string =>
  path.startsWith("/") ? tidy(path) : tidy(`${folderOf(file)}/${path}`);

/** The same, from the folder that relative names of files begin at. */
export const resolved = (cwd: string, file: string, path: string): string => {
  const whole = beside(file, path);
  const absolute = whole.startsWith("/") ? whole : tidy(`${cwd}/${whole}`);
  return absolute === "/" ? absolute : absolute.replace(/\/$/, "");
};

const folderOf = (file: string): string => {
  const slash = file.lastIndexOf("/");
  return slash < 0 ? "." : slash === 0 ? "" : file.slice(0, slash);
};

/** Without `.`, `..` and doubled slashes, as POSIX reads them. */
const tidy = (path: string): string => {
  const root = path.startsWith("/") ? "/" : "";
  const steps: string[] = [];
  for (const step of path.split("/")) {
    const isUp = step === "..";
    if (isUp && steps.length > 0 && steps.at(-1) !== "..") steps.pop();
    else if (step !== "" && step !== "." && !(isUp && root !== "")) steps.push(step);
  }
  const end = path.endsWith("/") && steps.length > 0 ? "/" : "";
  return `${root}${steps.join("/")}${end}` || ".";
};

const tagsDiffer = (below: Mapping, above: Mapping): boolean =>
  [...above.entries.keys()].some((tag) => !below.entries.has(tag));

/** Whether no kind has the keys of both; keys that none has count for nothing. */
const kindsDiffer = (
  kinds: readonly (readonly string[])[],
  below: Mapping,
  above: Mapping,
): boolean => {
  const known = new Set(kinds.flat());
  const keys = [...below.entries.keys(), ...above.entries.keys()].filter((key) => known.has(key));
  return !kinds.some((kind) => keys.every((key) => kind.includes(key)));
};

/** A map is merged key by key, unless it is a choice or means something only as a whole. */
const replaces = (path: Path, below: Mapping, above: Mapping): boolean => {
  if (path.length === 2 && path[0] === "variants") return true;
  const merging = declarationAt(path)?.key.codec.merging ?? "keys";
  if (typeof merging === "object") return kindsDiffer(merging.kinds, below, above);
  return merging === "whole" || (merging === "choice" && tagsDiffer(below, above));
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
  const at = last || below === undefined ? stepIn(assignment, depth) : below.key;
  return E.map(
    (changed: Tree): Tree => ({
      ...tree,
      entries: new Map(tree.entries).set(String(step), { key: at, value: changed }),
    }),
  )(child);
};

/** Where one step of a path is written; all of the path, where it is quoted. */
const stepIn = ({ path, key }: Assignment, depth: number): Span => {
  const isPlain = path.join(".").length === key.end - key.start;
  const start =
    key.start + path.slice(0, depth).reduce<number>((n, step) => n + `${step}.`.length, 0);
  return isPlain ? { file: key.file, start, end: start + `${path[depth]}`.length } : key;
};
