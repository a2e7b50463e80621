/** What follows from a value, for its hover: feature maps and cells, receptive field, memory. */

import { cellLength } from "../graph/constant.js";
import {
  featureSize,
  outputStride,
  type Sides,
  stageSizes,
  stageStrides,
} from "../language/geometry.js";
import type { Backbone, Data, Experiment } from "../normalize/experiment.js";
import { recomputed } from "../plan/recompute.js";
import { isFrugal, trainingStep } from "../plan/step.js";
import { standard } from "../rewrite/passes.js";
import { sizesOn } from "../tensorflow/target.js";

/** Lines of Markdown, by the path of the key. Asked only of experiments that can be trained. */
export const consequences: Readonly<Record<string, (experiment: Experiment) => readonly string[]>> =
  {
    "train.crop": (experiment) => [features(experiment), ...bins(experiment)],
    "model.pyramid.bins": (experiment) => [features(experiment), ...bins(experiment)],
    "model.backbone.dilations": ({ model: { backbone }, train }) => [
      `Output stride ${outputStride(backbone.dilations)}: the stages have strides ${stageStrides(backbone.dilations).join(", ")}.`,
      `The stages' maps at the crop: ${stageMaps(train.crop, backbone).join(", ")}.`,
      `A feature sees ${receptiveField(backbone)}×${receptiveField(backbone)} pixels.`,
    ],
    "train.batch": (experiment) => [memory(experiment)],
    "train.accumulate": (experiment) => [memory(experiment)],
    "train.memory": (experiment) => [memory(experiment)],
  };

const by = ([height, width]: Sides): string => `${height}×${width}`;

const featureMap = ({ model: { backbone }, train: { crop } }: Experiment): Sides => [
  featureSize(crop[0], backbone.dilations),
  featureSize(crop[1], backbone.dilations),
];

const features = (experiment: Experiment): string => {
  const { model, train } = experiment;
  const stride = outputStride(model.backbone.dilations);
  return `A crop of ${by(train.crop)} at output stride ${stride} gives a ${by(featureMap(experiment))} feature map.`;
};

const bins = (experiment: Experiment): readonly string[] => {
  const [height, width] = featureMap(experiment);
  const stride = outputStride(experiment.model.backbone.dilations);
  return (experiment.model.pyramid?.bins ?? []).map((bin) => {
    if (bin > Math.min(height, width)) return `- bin ${bin} does not fit`;
    const cell: Sides = [cellLength(bin, height), cellLength(bin, width)];
    const overlap = height % bin === 0 && width % bin === 0 ? "" : " at most, overlapping";
    const pixels: Sides = [cell[0] * stride, cell[1] * stride];
    return `- bin ${bin}: ${bin}×${bin} cells of ${by(cell)} features${overlap}, ${by(pixels)} pixels of the image`;
  });
};

const stageMaps = ([height, width]: Sides, { dilations }: Backbone): readonly string[] => {
  const widths = stageSizes(width, dilations);
  return stageSizes(height, dilations).map((rows, i) => by([rows, widths[i] ?? rows]));
};

/** Side in pixels of what one value of the last map depends on: each k×k window of dilation d adds (k − 1)·d·jump. */
export const receptiveField = (of: Backbone): number => {
  let [field, jump] = [1, 1];
  const window = (size: number, stride: number, dilation = 1): void => {
    field += (size - 1) * dilation * jump;
    jump *= stride;
  };
  if (of.stem.kind === "deep") for (const stride of [2, 1, 1]) window(3, stride);
  else window(7, 2);
  window(3, 2);
  const strides = stageStrides(of.dilations);
  of.blocks.forEach((blocks, stage) => {
    const dilation = of.dilations[stage] ?? 1;
    const first =
      of.first_dilation === "contracted" ? Math.max(1, Math.floor(dilation / 2)) : dilation;
    for (let block = 0; block < blocks; block++) {
      const stride = block === 0 ? (strides[stage] ?? 1) : 1;
      const isEarly = of.block === "bottleneck" && of.stride_site === "1x1";
      if (isEarly) window(1, stride);
      const own = block === 0 ? first : dilation;
      window(3, isEarly ? 1 : stride, own);
      if (of.block === "basic") window(3, 1, of.dilated === "first" ? 1 : own);
    }
  });
  return field;
};

/** The estimate of `plan`, for a CPU. */
const memory = (experiment: Experiment): string => {
  const { batch, accumulate } = experiment.train;
  const sizes = sizesOn();
  const step = trainingStep(experiment, standard, recomputed(experiment, sizes));
  const { total } = sizes(step, isFrugal(experiment));
  const parts = accumulate === 1 ? "" : ` in ${accumulate} parts`;
  return `Training with ${batch} images a step${parts} needs about ${gibibytes(total)}.`;
};

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Of a class: its index, and the values of a label file that mean it. */
export const classInWords = (name: string, { classes, labels }: Data): readonly string[] => {
  const index = classes.indexOf(name);
  if (index < 0) return [];
  const values = [...labels].flatMap(([value, meaning]) => (meaning === index ? [value] : []));
  const shown = values.length > 8 ? [...values.slice(0, 8), "…"] : values;
  const told =
    values.length === 0
      ? "no label value means it"
      : `label value${values.length === 1 ? "" : "s"} ${shown.join(", ")}`;
  return [`Class ${index} of ${classes.length}; ${told}.`];
};
