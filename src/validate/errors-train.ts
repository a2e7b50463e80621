/** What the rules say of the section `train`. */

import {
  type Diagnostic,
  error,
  note,
  type Path,
  type Place,
  warning,
} from "../diagnostic/diagnostic.js";
import {
  by,
  cropPath,
  freezePath,
  type Geometry,
  list,
  place,
  type Size,
  sides,
  strideFrom,
  useCrops,
} from "./places.js";

export const cropOffGrid = (
  g: Geometry,
  better: readonly Size[],
  bins: readonly number[],
  divide: boolean,
): Diagnostic =>
  error(
    "E0501",
    `crop ${sides(g.crop)} is not a multiple of ${g.stride} plus 1`,
    place(cropPath, `${by(g.crop)} does not land on the features' grid`),
    {
      related: [strideFrom(g)],
      notes: [
        "with aligned corners, features and pixels coincide only at multiples of the output stride plus 1",
      ],
      help: [
        `${useCrops(better, "a crop")}${divide ? `, which ${bins.length === 1 ? `bin ${bins[0]} also divides` : `the bins ${list(bins)} also divide`}` : ""}`,
      ],
    },
  );

export const oneValue = (
  where: Place,
  { batch, accumulate }: { readonly batch: number; readonly accumulate: number },
  evenBatch: boolean,
): Diagnostic =>
  error("E0505", "batch normalisation over one value", where, {
    related: [
      place(["train", "batch"], batch === 1 ? "one image a step" : `${batch} images a step`),
      ...(accumulate > 1 ? [place(accumulatePath, `one image at a time`)] : []),
    ],
    notes: [
      "a mean over one value is the value itself, so that the layer would put out zero for everything",
    ],
    help: [
      accumulate > 1
        ? "use fewer parts, so that at least 2 images come at a time"
        : "use a batch of at least 2",
      ...(evenBatch
        ? ["or `reduction: none`, which has no normalisation, or bins of at least 2"]
        : []),
    ],
  });

export const reversedRange = (op: string, index: number, min: number, max: number): Diagnostic =>
  error(
    "E0509",
    `the range of \`${op}\` is reversed`,
    place(["train", "augment", index], `from ${min} down to ${max}`),
    { help: [`write [${max}, ${min}]`] },
  );

export const repeatedAugmentation = (op: string, index: number, first: number): Diagnostic =>
  warning(
    "E0510",
    `\`${op}\` is applied twice`,
    place(["train", "augment", index], "applied again"),
    {
      related: [place(["train", "augment", first], "applied here")],
      help: ["keep one; two draws of one augmentation are a wider draw"],
    },
  );

export const weightCount = (weights: number, classes: number): Diagnostic =>
  error(
    "E0515",
    `${weights} class weights for ${classes} classes`,
    place(["train", "loss", "class_weights"], `${weights} weights`),
    {
      related: [{ path: ["data", "classes"], on: "key", label: `${classes} classes` }],
      help: ["write one weight a class, in the order of `data.classes`"],
    },
  );

export const weightsAllZero = (): Diagnostic =>
  error(
    "E0516",
    "all class weights are 0",
    place(["train", "loss", "class_weights"], "no pixel counts"),
    { help: ["give at least one class a positive weight, or write `none`"] },
  );

const accumulatePath: Path = ["train", "accumulate"];
const miningPath: Path = ["train", "loss", "mining"];
export const unevenParts = (
  batch: number,
  parts: number,
  divisors: readonly number[],
): Diagnostic =>
  error(
    "E0540",
    `a batch of ${batch} does not come in ${parts} equal parts`,
    place(accumulatePath, `${parts} parts`),
    {
      related: [place(["train", "batch"], `${batch} images`)],
      help: [`use ${orList(divisors)} parts, or a batch that ${parts} divides`],
    },
  );

const orList = (xs: readonly number[]): string =>
  xs.length === 1 ? `${xs[0]}` : `${xs.slice(0, -1).join(", ")} or ${xs[xs.length - 1]}`;

