/** A spec in an editor: its text, what the compiler found in it, and the files that it rests on. */

import * as E from "fp-ts/lib/Either.js";
import { type Inspection, inspect, type StillWorld } from "../compile.js";
import { at, plain, type Tree } from "../source/tree.js";
import { parse } from "../source/yaml.js";

/** What an editor may ask of the world. */
export interface EditorWorld extends StillWorld {
  /** The names in a folder, those of folders with a `/` behind; none where there is no such folder. */
  readonly names?: (folder: string) => readonly string[];
}

export interface Document extends Inspection {
  /** Absolute: the editor's name of the file. */
  readonly name: string;
  readonly text: string;
  /** The same document when it could last be read: what it knew then helps where the text is half typed. */
  readonly whole: Inspection | undefined;
}

/** Whether a YAML file is meant as a spec: it says `pspc:`, or `extends:` with another spec. */
export const isSpec = (text: string): boolean =>
  /^[\s{]*["']?pspc["']?\s*:/m.test(text) ||
  /^extends\s*:\s*["']?\S+\.(ya?ml|[cm]?[jt]s)\b/m.test(text);

/** @param before the same document before its last change. */
export const documentOf = (
  world: EditorWorld,
  name: string,
  text: string,
  before?: Document,
): Document => {
  const read: EditorWorld["read"] = (path, by) =>
    path === name ? E.right(text) : world.read(path, by);
  const now = inspect({ ...world, read })({ entry: name });
  return { name, text, ...now, whole: now.look === undefined ? before?.whole : now };
};

/** The spec as merged, when it could last be read. */
export const treeOf = ({ whole }: Document): Tree | undefined => whole?.look?.tree;

export interface SpecFile {
  readonly name: string;
  readonly text: string;
  readonly tree: Tree | undefined;
}

/** The document, its parent, the parent's parent. */
export const filesOf = ({ name, text, check }: Document): readonly SpecFile[] => {
  const texts = new Map([[name, text], ...check.sources]);
  return [...texts].map(([file, source]) => {
    const tree = parse(file, source);
    return { name: file, text: source, tree: E.isRight(tree) ? tree.right : undefined };
  });
};

/** Names of the classes, where a list of them can be found. */
export const classesOf = (document: Document): readonly string[] => {
  const tree = treeOf(document);
  const written = tree && at(tree, ["data", "classes"]);
  const names = written && plain(written);
  if (Array.isArray(names)) return names.filter((name) => typeof name === "string");
  const experiment = document.whole?.look?.value.experiment;
  return experiment?.data.classes ?? [];
};
