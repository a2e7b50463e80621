/** Where things of a spec are named: its outline, where a value is set, every place of a class or a variant. */

import type { Path, Span } from "../diagnostic/diagnostic.js";
import { flow } from "../source/flow.js";
import { at, find } from "../source/tree.js";
import { type Range, type Word, wordAt, wordsIn } from "./cursor.js";
import { classesOf, type Document, filesOf } from "./document.js";
import { meantBy, namesClass } from "./language.js";

export interface Outline {
  readonly name: string;
  readonly kind: "map" | "value" | "variant";
  /** The key with all that stands below it. */
  readonly range: Range;
  readonly key: Range;
  readonly below: readonly Outline[];
}

/** The keys of a document, one within another; items of lists are left out. */
export const outlineOf = (text: string): readonly Outline[] => within(wordsIn(text), []);

const within = (words: readonly Word[], path: Path): readonly Outline[] => {
  const keys = words.filter(({ on, path: at }) => on === "key" && at.length === path.length + 1);
  return keys.flatMap((key) => {
    if (typeof key.path.at(-2) === "number") return [];
    const inside = words.filter((word) => word !== key && startsWith(word.path, key.path));
    const end = inside.reduce((most, word) => Math.max(most, word.end), key.end);
    const below = within(inside, key.path);
    const isVariant = key.path[0] === "variants" && key.path.length === 2;
    return [
      {
        name: key.text,
        kind: isVariant ? "variant" : below.length > 0 ? "map" : "value",
        range: { start: key.start, end },
        key: { start: key.start, end: key.end },
        below,
      },
    ];
  });
};

const startsWith = (path: Path, start: Path): boolean => start.every((step, i) => step === path[i]);

/** Of `extends` the parent; of a class its entry; of a key, where the value is set that it changes. */
export const definitionAt = (document: Document, offset: number): Span | undefined => {
  const word = wordAt(document.text, offset);
  if (word === undefined) return undefined;
  const [, ...parents] = filesOf(document);
  const [parent] = parents;
  if (word.path[0] === "extends") return parent && { file: parent.name, start: 0, end: 0 };
  if (namesClass(word.path, word.on))
    return placesOfClass(document, word.text).find(({ isEntry }) => isEntry)?.at;
  const isOfSpec = word.path[0] !== "variants";
  const path = meantBy(word.path);
  const files = isOfSpec ? parents : filesOf(document);
  return files.flatMap(({ tree }) => {
    if (tree === undefined || at(tree, path) === undefined) return [];
    return [find(tree, path, "key").span];
  })[0];
};

/** Every place of the class or the variant under the position, in the document and its parents. */
export const referencesAt = (document: Document, offset: number): readonly Span[] =>
  namedAt(document, offset)?.places ?? [];

interface Named {
  readonly word: Word;
  readonly places: readonly Span[];
  /** Why another name cannot be taken, if it cannot. */
  readonly objection: (name: string) => string | undefined;
}

const VARIANT = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const namedAt = (document: Document, offset: number): Named | undefined => {
  const word = wordAt(document.text, offset);
  if (word === undefined) return undefined;
  if (namesClass(word.path, word.on) && word.text !== "ignore") {
    const places = placesOfClass(document, word.text).map(({ at: span }) => span);
    const classes = classesOf(document);
    const objection = (name: string) => {
      if (name === "" || name === "ignore") return `a class cannot be called \`${name}\``;
      return classes.includes(name) ? `there is a class \`${name}\` already` : undefined;
    };
    return { word, places, objection };
  }
  const isVariant = word.path[0] === "variants" && word.path.length === 2 && word.on === "key";
  if (!isVariant) return undefined;
  const objection = (name: string) => {
    if (!VARIANT.test(name))
      return "a variant's name is of letters, digits, `.`, `_` and `-`, a letter or digit first";
    const isTaken = wordsEverywhere(document).some(
      ({ path }) => path[0] === "variants" && path[1] === name,
    );
    return isTaken ? `there is a variant \`${name}\` already` : undefined;
  };
  const isIt = ({ path, on }: Word) =>
    on === "key" && path.length === 2 && path[0] === "variants" && path[1] === word.text;
  return { word, places: wordsEverywhere(document).filter(isIt).map(spanOf), objection };
};

interface FileWord extends Word {
  readonly file: string;
}

const wordsEverywhere = (document: Document): readonly FileWord[] =>
  filesOf(document).flatMap(({ name, text }) =>
    wordsIn(text).map((word) => ({ ...word, file: name })),
  );

const spanOf = ({ file, start, end }: FileWord): Span => ({ file, start, end });

const placesOfClass = (document: Document, name: string) =>
  wordsEverywhere(document)
    .filter(({ text, path, on }) => text === name && namesClass(path, on))
    .map((word) => ({ at: spanOf(word), isEntry: meantBy(word.path)[1] === "classes" }));

/** The word that `renameAt` would change. */
export const renamableAt = (document: Document, offset: number): Word | undefined =>
  namedAt(document, offset)?.word;

export type Rename =
  | { readonly kind: "edits"; readonly text: string; readonly places: readonly Span[] }
  | { readonly kind: "refused"; readonly reason: string };

export const renameAt = (document: Document, offset: number, name: string): Rename => {
  const named = namedAt(document, offset);
  if (named === undefined)
    return { kind: "refused", reason: "only classes and variants can be renamed" };
  const reason = named.objection(name);
  if (reason !== undefined) return { kind: "refused", reason };
  return { kind: "edits", text: flow(name), places: named.places };
};
