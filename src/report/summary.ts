/** One line that a person recognises an experiment by: network, classes, crop, output stride. */

import { families } from "../language/family.js";
import { featureSize, outputStride } from "../language/geometry.js";
import type { Experiment, Model } from "../normalize/experiment.js";

/** `PSPNet over ResNet-50`; without a pyramid it is the paper's baseline. */
export const networkName = ({ backbone, pyramid }: Model): string =>
  `${pyramid === null ? "dilated FCN" : "PSPNet"} over ${families[backbone.block].title(backbone)}`;

export const summary = ({ data, model, train }: Experiment): string => {
  const [height, width] = train.crop;
  const feature = train.crop.map((side) => featureSize(side, model.backbone)).join("×");
  return [
    networkName(model),
    `${data.classes.length} classes`,
    `crop ${height}×${width}`,
    `output stride ${outputStride(model.backbone)}`,
    `features ${feature}`,
  ].join(" · ");
};
