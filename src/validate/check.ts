/** A spec's name, its variant and overrides enter; the resolved experiment leaves, with everything found in the spec. */

import * as E from "fp-ts/lib/Either.js";
import { collect, mistakes, reject, unless } from "../diagnostic/checked.js";
import type { Checked, Diagnostic } from "../diagnostic/diagnostic.js";
import { errorsIn, inOrder } from "../diagnostic/order.js";
import type { Sources } from "../diagnostic/position.js";
import { assign } from "../normalize/assign.js";
import * as says from "../normalize/errors.js";
import { unusedWindow } from "../normalize/evaluate.js";
import { load, type Read } from "../normalize/extend.js";
import { locate } from "../normalize/locate.js";
import { normalize, type Resolved } from "../normalize/normalize.js";
import type { Origins } from "../normalize/origin.js";
import { expandVariants, type Variant } from "../normalize/variants.js";
import { type Assignment, argumentFile, parseOverride } from "../source/override.js";
import { plain, type Tree } from "../source/tree.js";
import { decode } from "../spec/codec.js";
import { spec as language } from "../spec/spec.js";
import { validate } from "./rules.js";

export interface CheckRequest {
  /** As typed: `specs/camvid.yaml`. */
  readonly entry: string;
  /** What stands behind `#`. */
  readonly variant?: string | undefined;
  /** `path.to.key=value`, in the order typed. */
  readonly overrides?: readonly string[];
  /** Absolute folder that relative names start from. */
  readonly cwd: string;
  readonly read: Read;
}

export interface Check {
  /** Of the chosen variant, or of the spec itself. */
  readonly result: Checked<Resolved>;
  /** Everything found, in the other variants too; in order, with places. */
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
  /** Names that can stand behind `#`. */
  readonly variants: readonly string[];
}

export const checkSpec = (request: CheckRequest): Check => {
  const { entry, overrides = [] } = request;
  const loaded = load(entry, request.read);
  const sources: Sources = new Map([
    ...loaded.sources,
    ...overrides.map((text, i) => [argumentFile(i), text] as const),
    ...(request.variant === undefined ? [] : [[VARIANT_ARGUMENT, request.variant] as const]),
  ]);
  const assignments = collect(overrides.map(parseOverride));
  if (E.isLeft(loaded.tree) || E.isLeft(assignments)) {
    const found = [...mistakes(loaded.tree), ...mistakes(assignments)];
    return { result: unless(found, never), diagnostics: inOrder(found), sources, variants: [] };
  }
  return { ...checkTree(loaded.tree.right, assignments.right, request), sources };
};

const never = (): never => {
  throw new Error("internal error in pspc: a mistake without a diagnostic");
};

/** The name under which a variant that was typed is shown. */
const VARIANT_ARGUMENT = "variant";

const checkTree = (
  tree: Tree,
  overrides: readonly Assignment[],
  request: CheckRequest,
): Omit<Check, "sources"> => {
  const expanded = expandVariants(tree);
  const variants = E.isRight(expanded) ? expanded.right : [];
  const choice = choose(request.variant, variants, E.isLeft(expanded));
  const one = (v: Variant | null): Outcome =>
    resolve(tree, [...(v?.assignments ?? []), ...overrides], v?.name ?? null, request.cwd);
  const main = E.isRight(choice) ? one(choice.right) : undefined;
  const others = request.variant === undefined ? variants.map(one) : [];
  const found = [
    ...mistakes(expanded),
    ...mistakes(choice),
    ...(main?.found ?? []),
    ...others.flatMap((o, i) => errorsIn(o.found).map(inVariant(variants[i]!.name))),
  ];
  const blocking = errorsIn([...mistakes(expanded), ...mistakes(choice), ...(main?.found ?? [])]);
  return {
    result: unless(blocking, () => main?.resolved ?? never()),
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
  isBroken: boolean,
): Checked<Variant | null> => {
  if (name === undefined || isBroken) return E.right(null);
  const chosen = variants.find((v) => v.name === name);
  if (chosen) return E.right(chosen);
  const at = { file: VARIANT_ARGUMENT, start: 0, end: name.length };
  const members = variants.filter((v) => v.family === name).map((v) => v.name);
  if (members.length > 0) return reject(says.severalVariants(name, members, at));
  const names = variants.map((v) => v.name);
  return reject(says.unknownVariant(name, names, at));
};

interface Outcome {
  readonly resolved?: Resolved;
  readonly found: readonly Diagnostic[];
}

/** One variant on its way from tree to experiment. */
const resolve = (
  tree: Tree,
  assignments: readonly Assignment[],
  variant: string | null,
  cwd: string,
): Outcome => {
  const changed = assignments.reduce<Checked<Tree>>(
    (t, a) => E.flatMap((done: Tree) => assign(done, a))(t),
    E.right(tree),
  );
  if (E.isLeft(changed)) return { found: changed.left };
  const decoded = decode(language, plain(changed.right));
  const said = (found: readonly Diagnostic[], origins: Origins): readonly Diagnostic[] =>
    found.map(locate(changed.right, origins));
  if (E.isLeft(decoded)) return { found: said(decoded.left, new Map()) };
  const resolved = normalize(decoded.right, changed.right, { cwd, variant });
  if (E.isLeft(resolved)) return { found: said(resolved.left, new Map()) };
  const { experiment, origins } = resolved.right;
  const found = [...unusedWindow(decoded.right.evaluate ?? {}), ...validate(experiment)];
  return { resolved: resolved.right, found: said(found, origins) };
};
