/** One line that a person recognises an experiment by: network, classes, crop, output stride. */

import { featureSize, outputStride } from "../language/geometry.js";
import type { Backbone, Experiment, Model } from "../normalize/experiment.js";

/** The depths that have names (He et al. 2015, table 1; 269 from the paper's section 5.1). */
const depths: Readonly<Record<Backbone["block"], Readonly<Record<string, number>>>> = {
  basic: { "2,2,2,2": 18, "3,4,6,3": 34 },
  bottleneck: { "3,4,6,3": 50, "3,4,23,3": 101, "3,8,36,3": 152, "3,30,48,8": 269 },
};

const backboneName = ({ block, blocks, width }: Backbone): string => {
  const depth = depths[block][`${blocks}`];
  const wide = width === 64 ? "" : ` of width ${width}`;
  return `${depth === undefined ? `ResNet [${blocks.join(", ")}] (${block})` : `ResNet-${depth}`}${wide}`;
};

/** `PSPNet over ResNet-50`; without a pyramid it is the paper's baseline. */
export const networkName = ({ backbone, pyramid }: Model): string =>
  `${pyramid === null ? "dilated FCN" : "PSPNet"} over ${backboneName(backbone)}`;

export const summary = ({ data, model, train }: Experiment): string => {
  const [height, width] = train.crop;
  const { dilations } = model.backbone;
  const feature = train.crop.map((side) => featureSize(side, dilations)).join("×");
  return [
    networkName(model),
    `${data.classes.length} classes`,
    `crop ${height}×${width}`,
    `output stride ${outputStride(dilations)}`,
    `features ${feature}`,
  ].join(" · ");
};
