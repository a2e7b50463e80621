/** The rules of the section `train` on crop, batch, rate, what is frozen, and what is scored on the way. */

import { type Diagnostic, error, type Place, warning } from "../diagnostic/diagnostic.js";
import { type Sides, stageSizes } from "../language/geometry.js";
import { path } from "../language/path.js";
import type { Experiment } from "../normalize/experiment.js";
import {
  fixSizes,
  type Geometry,
  geometry,
  isGood,
  isOnGrid,
  nearestSizes,
  strideFrom,
  useSizes,
} from "./crops.js";
import { by, list, place, type Rule, remove, type SpecRule, sides, write } from "./rule.js";

/** With aligned corners a crop is a multiple of the output stride plus 1: 473 = 8·59 + 1 (asserted by semseg `model/pspnet.py`). */
export const cropOnGrid: Rule = (experiment) => {
  const { model, train } = experiment;
  if (!model.align_corners || train.crop.every((n) => isOnGrid(n, model))) return [];
  const better = nearestSizes(train.crop, model);
  const bins = model.pyramid?.bins ?? [];
  const divide = Math.max(0, ...bins) > 1 && better.flat().every((n) => isGood(n, model));
  return [cropOffGrid(geometry(experiment), better, divide ? bins : [])];
};

/** `bins` are those that the better crops suit too. */
const cropOffGrid = (g: Geometry, better: readonly Sides[], bins: readonly number[]): Diagnostic =>
  error(
    "E0501",
    `crop ${sides(g.crop)} is not a multiple of ${g.stride} plus 1`,
    place(path("train.crop"), `${by(g.crop)} does not land on the features' grid`),
    {
      related: [strideFrom(g)],
      notes: [
        "with aligned corners, features and pixels coincide only at multiples of the output stride plus 1",
      ],
      help: [`${useSizes(better, "a crop")}${alsoDivided(bins)}`],
      fixes: fixSizes(better, "a crop", "train.crop"),
    },
  );

const alsoDivided = (bins: readonly number[]): string => {
  if (bins.length === 0) return "";
  return bins.length === 1
    ? `, which bin ${bins[0]} also divides`
    : `, which the bins ${list(bins)} also divide`;
};

/** Batch normalisation over the batch needs more than one value a channel: images at a time × rows × columns. */
export const binNorms: Rule = ({ model: { pyramid }, train }) => {
  if (isSeveral(train) || train.freeze.norm === "all") return [];
  // `reduction: none` has no 1×1 convolution, and so no normalisation after it.
  const bins = pyramid === null || pyramid.channels === null ? [] : pyramid.bins;
  return bins.flatMap((bin, i) =>
    bin === 1 ? [oneValue(place(path("model.pyramid.bins", i), "pools to 1×1"), train, true)] : [],
  );
};

/** The same of the backbone, where a stage that learns ends in one feature. */
export const stageNorms: Rule = ({ model, train }) => {
  const { norm, stages } = train.freeze;
  if (isSeveral(train) || norm !== "none" || stages === 4) return [];
  const isOne = train.crop.every((n) => stageSizes(n, model.backbone)[3] === 1);
  const label = `${by(train.crop)} ends in a 1×1 feature map`;
  return isOne ? [oneValue(place(path("train.crop"), label), train, false)] : [];
};

/** And of the attention in its blocks, which sees one mean a picture. */
export const attentionNorms: Rule = ({ model, train }) => {
  const { norm, stages } = train.freeze;
  const isLearning = !isSeveral(train) && norm === "none" && stages < 4;
  const where = place(path("model.backbone.split_attention"), "sees the mean of the whole map");
  return isLearning && model.backbone.split_attention !== null
    ? [oneValue(where, train, false)]
    : [];
};

const isSeveral = ({ batch, accumulate }: Experiment["train"]): boolean => batch / accumulate > 1;

