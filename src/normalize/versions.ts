/** Reads a spec and gives its versions: the spec itself and its variants, each as one tree with all changes made. */

import * as E from "fp-ts/lib/Either.js";
import {
  type Checked,
  collect,
  type Diagnostic,
  mistakes,
  type Path,
  reject,
} from "../diagnostic/diagnostic.js";
import type { Sources } from "../diagnostic/text.js";
import { type Assignment, argumentFile, parseOverride } from "../source/override.js";
import { at, type Tree } from "../source/tree.js";
import * as says from "./errors.js";
import { assign, load, type Read } from "./extend.js";
import { expandVariants, type Variant } from "./variants.js";

/** What is to be compiled. */
export interface Request {
  /** The spec's name as typed: `specs/camvid.yaml`. */
  readonly entry: string;
  /** What stands behind `#`. */
  readonly variant?: string | undefined;
  /** `path.to.key=value`, in the order typed. */
  readonly overrides?: readonly string[];
}

/** One version of a spec. Each phase adds what it made of it, and what it found wrong. */
export interface Version {
  /** `null` is the spec itself. */
  readonly variant: string | null;
  readonly tree: Tree;
  /** Keys whose values are not what the author meant, with dots. */
  readonly poisoned: ReadonlySet<string>;
  readonly found: readonly Diagnostic[];
}

/** What every phase leaves. */
export interface Versions<V extends Version> {
  /** First the version that was asked for; then every variant, where none was chosen. Empty where nothing can be read. */
  readonly versions: readonly V[];
  /** What is wrong with no version in particular: files, overrides, names of variants. */
  readonly found: readonly Diagnostic[];
  readonly sources: Sources;
  /** Names that can stand behind `#`. */
  readonly variants: readonly string[];
}

/** Carries every version through a phase. */
export const each =
  <V extends Version, W extends Version>(phase: (version: V) => W) =>
  (of: Versions<V>): Versions<W> => ({ ...of, versions: of.versions.map(phase) });

export const parse =
  (read: Read) =>
  (request: Request): Versions<Version> => {
    const { entry, variant, overrides = [] } = request;
    const { tree, sources } = load(entry, read);
    const typed = overrides.map((text, i) => [argumentFile(i), text] as const);
    const chosen = variant === undefined ? [] : [[CHOICE, variant] as const];
    const assignments = collect(overrides.map(parseOverride));
    const parsed =
      E.isRight(tree) && E.isRight(assignments)
        ? versionsOf(tree.right, assignments.right, variant)
        : { versions: [], variants: [], found: [...mistakes(tree), ...mistakes(assignments)] };
    return { ...parsed, sources: new Map([...sources, ...typed, ...chosen]) };
  };

/** The name under which the variant that was typed is shown as a source. */
const CHOICE = "variant";

const versionsOf = (
  tree: Tree,
  overrides: readonly Assignment[],
  name: string | undefined,
): Omit<Versions<Version>, "sources"> => {
  const expanded = expandVariants(tree);
  const variants = E.isRight(expanded) ? expanded.right : [];
  const own: Checked<Variant | null> = E.right(null);
  const main = name === undefined || E.isLeft(expanded) ? own : choose(name, variants);
  const others = name === undefined ? variants : [];
  const wanted = E.isRight(main) ? [main.right, ...others] : [];
  return {
    versions: wanted.map((variant) => ({
      variant: variant?.name ?? null,
      ...changed(tree, [...(variant?.assignments ?? []), ...overrides]),
    })),
    found: [...mistakes(expanded), ...mistakes(main)],
    variants: variants.map((variant) => variant.name),
  };
};

const choose = (name: string, variants: readonly Variant[]): Checked<Variant> => {
  const chosen = variants.find((variant) => variant.name === name);
  if (chosen) return E.right(chosen);
  const at = { file: CHOICE, start: 0, end: name.length };
  const members = variants.filter(({ family }) => family === name).map((member) => member.name);
  if (members.length > 0) return reject(says.severalVariants(name, members, at));
  const names = variants.map((variant) => variant.name);
  return reject(says.unknownVariant(name, names, at));
};

/** In the order given. A change that cannot be made is told, and what it would have changed is poisoned. */
const changed = (tree: Tree, assignments: readonly Assignment[]): Omit<Version, "variant"> => {
  let now = tree;
  const found: Diagnostic[] = [];
  const poisoned = new Set<string>();
  for (const assignment of assignments) {
    const made = assign(now, assignment);
    if (E.isRight(made)) now = made.right;
    else {
      found.push(...made.left);
      poisoned.add(written(now, assignment.path));
    }
  }
  return { tree: now, poisoned, found };
};

/** The part of a path that is written. */
const written = (tree: Tree, path: Path): string =>
  path.filter((_, i) => at(tree, path.slice(0, i + 1)) !== undefined).join(".");
