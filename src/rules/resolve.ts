/** A spec's tree and the changes to it enter; the experiment leaves, decoded, normalised and held to every rule. */

import * as E from "fp-ts/lib/Either.js";
import {
  type Checked,
  type Diagnostic,
  errorsIn,
  rejectAll,
  unless,
} from "../diagnostic/diagnostic.js";
import { decode } from "../language/codec.js";
import { dataAlone, spec as language } from "../language/spec.js";
import { decideData } from "../normalize/data.js";
import type { Data } from "../normalize/experiment.js";
import { assign } from "../normalize/extend.js";
import { normalize, type Resolved, type Setting } from "../normalize/normalize.js";
import { Decisions, locate, type Origins } from "../normalize/origin.js";
import type { Assignment } from "../source/override.js";
import { plain, type Tree } from "../source/tree.js";
import type { Facts } from "./rule.js";
import { validate, validateData } from "./rules.js";

export interface Outcome<A = Resolved> {
  readonly result: Checked<A>;
  /** Everything found, warnings and notes too, each with its place. */
  readonly found: readonly Diagnostic[];
}

/** One variant: a phase begins where the one before found no error. */
export const resolve = (
  tree: Tree,
  assignments: readonly Assignment[],
  setting: Setting & Facts,
  also: (resolved: Resolved) => readonly Diagnostic[] = () => [],
): Outcome => {
  const changed = change(tree, assignments);
  if (E.isLeft(changed)) return failed(changed.left);
  const place = (found: readonly Diagnostic[], origins: Origins = new Map()) =>
    found.map(locate(changed.right, origins));
  const decoded = decode(language, plain(changed.right));
  if (E.isLeft(decoded)) return failed(place(decoded.left));
  const resolved = normalize(decoded.right, changed.right, setting);
  if (E.isLeft(resolved)) return failed(place(resolved.left));
  const { experiment, origins } = resolved.right;
  const said = validate(decoded.right, experiment, setting);
  const more = errorsIn(said).length > 0 ? [] : also(resolved.right);
  const found = place([...said, ...more], origins);
  return { result: unless(errorsIn(found), () => resolved.right), found };
};

/** The data section alone, whatever is wrong elsewhere. */
export const resolveData = (
  tree: Tree,
  assignments: readonly Assignment[],
  { cwd }: Pick<Setting, "cwd">,
): Outcome<Data> => {
  const changed = change(tree, assignments);
  if (E.isLeft(changed)) return failed(changed.left);
  const place = (found: readonly Diagnostic[], origins: Origins = new Map()) =>
    found.map(locate(changed.right, origins));
  const decoded = decode(dataAlone, plain(changed.right));
  if (E.isLeft(decoded)) return failed(place(decoded.left));
  const decide = new Decisions(changed.right, decoded.right.semantics ?? "semseg");
  const data = decideData(decoded.right.data, decide, cwd);
  if (E.isLeft(data)) return failed(place(data.left));
  const found = place(validateData({ data: data.right }), decide.origins);
  return { result: unless(errorsIn(found), () => data.right), found };
};

const failed = (found: readonly Diagnostic[]): Outcome<never> => ({
  result: rejectAll(found),
  found,
});

/** In the order given, the first that cannot be made ends the rest. */
const change = (tree: Tree, assignments: readonly Assignment[]): Checked<Tree> =>
  assignments.reduce<Checked<Tree>>(
    (done, assignment) => E.flatMap((t: Tree) => assign(t, assignment))(done),
    E.right(tree),
  );
