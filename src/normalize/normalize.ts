/** Decides everything that a decoded spec leaves open: the experiment, with the origin of every value. */

import { type Diagnostic, formatPath } from "../diagnostic/diagnostic.js";
import type { Recovered } from "../language/decode.js";
import type { Row } from "../language/scope.js";
import type { Preset } from "../language/semantics.js";
import { spec as language, type Spec, semantics } from "../language/spec.js";
import type { Tree } from "../source/tree.js";
import type { Experiment } from "./experiment.js";
import { labelMistakes } from "./labels.js";
import type { Origins } from "./origin.js";
import { scopeOf, Watch } from "./scope.js";

export interface Resolved {
  readonly experiment: Experiment;
  readonly origins: Origins;
  readonly semantics: Preset;
  /** The chosen variant; `null` is the spec itself. */
  readonly variant: string | null;
}

export interface Setting {
  /** Absolute; where relative paths of relative files begin. */
  readonly cwd: string;
  readonly variant: string | null;
}

/**
 * What normalisation leaves. Where a key could not be decoded the value holds a stand-in, and notes when it, or
 * anything computed from it, is read: a rule that read one has judged what nobody wrote, and stays silent.
 */
export interface Normalized<A> {
  readonly value: A;
  readonly origins: Origins;
  /** What is wrong with the labels of the data. */
  readonly found: readonly Diagnostic[];
  /** What `look` finds in the value, and whether it read a stand-in on the way. */
  readonly observe: <B>(look: () => B) => { readonly value: B; readonly touched: boolean };
}

/** Labels that are wrong in themselves are poisoned, so that no rule repeats what is said of them here. */
export const normalize = (
  { value: spec, poisoned }: Pick<Recovered<Spec>, "value" | "poisoned">,
  tree: Tree,
  setting: Setting,
): Normalized<Resolved> => {
  const { cwd, variant } = setting;
  const watch = new Watch();
  const scope = scopeOf({ spec, tree, poisoned, cwd }, watch);
  const { value: experiment, rows } = language.decide(spec, scope);
  const observe = <B>(look: () => B) => watch.observe(look);
  const labels = observe(() => labelMistakes(spec.data, experiment.data));
  const found = labels.touched ? [] : labels.value;
  if (found.length > 0 && !poisoned.has("data.labels")) {
    const more = new Set([...poisoned, "data.labels"]);
    return { ...normalize({ value: spec, poisoned: more }, tree, setting), found };
  }
  const { value: preset } = observe(() => scope.read(semantics));
  const origins = originsOf(rows);
  return { value: { experiment, origins, semantics: preset, variant }, origins, found, observe };
};

const originsOf = (rows: readonly Row[]): Origins =>
  new Map(rows.map((row) => [formatPath(row.path), row]));
