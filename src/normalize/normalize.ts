/** Decides everything that a decoded spec leaves open: the experiment, with the origin of every value. */

import type * as t from "io-ts";
import { type Checked, formatPath, unless } from "../diagnostic/diagnostic.js";
import type { Row } from "../language/scope.js";
import type { Preset } from "../language/semantics.js";
import { dataAlone, spec as language, type Spec, semantics } from "../language/spec.js";
import type { Tree } from "../source/tree.js";
import type { Data, Experiment } from "./experiment.js";
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

export const normalize = (spec: Spec, tree: Tree, { cwd, variant }: Setting): Checked<Resolved> => {
  const scope = scopeOf({ spec, tree, poisoned: new Set(), cwd }, new Watch());
  const { value: experiment, rows } = language.decide(spec, scope);
  return unless(labelMistakes(spec.data, experiment.data), () => ({
    experiment,
    origins: originsOf(rows),
    semantics: scope.read(semantics),
    variant,
  }));
};

/** The data section alone, of a spec of which nothing else is known. */
export const normalizeData = (
  spec: t.TypeOf<typeof dataAlone>,
  tree: Tree,
  cwd: string,
): Checked<{ readonly data: Data; readonly origins: Origins }> => {
  const scope = scopeOf({ spec, tree, poisoned: new Set(), cwd }, new Watch());
  const { value, rows } = dataAlone.decide(spec, scope);
  return unless(labelMistakes(spec.data, value.data), () => ({
    data: value.data,
    origins: originsOf(rows),
  }));
};

const originsOf = (rows: readonly Row[]): Origins =>
  new Map(rows.map((row) => [formatPath(row.path), row]));
