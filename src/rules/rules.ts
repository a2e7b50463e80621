/** Every rule of the language that reads more than one value: the tables that a spec is checked against. */

import type { Diagnostic } from "../diagnostic/diagnostic.js";
import type { Spec } from "../language/spec.js";
import type { Experiment } from "../normalize/experiment.js";
import * as augment from "./augment.js";
import * as backbone from "./backbone.js";
import * as data from "./data.js";
import * as evaluate from "./evaluate.js";
import * as loss from "./loss.js";
import * as model from "./model.js";
import type { DataRule, Facts, Rule, SpecRule } from "./rule.js";
import * as schedule from "./schedule.js";
import * as train from "./train.js";

/** About the data section alone. */
export const dataRules = {
  splitForm: data.splitForm,
  sharesLeaveSome: data.sharesLeaveSome,
  togetherPattern: data.togetherPattern,
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
  rootIsThere: data.rootIsThere,
  batchFills: data.batchFills,
  mobilenetChoices: backbone.mobilenetChoices,
  strideOrDilation: backbone.strideOrDilation,
  insideBottlenecks: backbone.insideBottlenecks,
  equalGroups: backbone.equalGroups,
  strideSite: backbone.strideSite,
  firstDilation: backbone.firstDilation,
  dilatedConvolution: backbone.dilatedConvolution,
  binsFit: model.binsFit,
  binsDivide: model.binsDivide,
  binsDiffer: model.binsDiffer,
  branchChannels: model.branchChannels,
  auxiliaryWeight: model.auxiliaryWeight,
  frozenAuxiliary: model.frozenAuxiliary,
  cropOnGrid: train.cropOnGrid,
  binNorms: train.binNorms,
  stageNorms: train.stageNorms,
  attentionNorms: train.attentionNorms,
  batchParts: train.batchParts,
  rateFalls: schedule.rateFalls,
  warmupEnds: schedule.warmupEnds,
  milestonesReached: schedule.milestonesReached,
  adamwRate: schedule.adamwRate,
  frozenStart: train.frozenStart,
  averageFollows: train.averageFollows,
  precisionInHardware: train.precisionInHardware,
  validationSplit: train.validationSplit,
  classWeights: loss.classWeights,
  miningChooses: loss.miningChooses,
  focalLabels: loss.focalLabels,
  stripsAddUp: loss.stripsAddUp,
  augmentRanges: augment.augmentRanges,
  augmentOnce: augment.augmentOnce,
  cropLast: augment.cropLast,
  oneScale: evaluate.oneScale,
  windowOnGrid: evaluate.windowOnGrid,
  windowSize: evaluate.windowSize,
  overlapBelowOne: evaluate.overlapBelowOne,
} as const satisfies Readonly<Record<string, Rule>>;

/** About what was written and has no effect. */
export const specRules = {
  classesNamed: data.classesNamed,
  backboneOnce: backbone.backboneOnce,
  weightsOnce: model.weightsOnce,
  multipliersUsed: train.multipliersUsed,
  windowUsed: evaluate.windowUsed,
} as const satisfies Readonly<Record<string, SpecRule>>;

/** What a look finds, and whether it read a value that is not the author's. */
type Observe = <B>(look: () => B) => { readonly value: B; readonly touched: boolean };

/** Where every value is the author's. */
const surely: Observe = (look) => ({ value: look(), touched: false });

export interface Verdict {
  readonly found: readonly Diagnostic[];
  /** Whether a rule is silent because it read a value that is not the author's. */
  readonly silenced: boolean;
}

/** All that the rules find. */
export const validate = (
  spec: Spec,
  experiment: Experiment,
  facts: Facts,
  observe: Observe = surely,
): Verdict => {
  const seen = Object.values<Rule>(rules).map((rule) => observe(() => rule(experiment, facts)));
  const { found, silenced } = verdict(seen);
  const written = Object.values(specRules).flatMap((rule) => rule(spec));
  return { found: [...written, ...found], silenced };
};

/** What those find that read the data alone. */
export const validateData = (
  experiment: Pick<Experiment, "data">,
  observe: Observe = surely,
): Verdict => verdict(Object.values(dataRules).map((rule) => observe(() => rule(experiment))));

const verdict = (
  seen: readonly { readonly value: readonly Diagnostic[]; readonly touched: boolean }[],
): Verdict => ({
  found: seen.flatMap(({ value, touched }) => (touched ? [] : value)),
  silenced: seen.some(({ touched }) => touched),
});
