/** The rules of the section `model`: backbone, pyramid and auxiliary head must fit each other and the crop. */

import { type Diagnostic, error, type Fix, note, warning } from "../diagnostic/diagnostic.js";
import { stageChannels } from "../language/family.js";
import type { Sides } from "../language/geometry.js";
import { path } from "../language/path.js";
import {
  featureFrom,
  fixSize,
  fixSizes,
  type Geometry,
  geometry,
  isOnGrid,
  leastSide,
  nearestSizes,
  strideFrom,
  useSizes,
} from "./crops.js";
import { by, place, type Rule, remove, repetitions, type SpecRule, safely, write } from "./rule.js";

/** A bin b pools the feature map to b×b cells, so the map has at least b rows and columns (section 3.2). */
export const binsFit: Rule = (experiment) => {
  const { model } = experiment;
  const g = geometry(experiment);
  const bins = model.pyramid?.bins ?? [];
  return bins.flatMap((bin, i) =>
    bin > Math.min(...g.feature) ? [binTooLarge(g, bins, i, leastSide(bin, model))] : [],
  );
};

const binTooLarge = (
  g: Geometry,
  bins: readonly number[],
  index: number,
  least: number,
): Diagnostic => {
  const bin = bins[index] ?? 0;
  const [height, width] = g.crop;
  const enough: Sides = [Math.max(height, least), Math.max(width, least)];
  const others = bins.filter((other) => other !== bin);
  return error(
    "E0503",
    `pyramid bin ${bin} does not fit a ${by(g.feature)} feature map`,
    place(path("model.pyramid.bins", index), `needs at least ${bin}×${bin}`),
    {
      related: [featureFrom(g), strideFrom(g)],
      help: [`use a crop of at least ${least}, or drop bin ${bin}`],
      fixes: [
        fixSize(enough, "a crop", "train.crop"),
        ...(others.length > 0 ? [writeBins(others, `drop bin ${bin}`)] : []),
      ],
    },
  );
};

const writeBins = (bins: readonly number[], title: string): Fix =>
  write(path("model.pyramid.bins"), bins, title);

/**
 * The cells of a bin that does not divide the feature map overlap: adaptive pooling defines it so (PyTorch's
 * `AdaptiveAvgPool2d`, which semseg uses), and it is worth a note.
 */
export const binsDivide: Rule = (experiment) => {
  const { model, train } = experiment;
  const g = geometry(experiment);
  const onGrid = train.crop.every((n) => isOnGrid(n, model));
  const bins = model.pyramid?.bins ?? [];
  const fit = bins.every((b) => b <= Math.min(...g.feature));
  const uneven = fit ? bins.filter((b) => g.feature.some((n) => n % b !== 0)) : [];
  return onGrid && uneven.length > 0
    ? [unevenBins(g, uneven, nearestSizes(train.crop, model))]
    : [];
};

const unevenBins = (g: Geometry, bins: readonly number[], better: readonly Sides[]): Diagnostic =>
  note(
    "E0502",
    `${bins.length === 1 ? `bin ${bins[0]} does` : `bins ${bins.join(", ")} do`} not divide the ${by(g.feature)} feature map`,
    place(path("model.pyramid.bins"), "their cells overlap by a row or column"),
    {
      related: [featureFrom(g)],
      help: [`no change is needed; for cells of one size ${useSizes(better, "a crop")}`],
      fixes: fixSizes(better, "a crop", "train.crop"),
    },
  );

/** Two bins of one size compute the same map twice. */
export const binsDiffer: Rule = ({ model }) =>
  repetitions(model.pyramid?.bins ?? []).map(({ item, index, first }) =>
    repeatedBin(item, index, first, [...new Set(model.pyramid?.bins)]),
  );

/** `once` are the bins without repetition. */
const repeatedBin = (
  bin: number,
  index: number,
  first: number,
  once: readonly number[],
): Diagnostic =>
  warning(
    "E0520",
    `bin ${bin} appears twice in the pyramid`,
    place(path("model.pyramid.bins", index), "computes the same map again"),
    {
      related: [place(path("model.pyramid.bins", first), "first here")],
      help: ["keep one"],
      fixes: [writeBins(once, "keep each bin once")],
    },
  );

/** A reduction leaves each branch of the pyramid at least one channel (section 3.2: 1/N of the features'). */
export const branchChannels: Rule = ({ model: { backbone, pyramid } }) =>
  pyramid?.channels === 0 ? [noBranchChannels(stageChannels(backbone)[3], pyramid.bins)] : [];

const noBranchChannels = (features: number, bins: readonly number[]): Diagnostic =>
  error(
    "E0504",
    "the reduction leaves the pyramid's branches no channels",
    place(path("model.pyramid.reduction"), `more than the ${features} channels of the backbone`),
    {
      related: [place(path("model.pyramid.bins"), `${bins.length} levels`)],
      help: [`use a reduction of at most ${features}, or \`none\``],
      fixes: [features, "none"].map((value) => write(path("model.pyramid.reduction"), value)),
    },
  );

/** An auxiliary loss of weight 0 trains nothing: `none` is meant (section 3.3). */
export const auxiliaryWeight: Rule = ({ model }) =>
  model.auxiliary?.weight === 0 ? [auxiliaryWeightless()] : [];

const auxiliaryWeightless = (): Diagnostic =>
  error(
    "E0506",
    "an auxiliary head of weight 0 learns nothing",
    place(path("model.auxiliary.weight"), "costs time and changes nothing"),
    { help: ["write `auxiliary: none`"], fixes: [safely(withoutAuxiliary)] },
  );

const withoutAuxiliary = write(path("model.auxiliary"), "none");

/** The auxiliary loss helps the stages before it to learn (section 3.3); frozen ones do not learn. */
export const frozenAuxiliary: Rule = ({ model: { auxiliary }, train: { freeze } }) =>
  auxiliary !== null && auxiliary.after <= freeze.stages
    ? [auxiliaryOnFrozen(auxiliary.after, freeze.stages)]
    : [];

const auxiliaryOnFrozen = (after: number, stages: number): Diagnostic =>
  warning(
    "E0542",
    "the auxiliary head trains nothing but itself",
    place(path("model.auxiliary.after"), `reads stage ${after}`),
    {
      related: [
        place(
          path("train.freeze.stages"),
          stages === 1 ? "stage 1 is frozen" : `stages 1 to ${stages} are frozen`,
        ),
      ],
      help: ["write `auxiliary: none`, or freeze fewer stages"],
      fixes: [withoutAuxiliary],
    },
  );

/** `model.backbone.weights` is short for `model.weights` with `only: backbone`: one of the two would have no effect. */
export const weightsOnce: SpecRule = ({ model: { weights, backbone } = {} }) =>
  weights !== undefined && backbone?.weights !== undefined ? [weightsTwice()] : [];

const weightsTwice = (): Diagnostic =>
  error(
    "E0534",
    "the initial weights are named twice",
    place(path("model.backbone.weights"), "for the backbone, here"),
    {
      related: [{ path: path("model.weights"), label: "and here", on: "key" }],
      help: ["keep one of them: `model.weights: {file: …, only: backbone}` says the same"],
      fixes: [remove(path("model.backbone.weights"))],
    },
  );
