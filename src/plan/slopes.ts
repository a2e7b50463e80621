/** The gradient of a part of a batch: an experiment enters; its loss leaves, and a slope for each variable that learns. */

import { trainedVariables } from "../gradient/descend.js";
import { gradients } from "../gradient/reverse.js";
import type { Node, Variable } from "../graph/op.js";
import { isFrozen } from "../model/freeze.js";
import { type Run, runOf } from "../model/segment.js";
import type { Experiment } from "../normalize/experiment.js";
import type { Passes } from "../rewrite/passes.js";
import { type Objective, objective } from "./objective.js";

export interface Slopes extends Objective {
  readonly variables: readonly Variable[];
  readonly slopes: readonly Node[];
}

/** Of the part at `index`; the backward pass makes the blocks of each run of `again` again. */
export const slopesOf = (
  experiment: Experiment,
  index: Node,
  passes: Passes,
  again: readonly Run[],
): Slopes => {
  const { accumulate, freeze } = experiment.train;
  const of = objective(experiment, { count: accumulate, index }, passes);
  const variables = trainedVariables([of.slope]).filter(
    ({ attributes }) => !isFrozen(attributes.name, freeze),
  );
  const segmentOf = runOf(of.slope, experiment.model.backbone, again);
  return { ...of, variables, slopes: gradients(of.slope, variables, segmentOf) };
};