const oneValue = (
  where: Place,
  { batch, accumulate }: Pick<Experiment["train"], "batch" | "accumulate">,
  ofBin: boolean,
): Diagnostic =>
  error("E0505", "batch normalisation over one value", where, {
    related: [
      place(path("train.batch"), batch === 1 ? "one image a step" : `${batch} images a step`),
      ...(accumulate > 1 ? [place(path("train.accumulate"), "one image at a time")] : []),
    ],
    notes: [
      "the mean of one value is the value itself, so the layer's output would always be zero",
    ],
    help: [
      accumulate > 1
        ? "use fewer parts, so that at least 2 images come at a time"
        : "use a batch of at least 2",
      ...(ofBin ? ["or `reduction: none`, which has no normalisation, or bins of at least 2"] : []),
    ],
    fixes: accumulate > 1 ? [] : [write(path("train.batch"), 2)],
  });

/** A batch is cut into equal parts, and each of them into equal shares of all devices. */
export const batchParts: Rule = ({ train: { batch, accumulate } }, { devices = 1 }) => {
  const divisors = (of: number): readonly number[] =>
    Array.from({ length: MOST_PARTS }, (_, i) => i + 1).filter((n) => of % n === 0);
  if (batch % accumulate !== 0) return [unevenParts(batch, accumulate, divisors(batch))];
  return (batch / accumulate) % devices === 0
    ? []
    : [unevenShares({ batch, accumulate, devices }, divisors(batch / accumulate))];
};

/** More parts than anyone wants are not proposed. */
const MOST_PARTS = 32;

const unevenParts = (batch: number, parts: number, divisors: readonly number[]): Diagnostic =>
  error(
    "E0540",
    `a batch of ${batch} cannot be cut into ${parts} equal parts`,
    place(path("train.accumulate"), `${parts} parts`),
    {
      related: [place(path("train.batch"), `${batch} images`)],
      help: [`use ${orList(divisors)}, or a batch that ${parts} divides`],
      fixes: [write(path("train.accumulate"), nearest(divisors, parts))],
    },
  );

/** Of two that are as near the larger, whose parts take less memory. */
const nearest = (counts: readonly number[], to: number): number =>
  counts.reduce((best, n) => (Math.abs(n - to) <= Math.abs(best - to) ? n : best), 1);

const unevenShares = (
  { batch, accumulate, devices }: Readonly<Record<"batch" | "accumulate" | "devices", number>>,
  divisors: readonly number[],
): Diagnostic => {
  const unit = devices * accumulate;
  const inParts = accumulate === 1 ? "" : `, in ${accumulate} parts,`;
  return error(
    "E0540",
    `a batch of ${batch}${inParts} cannot be divided among ${devices} devices`,
    place(path("train.batch"), `${batch} images`),
    {
      related: accumulate === 1 ? [] : [place(path("train.accumulate"), `${accumulate} parts`)],
      notes: ["each device takes the same number of images of each part"],
      help: [`use ${orList(divisors, "device")}, or a batch that is a multiple of ${unit}`],
      fixes: [write(path("train.batch"), Math.max(1, Math.round(batch / unit)) * unit)],
    },
  );
};

/** `1, 2 or 4 parts`. */
const orList = (counts: readonly number[], what = "part"): string =>
  counts.length === 1
    ? `${counts[0]} ${what}${counts[0] === 1 ? "" : "s"}`
    : `${counts.slice(0, -1).join(", ")} or ${counts[counts.length - 1]} ${what}s`;

/** What is frozen must have learnt before (mmsegmentation's `frozen_stages` and `norm_eval` go with loaded weights). */
export const frozenStart: Rule = ({ model, train: { freeze } }) => {
  if (model.weights !== null || (freeze.stages === 0 && freeze.norm === "none")) return [];
  return [freeze.stages > 0 ? stagesAtRandom() : normAtRandom()];
};

const stagesAtRandom = (): Diagnostic =>
  warning(
    "E0544",
    "the frozen stages keep their random initial weights",
    place(path("train.freeze.stages"), "they have learnt nothing yet"),
    { help: LOAD_OR_LEARN },
  );

const normAtRandom = (): Diagnostic =>
  warning(
    "E0544",
    "the frozen batch norms have no statistics yet",
    place(path("train.freeze.norm"), "they have seen no data yet"),
    {
      notes: ["they normalise by mean 0 and variance 1, whatever their input is"],
      help: LOAD_OR_LEARN,
    },
  );

