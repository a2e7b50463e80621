/** Lists the variants of a spec by name; a matrix becomes every combination of its axes. */

import * as E from "fp-ts/lib/Either.js";
import {
  type Checked,
  collect,
  type Diagnostic,
  type Path,
  reject,
  unless,
} from "../diagnostic/diagnostic.js";
import { path } from "../language/path.js";
import { type Assignment, dottedPath } from "../source/override.js";
import { at, type Entry, type Mapping, type Plain, plain, type Tree } from "../source/tree.js";
import * as says from "./errors.js";

export interface Variant {
  /** What is typed behind `#`: `no-aux`, or `bins_1-2-3-6_max` for a member of the matrix `bins`. */
  readonly name: string;
  /** The key under `variants`. */
  readonly family: string;
  readonly assignments: readonly Assignment[];
}

const MAX_VARIANTS = 1000;

export const expandVariants = (tree: Tree): Checked<readonly Variant[]> => {
  const all = at(tree, ["variants"]);
  if (all?.kind !== "map") return E.right([]);
  const families = [...all.entries].map(([name, entry]) => expand(name, entry));
  const variants = E.map((vs: readonly (readonly Variant[])[]) => vs.flat())(collect(families));
  return E.isLeft(variants)
    ? variants
    : unless(repeated(variants.right, all), () => variants.right);
};

const repeated = (variants: readonly Variant[], all: Mapping): readonly Diagnostic[] => {
  const first = new Map(variants.map((v) => [v.name, v] as const).toReversed());
  return variants
    .filter((v) => first.get(v.name) !== v)
    .map(({ name, family }) => {
      const key = all.entries.get(family)?.key ?? all.span;
      return says.sameName(name, path("variants", family), key);
    });
};

const expand = (family: string, { key, value }: Entry): Checked<readonly Variant[]> => {
  // What is not a map is refused by the codec, at the same place.
  if (value.kind !== "map") return E.right([]);
  const fixed = assignments(value, "matrix");
  const matrix = value.entries.get("matrix");
  if (matrix === undefined) return E.right([{ name: family, family, assignments: fixed }]);
  const place = path("variants", family, "matrix");
  if (matrix.value.kind !== "map" || matrix.value.entries.size === 0) {
    return reject(says.matrixEmpty(place, key));
  }
  const axes = collect([...matrix.value.entries].map(([name, entry]) => axis(name, entry, place)));
  if (E.isLeft(axes)) return axes;
  const count = axes.right.reduce((product, choices) => product * choices.length, 1);
  if (count > MAX_VARIANTS)
    return reject(says.tooManyVariants(place, count, MAX_VARIANTS, matrix.key));
  return E.right(product(axes.right).map((chosen) => member(family, fixed, chosen)));
};

const assignments = (map: Mapping, except: string): readonly Assignment[] =>
  [...map.entries]
    .filter(([name]) => name !== except)
    .map(([name, { key, value }]) => ({ path: dottedPath(name), key, value }));

const axis = (
  name: string,
  { key, value }: Entry,
  matrix: Path,
): Checked<readonly Assignment[]> => {
  if (value.kind !== "list") return reject(says.axisNotList([...matrix, name], key));
  if (value.items.length === 0) return reject(says.matrixEmpty([...matrix, name], key));
  return E.right(value.items.map((item) => ({ path: dottedPath(name), key, value: item })));
};

/** The last axis turns fastest. */
const product = <A>(axes: readonly (readonly A[])[]): readonly (readonly A[])[] =>
  axes.reduce<readonly (readonly A[])[]>(
    (rows, axis) => rows.flatMap((row) => axis.map((a) => [...row, a])),
    [[]],
  );

const member = (
  family: string,
  fixed: readonly Assignment[],
  chosen: readonly Assignment[],
): Variant => ({
  name: [family, ...chosen.map((a) => slug(plain(a.value)))].join("_"),
  family,
  assignments: [...fixed, ...chosen],
});

/** A value in a name that shells and file systems take as it is: `1-2-3-6`, `none`, `m10-10` for [-10, 10]. */
const slug = (value: Plain): string => {
  if (value === null || typeof value !== "object") {
    const signed = typeof value === "number" && value < 0 ? `m${-value}` : String(value);
    return signed.replace(/[^A-Za-z0-9.]+/g, "-").replace(/^-|-$/g, "");
  }
  const parts = Array.isArray(value) ? value : Object.entries(value).flat();
  return parts.length === 0 ? "empty" : parts.map((p: Plain) => slug(p)).join("-");
};
