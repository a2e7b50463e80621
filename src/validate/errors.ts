/** What the rules say: one function a mistake. */

import {
  type Diagnostic,
  error,
  note,
  type Path,
  type Place,
  warning,
} from "../diagnostic/diagnostic.js";

const place = (path: Path, label: string): Place => ({ path, label });
const list = (xs: readonly (number | string)[]): string => `[${xs.join(", ")}]`;
const sides = ([h, w]: readonly [number, number]): string => (h === w ? `${h}` : `[${h}, ${w}]`);
const by = ([h, w]: readonly [number, number]): string => `${h}×${w}`;

const dilationsPath: Path = ["model", "backbone", "dilations"];
const cropPath: Path = ["train", "crop"];
const binsPath: Path = ["model", "pyramid", "bins"];

type Size = readonly [number, number];

export interface Geometry {
  readonly crop: Size;
  readonly stride: number;
  readonly feature: Size;
  readonly dilations: readonly number[];
}

const strideFrom = ({ stride, dilations }: Geometry): Place =>
  place(dilationsPath, `${list(dilations)} makes output stride ${stride}`);

const featureFrom = ({ crop, feature, stride }: Geometry): Place =>
  place(cropPath, `${by(crop)} at output stride ${stride} gives ${by(feature)}`);

const useCrops = (crops: readonly Size[], what: string): string =>
  `use ${what} of ${crops.map(sides).join(" or ")}`;

export const cropOffGrid = (
  g: Geometry,
  better: readonly Size[],
  bins: readonly number[],
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
        `${useCrops(better, "a crop")}${bins.length > 1 ? `, which the bins ${list(bins)} also divide` : ""}`,
      ],
    },
  );

export const unevenBins = (
  g: Geometry,
  bins: readonly number[],
  better: readonly Size[],
): Diagnostic =>
  note(
    "E0502",
    `${bins.length === 1 ? `bin ${bins[0]} does` : `bins ${bins.join(", ")} do`} not divide the ${by(g.feature)} feature map`,
    place(binsPath, "their cells overlap by a row or column"),
    {
      related: [featureFrom(g)],
      help: [`nothing has to change; for cells of one size ${useCrops(better, "a crop")}`],
    },
  );

export const binTooLarge = (g: Geometry, bin: number, index: number, least: number): Diagnostic =>
  error(
    "E0503",
    `pyramid bin ${bin} does not fit a ${by(g.feature)} feature map`,
    place([...binsPath, index], `needs at least ${bin}×${bin}`),
    {
      related: [featureFrom(g), strideFrom(g)],
      help: [`use a crop of at least ${least}, or drop bin ${bin}`],
    },
  );

