/** Batch normalisation over the batch needs more than one value a channel: images at a time × rows × columns. */

import type { Diagnostic } from "../diagnostic/diagnostic.js";
import { stageSizes } from "../language/geometry.js";
import type { Experiment } from "../normalize/experiment.js";
import * as says from "./errors-train.js";
import type { Rule } from "./rule.js";

export const normValues: Rule = (experiment) => {
  const { batch, accumulate, freeze } = experiment.train;
  const several = batch / accumulate > 1;
  if (several || freeze.norm === "all") return [];
  const stages = freeze.norm === "backbone" || freeze.stages === 4 ? [] : ofStages(experiment);
  return [...ofBins(experiment), ...stages];
};

/** `reduction: none` has no 1×1 convolution, and so no normalisation behind it. */
const ofBins = ({ model: { pyramid }, train }: Experiment): readonly Diagnostic[] =>
  (pyramid?.channels == null ? [] : pyramid!.bins).flatMap((bin, i) =>
    bin === 1
      ? [
          says.oneValue(
            { path: ["model", "pyramid", "bins", i], label: "pools to 1×1" },
            train,
            true,
          ),
        ]
      : [],
  );

const ofStages = ({ model, train }: Experiment): readonly Diagnostic[] => {
  const [h, w] = train.crop.map((n) => stageSizes(n, model.backbone.dilations)[3]);
  const label = `${train.crop.join("×")} ends in a 1×1 feature map`;
  return h === 1 && w === 1
    ? [says.oneValue({ path: ["train", "crop"], label }, train, false)]
    : [];
};
