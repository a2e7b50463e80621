/** Every rule of the language that looks at more than one value, in the order of a spec. */

import type { Diagnostic } from "../diagnostic/diagnostic.js";
import type { Experiment } from "../normalize/experiment.js";
import { augmentOnce } from "./augment-once.js";
import { augmentRanges } from "./augment-ranges.js";
import { auxiliaryWeight } from "./auxiliary-weight.js";
import { averageFollows } from "./average-follows.js";
import { batchParts } from "./batch-parts.js";
import { binsDiffer } from "./bins-differ.js";
import { binsDivide } from "./bins-divide.js";
import { binsFit } from "./bins-fit.js";
import { branchChannels } from "./branch-channels.js";
import { classCount } from "./class-count.js";
import { classLabels } from "./class-labels.js";
import { classNames } from "./class-names.js";
import { classWeights } from "./class-weights.js";
import { cropLast } from "./crop-last.js";
import { cropOnGrid } from "./crop-on-grid.js";
import { firstDilation } from "./first-dilation.js";
import { frozenAuxiliary } from "./frozen-auxiliary.js";
import { frozenStart } from "./frozen-start.js";
import { miningChooses } from "./mining-chooses.js";
import { normValues } from "./norm-values.js";
import { overlapBelowOne } from "./overlap-below-one.js";
import { paletteCount } from "./palette-count.js";
import { rateFalls } from "./rate-falls.js";
import type { DataRule, Rule } from "./rule.js";
import { splitForm } from "./split-form.js";
import { strideSite } from "./stride-site.js";
import { stripsAddUp } from "./strips-add-up.js";
import { validationSplit } from "./validation-split.js";
import { windowOnGrid } from "./window-on-grid.js";
import { windowSize } from "./window-size.js";

const dataRules: readonly DataRule[] = [
  splitForm,
  classNames,
  classCount,
  classLabels,
  paletteCount,
];

export const rules: readonly Rule[] = [
  ...dataRules,
  strideSite,
  firstDilation,
  binsFit,
  binsDivide,
  binsDiffer,
  branchChannels,
  auxiliaryWeight,
  cropOnGrid,
  normValues,
  batchParts,
  rateFalls,
  frozenStart,
  frozenAuxiliary,
  averageFollows,
  classWeights,
  miningChooses,
  stripsAddUp,
  augmentRanges,
  augmentOnce,
  cropLast,
  validationSplit,
  windowOnGrid,
  windowSize,
  overlapBelowOne,
];

/** All that the rules find; they are independent of each other. */
export const validate = (experiment: Experiment): readonly Diagnostic[] =>
  rules.flatMap((rule) => rule(experiment));

/** What those find that look at the data alone. */
export const validateData = (experiment: Pick<Experiment, "data">): readonly Diagnostic[] =>
  dataRules.flatMap((rule) => rule(experiment));
