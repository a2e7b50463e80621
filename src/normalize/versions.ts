/** Reads a spec and gives its versions: the spec itself and its variants, each as one tree with all changes made. */

import * as E from "fp-ts/lib/Either.js";
import {
  type Checked,
  collect,
  type Diagnostic,
  mistakes,
  reject,
} from "../diagnostic/diagnostic.js";
import type { Sources } from "../diagnostic/text.js";
import { type Assignment, argumentFile, parseOverride } from "../source/override.js";
import type { Tree } from "../source/tree.js";
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

/** One version of a spec, with what a phase has made of it, or what it found wrong. */
export interface Version<A> {
  /** `null` is the spec itself. */
  readonly variant: string | null;
  readonly value: Checked<A>;
}

/** What every phase leaves. */
export interface Versions<A> {
  /** First the version that was asked for; then every variant, where none was chosen. Empty where nothing can be read. */
  readonly versions: readonly Version<A>[];
  /** What is wrong with no version in particular: files, overrides, names of variants. */
  readonly found: readonly Diagnostic[];
  readonly sources: Sources;
  /** Names that can stand behind `#`. */
  readonly variants: readonly string[];
}

/** Carries every version through a phase. */
export const each =
  <A, B>(phase: (value: A, variant: string | null) => Checked<B>) =>
  (of: Versions<A>): Versions<B> => ({
    ...of,
    versions: of.versions.map(({ variant, value }) => ({
      variant,
      value: E.flatMap((a: A) => phase(a, variant))(value),
    })),
  });

export const parse =
  (read: Read) =>
  (request: Request): Versions<Tree> => {
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
): Omit<Versions<Tree>, "sources"> => {
  const expanded = expandVariants(tree);
  const variants = E.isRight(expanded) ? expanded.right : [];
  const own: Checked<Variant | null> = E.right(null);
  const main = name === undefined || E.isLeft(expanded) ? own : choose(name, variants);
  const others = name === undefined ? variants : [];
  const wanted = E.isRight(main) ? [main.right, ...others] : [];
  return {
    versions: wanted.map((variant) => ({
      variant: variant?.name ?? null,
      value: changed(tree, [...(variant?.assignments ?? []), ...overrides]),
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

/** In the order given; the first change that cannot be made ends the rest. */
const changed = (tree: Tree, assignments: readonly Assignment[]): Checked<Tree> =>
  assignments.reduce<Checked<Tree>>(
    (done, assignment) => E.flatMap((t: Tree) => assign(t, assignment))(done),
    E.right(tree),
  );