const LOAD_OR_LEARN = ["load initial weights with `model.weights`, or freeze nothing"];

/** A moving average of the weights must forget the initial ones before training ends. */
export const averageFollows: Rule = ({ train: { ema, iterations } }) => {
  if (ema === null) return [];
  const left = ema ** iterations;
  return left > MOST_LEFT
    ? [averageLags(ema, iterations, left, MOST_LEFT ** (1 / iterations))]
    : [];
};

/** Share of the initial weights that may be left in the average at the end. */
const MOST_LEFT = 0.05;

const averageLags = (ema: number, iterations: number, left: number, most: number): Diagnostic =>
  warning(
    "E0541",
    "at the end, the average of the weights still holds much of the initial ones",
    place(
      path("train.ema"),
      `${ema}^${iterations}: a share of ${Number(left.toPrecision(2))} is left`,
    ),
    {
      related: [place(path("train.iterations"), `${iterations} steps`)],
      notes: ["the average is what is scored and saved"],
      help: [`use a decay of at most ${fourDigits(most)}, or train longer`],
      fixes: [write(path("train.ema"), fourDigits(most))],
    },
  );

const fourDigits = (decay: number): number => Math.floor(decay * 1e4) / 1e4;

/** bf16 without hardware for it trains to the same scores, slower: worth a warning, not an error. */
export const precisionInHardware: Rule = (experiment, { computesBf16 = () => true }) =>
  (["train", "evaluate"] as const)
    .filter((section) => experiment[section].precision === "bf16" && !computesBf16())
    .map(noBf16InHardware);

const noBf16InHardware = (section: "train" | "evaluate"): Diagnostic =>
  warning(
    "E0522",
    "this machine computes `bf16` in software",
    place(path(`${section}.precision`), "slower than `f32` here"),
    {
      notes: [
        "CPUs with AVX512_BF16 or AMX_BF16 and GPUs of compute capability 8 have units for it",
      ],
      help: [`${section} elsewhere, or use \`f32\`; the scores are the same within noise`],
      fixes: [write(path(`${section}.precision`), "f32")],
    },
  );

/** Scoring while training needs a split to score, and keeping the best weights needs scores. */
export const validationSplit: Rule = ({ data, train: { validate, checkpoints } }) => {
  if (validate === null)
    return checkpoints.best === "none" ? [] : [bestWithoutScores(checkpoints.best)];
  return data.val === null ? [noSplitToValidate()] : [];
};

const noSplitToValidate = (): Diagnostic =>
  error(
    "E0560",
    "there is no split to validate on",
    { path: path("train.validate"), on: "key", label: "scores `data.val`, which is not set" },
    {
      help: ["name a validation split in `data.val`, or remove `train.validate`"],
      fixes: [remove(path("train.validate"))],
    },
  );

const bestWithoutScores = (metric: string): Diagnostic =>
  error(
    "E0561",
    "no scores say which weights are the best",
    place(path("train.checkpoints.best"), `needs \`${metric}\`, which is never measured`),
    {
      help: ["write `validate: {every: 1000}` under `train`, or remove `best`"],
      fixes: [remove(path("train.checkpoints.best"))],
    },
  );

/** A multiplier belongs to a group of layers that the network has. */
export const multipliersUsed: SpecRule = ({ model, train }) =>
  (["pyramid", "auxiliary"] as const)
    .filter((part) => model?.[part] === "none" && train.multipliers?.[part] !== undefined)
    .map(multipliesNothing);

const multipliesNothing = (part: "pyramid" | "auxiliary"): Diagnostic =>
  warning(
    "E0315",
    `the multiplier of \`${part}\` applies to no layers`,
    { path: path(`train.multipliers.${part}`), label: "has no effect", on: "key" },
    {
      related: [place(path(`model.${part}`), "the network has none")],
      help: [`remove it, or give the network its \`${part}\``],
      fixes: [remove(path(`train.multipliers.${part}`))],
    },
  );
