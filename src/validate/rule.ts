/** What a rule is: an experiment enters, what is wrong with it leaves. */

import type { Diagnostic } from "../diagnostic/diagnostic.js";
import { featureSize, outputStride } from "../language/geometry.js";
import type { Experiment } from "../normalize/experiment.js";
import type { Geometry } from "./places.js";

export type Rule = (experiment: Experiment) => readonly Diagnostic[];

/** One that looks at the data alone. */
export type DataRule = (experiment: Pick<Experiment, "data">) => readonly Diagnostic[];

export const geometry = ({ model, train }: Experiment): Geometry => {
  const { dilations } = model.backbone;
  const [h, w] = train.crop;
  return {
    crop: train.crop,
    stride: outputStride(dilations),
    feature: [featureSize(h, dilations), featureSize(w, dilations)],
    dilations,
  };
};

/** Each item that occurred before, with the index of its first occurrence. */
export const repetitions = <A>(
  items: readonly A[],
): readonly { readonly item: A; readonly index: number; readonly first: number }[] =>
  items
    .map((item, index) => ({ item, index, first: items.indexOf(item) }))
    .filter(({ index, first }) => first < index);
