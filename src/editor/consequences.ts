/** What follows from a value, for its hover: feature maps and cells, receptive field, memory. */

import { cellLength } from "../graph/constant.js";
import { featureSize, outputStride, type Sides, stageSizes } from "../language/geometry.js";
import { receptiveField } from "../model/backbone.js";
import type { Backbone, Data, Experiment } from "../normalize/experiment.js";
import { largestBatch, remembered } from "../plan/budget.js";
import { recomputed } from "../plan/recompute.js";
import { isFrugal, trainingStep } from "../plan/step.js";
import { bytes, count, scaled } from "../report/format.js";
import { layers } from "../report/layers.js";
import { asWritten, standard } from "../rewrite/passes.js";
import { sizesOn } from "../tensorflow/target.js";

/** Lines of Markdown, by the path of the key. Asked only of experiments that can be trained. */
export const consequences: Readonly<Record<string, (experiment: Experiment) => readonly string[]>> =
  {
    "train.crop": (experiment) => [features(experiment), ...bins(experiment)],
    "model.pyramid.bins": (experiment) => [features(experiment), ...bins(experiment)],
    "model.backbone.strides": (experiment) => stages(experiment),
    "model.backbone.dilations": (experiment) => stages(experiment),
    "train.batch": (experiment) => [memory(experiment), largest.of(experiment)],
    "train.accumulate": (experiment) => [memory(experiment)],
    "train.memory": (experiment) => [memory(experiment)],
  };

const stages = ({ model: { backbone }, train }: Experiment): readonly string[] => [
  `Output stride ${outputStride(backbone)}: the stages have strides ${backbone.strides.join(", ")}.`,
  `The stages' maps at the crop: ${stageMaps(train.crop, backbone).join(", ")}.`,
  `A feature sees ${receptiveField(backbone)}×${receptiveField(backbone)} pixels.`,
];

const by = ([height, width]: Sides): string => `${height}×${width}`;

const featureMap = ({ model: { backbone }, train: { crop } }: Experiment): Sides => [
  featureSize(crop[0], backbone),
  featureSize(crop[1], backbone),
];

const features = (experiment: Experiment): string => {
  const { model, train } = experiment;
  const stride = outputStride(model.backbone);
  return `A crop of ${by(train.crop)} at output stride ${stride} gives a ${by(featureMap(experiment))} feature map.`;
};

const bins = (experiment: Experiment): readonly string[] => {
  const [height, width] = featureMap(experiment);
  const stride = outputStride(experiment.model.backbone);
  return (experiment.model.pyramid?.bins ?? []).map((bin) => {
    if (bin > Math.min(height, width)) return `- bin ${bin} does not fit`;
    const cell: Sides = [cellLength(bin, height), cellLength(bin, width)];
    const overlap = height % bin === 0 && width % bin === 0 ? "" : " at most, overlapping";
    const pixels: Sides = [cell[0] * stride, cell[1] * stride];
    return `- bin ${bin}: ${bin}×${bin} cells of ${by(cell)} features${overlap}, ${by(pixels)} pixels of the image`;
  });
};

const stageMaps = ([height, width]: Sides, backbone: Backbone): readonly string[] => {
  const widths = stageSizes(width, backbone);
  return stageSizes(height, backbone).map((rows, i) => by([rows, widths[i] ?? rows]));
};

/** What a network costs, as `plan` has it for a CPU. */
export interface Costs {
  /** Of the network in use, without the auxiliary head. */
  readonly parameters: number;
  /** For one image of the crop. */
  readonly macs: number;
  /** Bytes of a process that trains. */
  readonly memory: number;
}

export const costs = remembered((experiment): Costs => {
  const rows = layers(trainingStep(experiment, asWritten)).filter(
    ({ part }) => part !== "auxiliary",
  );
  return {
    parameters: rows.reduce((n, row) => n + row.parameters, 0),
    macs: rows.reduce((n, row) => n + row.macs, 0),
    memory: memoryOf(experiment),
  };
});

/** `46.8 M parameters · 161.9 GMAC · 14.2 GiB`: VS Code cuts hints behind 43 characters. */
export const costsInWords = ({ parameters, macs, memory: needed }: Costs): string =>
  `${scaled(parameters)} parameters · ${scaled(macs)}MAC · ${bytes(needed)}`;

const memoryOf = (experiment: Experiment): number => {
  const sizes = sizesOn();
  const step = trainingStep(experiment, standard, recomputed(experiment, sizes));
  return sizes(step, isFrugal(experiment)).total;
};

const memory = (experiment: Experiment): string => {
  const { batch, accumulate } = experiment.train;
  const parts = accumulate === 1 ? "" : ` in ${accumulate} parts`;
  const needed = bytes(costs.of(experiment).memory);
  return `Training with ${batch} images a step${parts} needs about ${needed}.`;
};

/** What cards and machines have. */
const usual = [2, 4, 8, 16, 24, 32, 48, 64, 80, 141].map((gibibytes) => gibibytes * 2 ** 30);

/** Under the spec's own budget, or else in the least of the usual memories that holds the training. */
const largest = remembered((experiment): string => {
  const { memory: asked } = experiment.train;
  const own = asked !== null && "budget" in asked ? asked.budget : undefined;
  const limit = own ?? usual.find((size) => size >= costs.of(experiment).memory);
  if (limit === undefined) return "";
  const batch = largestBatch(experiment, limit, sizesOn());
  return `The largest batch for ${bytes(limit)} is ${batch}${own === undefined ? "" : ", the spec's budget"}.`;
});

/** What takes so long that an editor would notice: found beside it, it is learned here. */
export interface Weighed {
  readonly costs: Costs;
  /** Asked for by the hover alone. */
  readonly largest: string | undefined;
}

export const weigh = (experiment: Experiment, isWhole: boolean): Weighed => ({
  costs: costs.of(experiment),
  largest: isWhole ? largest.of(experiment) : undefined,
});

export const isWeighed = (experiment: Experiment, isWhole: boolean): boolean =>
  costs.known(experiment) !== undefined && !(isWhole && largest.known(experiment) === undefined);

export const learn = (experiment: Experiment, found: Weighed): void => {
  costs.learn(experiment, found.costs);
  if (found.largest !== undefined) largest.learn(experiment, found.largest);
};

/** Of a class: its index, the values of a label file that mean it, and its pixels in `train` where they were counted. */
export const classInWords = (
  name: string,
  { classes, labels }: Data,
  pixels?: readonly number[],
): readonly string[] => {
  const index = classes.indexOf(name);
  if (index < 0) return [];
  const values = [...labels].flatMap(([value, meaning]) => (meaning === index ? [value] : []));
  const shown = values.length > 8 ? [...values.slice(0, 8), "…"] : values;
  const told =
    values.length === 0
      ? "no label value means it"
      : `label value${values.length === 1 ? "" : "s"} ${shown.join(", ")}`;
  const own = pixels?.[index];
  const all = pixels?.reduce((sum, n) => sum + n, 0) ?? 0;
  const share = own === undefined || all === 0 ? "" : `, ${((100 * own) / all).toFixed(2)} %`;
  return [
    `Class ${index} of ${classes.length}; ${told}.`,
    ...(own === undefined
      ? []
      : ["", `${count(own)} pixels in \`train\`${share}, when the data were last checked.`]),
  ];
};
