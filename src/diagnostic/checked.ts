/** Independent checks enter; every value leaves, or the mistakes of all of them together. */

import * as E from "fp-ts/lib/Either.js";
import type { NonEmptyArray } from "fp-ts/lib/NonEmptyArray.js";
import type { Checked, Diagnostic } from "./diagnostic.js";
import { invariant } from "./invariant.js";

const isNonEmpty = <A>(xs: readonly A[]): xs is NonEmptyArray<A> => xs.length > 0;

/** The value, unless there is something to say against it. */
export const unless = <A>(found: readonly Diagnostic[], value: () => A): Checked<A> =>
  isNonEmpty(found) ? E.left(found) : E.right(value());

export const reject = (first: Diagnostic, ...rest: readonly Diagnostic[]): Checked<never> =>
  E.left([first, ...rest]);

/** For places where something is known to be wrong. */
export const rejectAll = (found: readonly Diagnostic[]): Checked<never> => {
  invariant(isNonEmpty(found), "a rejection without a diagnostic");
  return E.left(found);
};

/** All values in order, or all mistakes in order. */
export const collect = <A>(checks: readonly Checked<A>[]): Checked<readonly A[]> => {
  const found = checks.flatMap((c) => (E.isLeft(c) ? c.left : []));
  return unless(found, () => checks.flatMap((c) => (E.isRight(c) ? [c.right] : [])));
};

/** The mistakes of a check; none when it holds. */
export const mistakes = <A>(check: Checked<A>): readonly Diagnostic[] =>
  E.isLeft(check) ? check.left : [];