export const noBranchChannels = (features: number, bins: readonly number[]): Diagnostic =>
  error(
    "E0504",
    "the reduction leaves no channel for the pyramid's branches",
    place(["model", "pyramid", "reduction"], `more than the ${features} channels of the backbone`),
    {
      related: [place(binsPath, `${bins.length} levels`)],
      help: [`use a reduction of at most ${features}, or \`none\``],
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

export const auxiliaryWeightless = (): Diagnostic =>
  error(
    "E0506",
    "an auxiliary head of weight 0 learns nothing",
    place(["model", "auxiliary", "weight"], "costs time and changes nothing"),
    { help: ["write `auxiliary: none`"] },
  );

export const strideSiteMissing = (): Diagnostic =>
  error(
    "E0507",
    "basic blocks have no 1×1 convolution to carry the stride",
    place(["model", "backbone", "stride_site"], "only bottlenecks have one"),
    {
      related: [place(["model", "backbone", "resnet"], "these blocks are basic")],
      help: ["remove `stride_site`, or use a bottleneck network: 50, 101, 152, 269"],
    },
  );

export const contractedOdd = (stage: number, dilation: number): Diagnostic =>
  error(
    "E0508",
    `half of dilation ${dilation} is no whole number`,
    place([...dilationsPath, stage], `stage ${stage + 1} begins with half its dilation`),
    {
      related: [
        place(
          ["model", "backbone", "first_dilation"],
          "`contracted` halves the first block's dilation",
        ),
      ],
      help: ["use an even dilation, or `first_dilation: full`"],
    },
  );

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

export const windowOffGrid = (window: Size, stride: number, better: readonly Size[]): Diagnostic =>
  error(
    "E0511",
    `window ${sides(window)} is not a multiple of ${stride} plus 1`,
    place(["evaluate", "window"], `${by(window)} does not land on the features' grid`),
    { help: [useCrops(better, "a window")] },
  );

export const windowTooSmall = (window: Size, bin: number, feature: Size): Diagnostic =>
  error(
    "E0512",
    `pyramid bin ${bin} does not fit the ${by(feature)} feature map of a window`,
    place(["evaluate", "window"], `${by(window)} gives ${by(feature)}`),
    { related: [place(binsPath, `bin ${bin}`)], help: ["use the training crop as the window"] },
  );

export const windowLarger = (window: Size, crop: Size): Diagnostic =>
  warning(
    "E0513",
    `the window ${by(window)} is larger than the training crop ${by(crop)}`,
    place(["evaluate", "window"], "the pyramid's bins cover more than they have learnt"),
    { related: [place(cropPath, "trained on this")], help: [`use a window of ${sides(crop)}`] },
  );

export const overlapWhole = (overlap: number): Diagnostic =>
  error(
    "E0514",
    `an overlap of ${overlap} leaves no step between windows`,
    place(["evaluate", "overlap"], "must be below 1"),
    { help: ["use `1/3`, as the paper's authors do"] },
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
const freezePath: Path = ["train", "freeze"];

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

export const auxiliaryOnFrozen = (after: number, stages: number): Diagnostic =>
  warning(
    "E0542",
    "the auxiliary head teaches nothing but itself",
    place(["model", "auxiliary", "after"], `reads stage ${after}`),
    {
      related: [place([...freezePath, "stages"], `stages 1 to ${stages} do not learn`)],
      help: ["write `auxiliary: none`; or freeze fewer stages"],
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

export const repeatedClass = (name: string, index: number, first: number): Diagnostic =>
  error(
    "E0517",
    `two classes are called ${name}`,
    place(["data", "classes", index], `class ${index}`),
    {
      related: [place(["data", "classes", first], `class ${first}`)],
      help: ["rename one; values that mean the same class are joined by `data.labels`"],
    },
  );

export const classCalledIgnore = (index: number): Diagnostic =>
  error(
    "E0518",
    "a class cannot be called `ignore`",
    place(["data", "classes", index], "means \u201Ccounts for nothing\u201D in `data.labels`"),
    { help: [`remove it and write \`ignore: ${index}\` under \`data\`, or rename it`] },
  );

export const unlabelledClass = (name: string, index: number): Diagnostic =>
  warning(
    "E0519",
    `no label value means ${name}`,
    place(["data", "classes", index], "never occurs in labels"),
    {
      related: [{ path: ["data", "labels"], on: "key", label: "the values are listed here" }],
      help: ["add its value to `data.labels`, or remove the class"],
    },
  );

export const repeatedBin = (bin: number, index: number, first: number): Diagnostic =>
  warning(
    "E0520",
    `bin ${bin} stands twice in the pyramid`,
    place([...binsPath, index], "the same map again"),
    { related: [place([...binsPath, first], "first here")], help: ["keep one"] },
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

export const foreignClasses = (
  classes: number,
  map: string,
  title: string,
  expected: number,
): Diagnostic =>
  error(
    "E0550",
    `${classes} classes, where ${title} has ${expected}`,
    { path: ["data", "classes"], on: "key", label: `${classes} names` },
    {
      related: [place(["data", "labels"], `the map \`${map}\` has ${expected} classes`)],
      help: [
        `name all ${expected}, or none; or say what your values mean: \`labels: {first: 0}\`, or a map from values to names`,
      ],
    },
  );

export const paletteLength = (colours: number, classes: number): Diagnostic =>
  error(
    "E0551",
    `${colours} colours for ${classes} classes`,
    place(["data", "palette"], `${colours} colours`),
    {
      related: [{ path: ["data", "classes"], on: "key", label: `${classes} classes` }],
      help: ["write one colour a class, in the order of `data.classes`"],
    },
  );

export const splitOfOtherLayout = (split: string, layout: string): Diagnostic =>
  error(
    "E0552",
    layout === "folders"
      ? `\`${split}\` names one thing, and \`layout: folders\` pairs two folders`
      : `\`${split}\` names two folders, and \`layout: ${layout}\` has one name for a split`,
    place(["data", split], layout === "folders" ? "expected two folders" : "expected a name"),
    {
      related: [place(["data", "layout"], layout)],
      help: [
        layout === "folders"
          ? `write \`${split}: {images: FOLDER, labels: FOLDER}\``
          : `write ${splitNames[layout] ?? "a name"}, or \`layout: folders\``,
      ],
    },
  );

/** What names a split, by layout. */
const splitNames: Readonly<Record<string, string>> = {
  list: "the list file of the split, `train.txt`",
  voc: "the name of a list in ImageSets/Segmentation, `train` or `trainaug`",
  cityscapes: "the name of a folder in leftImg8bit, `train` or `val`",
  ade20k: "the name of a folder in images, `training` or `validation`",
};

export const batchBeyondData = (batch: number, samples: number): Diagnostic =>
  error(
    "E0523",
    `a batch of ${batch} from ${samples} samples`,
    place(["train", "batch"], `${samples} samples do not fill it once`),
    {
      related: [place(["data", "train"], `it lists ${samples}`)],
      help: [`use a batch of at most ${samples}, or list more samples`],
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
