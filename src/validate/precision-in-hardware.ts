/** bf16 on a machine that computes it in software trains to the same scores, slower: worth a warning, not an error. */

import type { Diagnostic } from "../diagnostic/diagnostic.js";
import type { Experiment } from "../normalize/experiment.js";
import * as says from "./errors-train.js";

/** What the machine that will train can do, where it is known. Asked only for specs that need it. */
export interface Machine {
  readonly computesBf16?: (() => boolean) | undefined;
}

export const precisionInHardware = (
  { train }: Experiment,
  { computesBf16 = () => true }: Machine,
): readonly Diagnostic[] =>
  train.precision === "bf16" && !computesBf16() ? [says.noBf16InHardware()] : [];
