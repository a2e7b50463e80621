/** Every rule of the language that reads more than one value: the tables that a spec is checked against. */

import type { Diagnostic } from "../diagnostic/diagnostic.js";
import type { Spec } from "../language/spec.js";
import type { Experiment } from "../normalize/experiment.js";
import * as augment from "./augment.js";
import * as data from "./data.js";
import * as evaluate from "./evaluate.js";
import * as loss from "./loss.js";
import * as model from "./model.js";
import type { DataRule, Facts, Rule, SpecRule } from "./rule.js";
import * as train from "./train.js";

/** About the data section alone. */
export const dataRules = {
  splitForm: data.splitForm,
  classNames: data.classNames,
  classCount: data.classCount,
  classLabels: data.classLabels,
  paletteCount: data.paletteCount,
  imageRange: data.imageRange,
  byteScale: data.byteScale,
} as const satisfies Readonly<Record<string, DataRule>>;

/** In the order of a spec. */
export const rules = {
  ...dataRules,
  batchFills: data.batchFills,
  strideSite: model.strideSite,
  firstDilation: model.firstDilation,
  binsFit: model.binsFit,
  binsDivide: model.binsDivide,
  binsDiffer: model.binsDiffer,
  branchChannels: model.branchChannels,
  auxiliaryWeight: model.auxiliaryWeight,
  frozenAuxiliary: model.frozenAuxiliary,
  cropOnGrid: train.cropOnGrid,
  normValues: train.normValues,
  batchParts: train.batchParts,
  rateFalls: train.rateFalls,
  frozenStart: train.frozenStart,
  averageFollows: train.averageFollows,
  precisionInHardware: train.precisionInHardware,
  validationSplit: train.validationSplit,
  classWeights: loss.classWeights,
  miningChooses: loss.miningChooses,
  stripsAddUp: loss.stripsAddUp,
  augmentRanges: augment.augmentRanges,
  augmentOnce: augment.augmentOnce,
  cropLast: augment.cropLast,
  windowOnGrid: evaluate.windowOnGrid,
  windowSize: evaluate.windowSize,
  overlapBelowOne: evaluate.overlapBelowOne,
} as const satisfies Readonly<Record<string, Rule>>;

/** About what was written and has no effect. */
export const specRules = {
  weightsOnce: model.weightsOnce,
  multipliersUsed: train.multipliersUsed,
  windowUsed: evaluate.windowUsed,
} as const satisfies Readonly<Record<string, SpecRule>>;

/** Runs a rule, and notes whether it read a value that nobody wrote because what was written cannot be read. */
type Observe = <B>(look: () => B) => { readonly value: B; readonly touched: boolean };

/** Where everything was written as it stands. */
const surely: Observe = (look) => ({ value: look(), touched: false });

/** What a rule finds, unless it judged a stand-in. */
const known = ({
  value,
  touched,
}: {
  readonly value: readonly Diagnostic[];
  readonly touched: boolean;
}): readonly Diagnostic[] => (touched ? [] : value);

/** All that the rules find. */
export const validate = (
  spec: Spec,
  experiment: Experiment,
  facts: Facts,
  observe: Observe = surely,
): readonly Diagnostic[] => [
  ...Object.values(specRules).flatMap((rule) => rule(spec)),
  ...Object.values<Rule>(rules).flatMap((rule) => known(observe(() => rule(experiment, facts)))),
];

/** What those find that read the data alone. */
export const validateData = (
  experiment: Pick<Experiment, "data">,
  observe: Observe = surely,
): readonly Diagnostic[] =>
  Object.values(dataRules).flatMap((rule) => known(observe(() => rule(experiment))));
