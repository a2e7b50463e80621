/** The samples of a batch differ: there must be as many, where the data are at hand. */

import type { Diagnostic } from "../diagnostic/diagnostic.js";
import type { Data, Experiment } from "../normalize/experiment.js";
import * as says from "./errors-data.js";

/** What is known of the data; a spec may be right where they are not. */
export interface Samples {
  /** How many the training split lists, or `null` where the list cannot be read. */
  readonly samples?: ((data: Data) => number | null) | undefined;
}

export const batchFills = (
  { data, train }: Experiment,
  { samples = () => null }: Samples,
): readonly Diagnostic[] => {
  const listed = samples(data);
  return listed === null || listed >= train.batch
    ? []
    : [says.batchBeyondData(train.batch, listed)];
};
