/** What can be typed at a position: keys, words, paths in variants, names of classes and of files. */

import type { Path } from "../diagnostic/diagnostic.js";
import { keyInWords } from "../language/schema.js";
import { flow } from "../source/flow.js";
import { type Gap, gapAt, type Range } from "./cursor.js";
import { classesOf, type Document, type EditorWorld } from "./document.js";
import { changeable, keysAt, meantBy, namesClass, takesPaths, wordsFor } from "./language.js";

export interface Completion {
  readonly kind: "key" | "path" | "word" | "class" | "file";
  readonly label: string;
  /** What a value looks like, in a few words. */
  readonly detail: string;
  readonly documentation: string;
  /** Takes the place of `replace`. */
  readonly insert: string;
  readonly replace: Range;
}

export const completionsAt = (
  document: Document,
  offset: number,
  names: EditorWorld["names"] = () => [],
): readonly Completion[] => {
  const gap = gapAt(document.text, offset);
  if (gap === undefined) return [];
  if (gap.on === "value") return values(document, gap, gap.path, names);
  // Where a map could begin, a word may stand as well.
  const words = gap.beside.length === 0 ? values(document, gap, gap.path, names) : [];
  return [...keys(document, gap), ...words];
};

const keys = (document: Document, gap: Gap): readonly Completion[] => {
  const { path, beside } = gap;
  const open = takesPaths(path) ? changeable : keysAt(path);
  const kind = takesPaths(path) ? "path" : "key";
  const known = open
    .filter(([name]) => !beside.includes(name))
    .map(([name]) => {
      const told = keyInWords(kind === "path" ? name.split(".") : [...meantBy(path), name]);
      const usual = told?.default ? `\n\nDefault: ${told.default}` : "";
      return {
        kind,
        label: name,
        detail: told?.values ?? "",
        documentation: `${told?.words ?? ""}${usual}`,
        ...asKey(name, gap),
      } as const;
    });
  const isMatrix = takesPaths(path) && path.length === 2 && !beside.includes("matrix");
  const matrix = {
    kind: "key",
    label: "matrix",
    detail: "map from paths to lists",
    documentation: "A variant for every combination of the values.",
    ...asKey("matrix", gap),
  } as const;
  const classes = namesClass([...path, ""], "key")
    ? [...classesOf(document), "ignore"]
        .filter((name) => !beside.includes(name))
        .map((name) => ({ ...plainly("class", name), ...asKey(name, gap) }))
    : [];
  return [...known, ...(isMatrix ? [matrix] : []), ...classes];
};

const asKey = (name: string, { typed, isFollowed }: Gap) => ({
  insert: isFollowed ? name : `${name}: `,
  replace: typed,
});

const plainly = (kind: Completion["kind"], label: string, detail = "") => ({
  kind,
  label,
  detail,
  documentation: "",
});

const values = (
  document: Document,
  { typed, beside }: Gap,
  path: Path,
  names: NonNullable<EditorWorld["names"]>,
): readonly Completion[] => {
  const word = (kind: Completion["kind"], name: string | number | boolean, detail = "") => ({
    ...plainly(kind, String(name), detail),
    insert: flow(name),
    replace: typed,
  });
  const classes = namesClass(path, "value") && path[1] === "labels" ? classesOf(document) : [];
  const files = filesFor(document, path, typed, names);
  return [
    ...wordsFor(path).map((name) => word("word", name)),
    ...[...classes, ...(classes.length > 0 ? ["ignore"] : [])].map((name) => word("class", name)),
    ...files.map((name) => ({ ...word("file", name), insert: name })),
  ].filter(({ label }) => !beside.includes(label));
};

/** What each key names a file or a folder from: the spec's own folder, or that of its data. */
const namesFrom: Readonly<Record<string, "spec" | "data">> = {
  extends: "spec",
  "model.weights.file": "spec",
  "model.weights": "spec",
  "model.backbone.weights": "spec",
  "data.root": "spec",
  "data.train": "data",
  "data.val": "data",
  "data.test": "data",
};

/** As they are named from there; a folder ends in `/`, so that one can go on. */
const filesFor = (
  document: Document,
  path: Path,
  typed: Range,
  names: NonNullable<EditorWorld["names"]>,
): readonly string[] => {
  const key = meantBy(path).join(".");
  const from = Object.hasOwn(namesFrom, key) ? namesFrom[key] : undefined;
  if (from === undefined) return [];
  const written = document.text.slice(typed.start, typed.end);
  const folder = written.slice(0, written.lastIndexOf("/") + 1);
  const own = from === "spec" ? folderOf(document.name) : dataFolder(document);
  return names(folder.startsWith("/") ? folder : own + folder)
    .filter((each) => !each.startsWith(".") && own + folder + each !== document.name)
    .filter((each) => key !== "data.root" || each.endsWith("/"))
    .map((each) => folder + each);
};

const folderOf = (name: string): string => name.slice(0, name.lastIndexOf("/") + 1);

/** Where `data.root` points, as far as it can be read. */
const dataFolder = (document: Document): string => {
  const look = document.look ?? document.whole?.look;
  const root = look?.observe(() => look.value.experiment.data.root);
  return root === undefined || root.touched ? folderOf(document.name) : `${root.value}/`;
};