export const averageLags = (
  decay: number,
  iterations: number,
  left: number,
  most: number,
): Diagnostic =>
  warning(
    "E0541",
    "the average of the weights still holds those that training began with",
    place(["train", "ema"], `${decay}^${iterations} = ${Number(left.toPrecision(2))} of them`),
    {
      related: [place(["train", "iterations"], `${iterations} steps`)],
      notes: ["what is scored and saved is the average"],
      help: [`use a decay of at most ${Math.floor(most * 1e4) / 1e4}, or train longer`],
    },
  );

export const miningKeepsAll = (keep: number, crop: Size, pixels: number): Diagnostic =>
  error(
    "E0543",
    "mining keeps every pixel",
    place([...miningPath, "keep"], `${keep} pixels an image`),
    {
      related: [place(cropPath, `a crop of ${by(crop)} has ${pixels}`)],
      help: [`use a keep of about ${Math.max(1, Math.round(pixels / 4))}, a quarter of the crop`],
    },
  );

export const frozenAtRandom = (what: "stages" | "norm"): Diagnostic =>
  warning(
    "E0544",
    what === "stages"
      ? "stages are frozen as they are drawn"
      : "batch norms are frozen with statistics of nothing",
    place([...freezePath, what], "nothing has been learnt yet"),
    {
      notes: [
        what === "stages"
          ? "the frozen stages stay random"
          : "they normalise by mean 0 and variance 1, whatever comes in",
      ],
      help: ["give initial weights by `model.weights`, or freeze nothing"],
    },
  );

export const miningInParts = (parts: number): Diagnostic =>
  note(
    "E0545",
    "each part of a batch chooses its own hard pixels",
    place(miningPath, "chosen part by part"),
    {
      related: [place(accumulatePath, `${parts} parts`)],
      notes: [
        "without mining, the parts of a batch learn what the whole would; with it, nearly so",
      ],
      help: ["nothing has to change"],
    },
  );

export const stripsNeedWhole = (strips: number, by: "mining" | "dice"): Diagnostic =>
  error(
    "E0563",
    "the loss does not come in strips",
    place(["train", "loss", "strips"], `${strips} strips`),
    {
      related: [
        by === "mining"
          ? place(miningPath, "ranks the pixels of whole images")
          : place(["train", "loss", "dice"], "divides sums over whole images"),
      ],
      notes: ["only a sum over pixels is the sum of its strips"],
      help: [`remove \`strips\`, or \`${by}\``],
    },
  );

export const endAboveBase = (base: number, end: number): Diagnostic =>
  error(
    "E0521",
    "the learning rate would rise",
    place(["train", "schedule", "poly", "end"], `ends at ${end}`),
    {
      related: [place(["train", "schedule", "poly", "base"], `begins at ${base}`)],
      help: ["use an end below the base; 0 is the paper's"],
    },
  );

export const noBf16InHardware = (): Diagnostic =>
  warning(
    "E0522",
    "this machine computes `bf16` in software",
    { path: ["train", "precision"], label: "slower than `f32` here" },
    {
      notes: [
        "CPUs with AVX512_BF16 or AMX_BF16 and GPUs of compute capability 8 have units for it",
      ],
      help: ["train elsewhere, or use `f32`; the scores are the same within noise"],
    },
  );

export const cropNotLast = (index: number, last: number): Diagnostic =>
  error(
    "E0553",
    "`crop` is not the last augmentation",
    place(["train", "augment", index], "the crop comes last"),
    {
      related: [place(["train", "augment", last], "stands behind it")],
      help: ["move it to the end; whatever moves pixels comes before the crop"],
    },
  );

export const noSplitToValidate = (): Diagnostic =>
  error(
    "E0560",
    "there is no split to validate on",
    { path: ["train", "validate"], on: "key", label: "scores `data.val`, which is not set" },
    { help: ["name a validation split in `data.val`, or remove `train.validate`"] },
  );

export const bestWithoutScores = (metric: string): Diagnostic =>
  error(
    "E0561",
    "nothing tells which weights are the best",
    place(["train", "checkpoints", "best"], `by \`${metric}\`, which nobody measures`),
    { help: ["write `validate: {every: 1000}` under `train`, or remove `best`"] },
  );
