/** A spec's name, its variant and overrides enter; the resolved experiment leaves, with everything found in the spec. */

import * as E from "fp-ts/lib/Either.js";
import {
  type Checked,
  collect,
  type Diagnostic,
  errorsIn,
  inOrder,
  mistakes,
  reject,
  rejectAll,
} from "../diagnostic/diagnostic.js";
import type { Sources } from "../diagnostic/text.js";
import * as says from "../normalize/errors.js";
import type { Data } from "../normalize/experiment.js";
import { load, type Read } from "../normalize/extend.js";
import type { Resolved, Setting } from "../normalize/normalize.js";
import { expandVariants, type Variant } from "../normalize/variants.js";
import { type Assignment, argumentFile, parseOverride } from "../source/override.js";
import type { Tree } from "../source/tree.js";
import { type Outcome, resolve, resolveData } from "./resolve.js";
import type { Facts } from "./rule.js";

export interface CheckRequest extends Facts {
  /** As typed: `specs/camvid.yaml`. */
  readonly entry: string;
  /** What stands behind `#`. */
  readonly variant?: string | undefined;
  /** `path.to.key=value`, in the order typed. */
  readonly overrides?: readonly string[];
  /** Absolute folder that relative names start from. */
  readonly cwd: string;
  readonly read: Read;
  /** What only later rooms can find, in an experiment that every rule has passed. */
  readonly also?: (resolved: Resolved) => readonly Diagnostic[];
}

export interface Check<A = Resolved> {
  /** Of the chosen variant, or of the spec itself. */
  readonly result: Checked<A>;
  /** Everything found, in the other variants too; in order, with places. */
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
  /** Names that can stand behind `#`. */
  readonly variants: readonly string[];
}

type Resolve<A> = (
  tree: Tree,
  changes: readonly Assignment[],
  setting: Omit<CheckRequest, "variant"> & Setting,
) => Outcome<A>;

export const checkSpec = (request: CheckRequest): Check =>
  checkBy(request, (tree, changes, setting) => resolve(tree, changes, setting, request.also));

/** The data section alone: what is wrong elsewhere is nobody's concern. */
export const checkData = (request: CheckRequest): Check<Data> => checkBy(request, resolveData);

const checkBy = <A>(request: CheckRequest, by: Resolve<A>): Check<A> => {
  const { entry, overrides = [] } = request;
  const loaded = load(entry, request.read);
  const typed = overrides.map((text, i) => [argumentFile(i), text] as const);
  const chosen = request.variant === undefined ? [] : [[CHOICE, request.variant] as const];
  const sources: Sources = new Map([...loaded.sources, ...typed, ...chosen]);
  const assignments = collect(overrides.map(parseOverride));
  if (E.isLeft(loaded.tree) || E.isLeft(assignments)) {
    const found = [...mistakes(loaded.tree), ...mistakes(assignments)];
    return { result: rejectAll(found), diagnostics: inOrder(found), sources, variants: [] };
  }
  return { ...checkTree(loaded.tree.right, assignments.right, request, by), sources };
};

/** The name under which the variant that was typed is shown. */
const CHOICE = "variant";

/** The chosen variant, or the spec and all of its variants: what is wrong in one of them is told now. */
const checkTree = <A>(
  tree: Tree,
  overrides: readonly Assignment[],
  request: CheckRequest,
  by: Resolve<A>,
): Omit<Check<A>, "sources"> => {
  const { variant } = request;
  const expanded = expandVariants(tree);
  const variants = E.isRight(expanded) ? expanded.right : [];
  const of = (v: Variant | null): Outcome<A> =>
    by(tree, [...(v?.assignments ?? []), ...overrides], { ...request, variant: v?.name ?? null });
  const choice = E.isLeft(expanded) ? E.right(null) : choose(variant, variants);
  const main = E.isRight(choice) ? of(choice.right) : { result: choice, found: choice.left };
  const others = variant === undefined ? variants : [];
  const found = [
    ...mistakes(expanded),
    ...main.found,
    ...others.flatMap((v) => errorsIn(of(v).found).map(inVariant(v.name))),
  ];
  return {
    result: E.isLeft(expanded) ? expanded : main.result,
    diagnostics: inOrder(found),
    variants: variants.map((v) => v.name),
  };
};

const inVariant =
  (name: string) =>
  (d: Diagnostic): Diagnostic => ({ ...d, notes: [...d.notes, `in the variant \`${name}\``] });

const choose = (
  name: string | undefined,
  variants: readonly Variant[],
): Checked<Variant | null> => {
  if (name === undefined) return E.right(null);
  const chosen = variants.find((v) => v.name === name);
  if (chosen) return E.right(chosen);
  const at = { file: CHOICE, start: 0, end: name.length };
  const members = variants.filter((v) => v.family === name).map((v) => v.name);
  if (members.length > 0) return reject(says.severalVariants(name, members, at));
  const names = variants.map((v) => v.name);
  return reject(says.unknownVariant(name, names, at));
};
