/** A decoded spec and its tree enter; the experiment leaves, with the origin of every value. */

import * as E from "fp-ts/lib/Either.js";
import type { Checked } from "../diagnostic/diagnostic.js";
import type { Preset, Spec } from "../language/spec.js";
import type { Tree } from "../source/tree.js";
import { decideData } from "./data.js";
import { decideEvaluate } from "./evaluate.js";
import type { Data, Experiment } from "./experiment.js";
import { decideModel } from "./model.js";
import { Decisions, type Origins } from "./origin.js";
import { decideTrain } from "./train.js";

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
  const semantics = spec.semantics ?? "semseg";
  const decide = new Decisions(tree, semantics);
  decide.or("semantics", spec.semantics, semantics, "the authors' PyTorch code");
  const experiment = (data: Data): Experiment => {
    const model = decideModel(spec.model ?? {}, decide, cwd);
    const train = decideTrain(spec.train, decide);
    return {
      data,
      model,
      train,
      evaluate: decideEvaluate(spec.evaluate ?? {}, train.crop, decide),
    };
  };
  const resolved = (data: Data): Resolved => ({
    experiment: experiment(data),
    origins: decide.origins,
    semantics,
    variant,
  });
  return E.map(resolved)(decideData(spec.data, decide, cwd));
};
