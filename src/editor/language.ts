/** What the language knows of a place in a document: which keys and which words can stand there. */

import type { Path } from "../diagnostic/diagnostic.js";
import type { AnyKey } from "../language/key.js";
import { declarationAt, declarations } from "../language/path.js";
import { spec } from "../language/spec.js";
import { dottedPath } from "../source/override.js";

/** What a path means: what stands under a variant's `model.pyramid.bins` is a value of the spec's own key. */
export const meantBy = (path: Path): Path => {
  const [section, , first, second, ...items] = path;
  if (section !== "variants" || typeof first !== "string") return path;
  if (first !== "matrix") return [...dottedPath(first), ...path.slice(3)];
  if (typeof second !== "string") return path;
  // The axis is a list of values.
  return [...dottedPath(second), ...items.slice(1)];
};

/** Whether keys are paths here: in a variant, and in its matrix. */
export const takesPaths = ([section, , ...rest]: Path, length = rest.length): boolean =>
  section === "variants" && (length === 0 || (length === 1 && rest[0] === "matrix"));

type NamedKey = readonly [name: string, key: AnyKey];

/** The keys of the map at a path; of a list, those of its items. */
export const keysAt = (path: Path): readonly NamedKey[] =>
  path.length === 0 ? spec.keys : (declarationAt(meantBy(path))?.key.codec.keys ?? []);

/** What a variant can change, by its whole path. */
export const changeable: readonly NamedKey[] = declarations
  .filter(({ path: [section] }) => !["pspc", "extends", "variants"].includes(`${section}`))
  // What lies in the items of a list is no path.
  .filter(({ path }) => !isInList(path))
  .map(({ path, key }) => [path.join("."), key]);

function isInList(path: readonly string[]): boolean {
  return path.slice(0, -1).some((_, i) => {
    const shapes = declarationAt(path.slice(0, i + 1))?.key.codec.shapes ?? [];
    return shapes.includes("list") && !shapes.includes("map");
  });
}

/** The words that a value can be: `average`, `none`, `true`, 50. */
export const wordsFor = (path: Path): readonly (string | number | boolean)[] => {
  const meant = meantBy(path);
  const declared = declarationAt(meant);
  if (declared === undefined) return [];
  const isItem = typeof meant.at(-1) === "number";
  const schemas = alternatives(declared.key.codec.schema);
  const own = isItem ? schemas.flatMap(({ items }) => alternatives(items)) : schemas;
  return [...new Set(own.flatMap(wordsOf))];
};

const wordsOf = ({ enum: words, type }: Schema): readonly (string | number | boolean)[] => {
  if (type === "boolean") return [true, false];
  const all: readonly unknown[] = Array.isArray(words) ? words : [];
  return all.filter((word) => typeof word === "string" || typeof word === "number");
};

type Schema = Readonly<Record<string, unknown>>;

/** A schema's own alternatives, and theirs. */
const alternatives = (schema: unknown): readonly Schema[] => {
  if (typeof schema !== "object" || schema === null) return [];
  const { anyOf, ...own } = schema as Schema;
  return Array.isArray(anyOf) ? anyOf.flatMap(alternatives) : [own];
};

/** Whether the value names a class: of a label value, or the key of its colours. */
export const namesClass = (path: Path, on: "key" | "value"): boolean => {
  const [section, key, ...rest] = meantBy(path);
  if (section !== "data") return false;
  if (key === "classes") return on === "value" && rest.length === 1;
  if (key !== "labels" || rest.length === 0) return false;
  if (rest[0] === "colours") return on === "key" && rest.length === 2;
  return on === "value" && rest.length === 1 && rest[0] !== "first";
};
