/** The rules of the section `data`: what its splits, classes, label values and colours must have in common. */

import { type Diagnostic, error, warning } from "../diagnostic/diagnostic.js";
import type { Layout } from "../language/data.js";
import { datasetOf, mapNamed } from "../language/datasets.js";
import { path } from "../language/path.js";
import { isShare } from "../normalize/experiment.js";
import {
  type DataRule,
  list,
  place,
  type Rule,
  repetitions,
  type SpecRule,
  swap,
  write,
} from "./rule.js";

/** A split is two folders where the layout is `folders`, and a name in every other. */
export const splitForm: DataRule = ({ data }) =>
  (["train", "val", "test"] as const).flatMap((split) => {
    const name = data[split];
    if (name === null || isShare(name)) return [];
    if ((typeof name === "string") !== (data.layout === "folders")) return [];
    return [splitOfOtherLayout(split, data.layout)];
  });

const splitOfOtherLayout = (split: "train" | "val" | "test", layout: Layout): Diagnostic =>
  error(
    "E0552",
    layout === "folders"
      ? `\`${split}\` is a name, and \`layout: folders\` needs two folders`
      : `\`${split}\` is two folders, and \`layout: ${layout}\` needs a name`,
    place(path(`data.${split}`), layout === "folders" ? "expected two folders" : "expected a name"),
    {
      related: [place(path("data.layout"), layout)],
      help: [
        layout === "folders"
          ? `write \`${split}: {images: FOLDER, labels: FOLDER}\``
          : `write ${splitName(layout)}, or \`layout: folders\``,
      ],
    },
  );

/** What names a split. */
const splitName = (layout: Exclude<Layout, "folders">): string => {
  if (layout === "list") return "the list file of the split, `train.txt`";
  const { title, splits } = datasetOf(layout);
  return `the name of a split of ${title}, \`${splits.train}\` or \`${splits.val}\``;
};

/** Splits that are held out of the training split leave something of it. */
export const sharesLeaveSome: DataRule = ({ data: { val, test } }) => {
  if (val === null || test === null || !isShare(val) || !isShare(test)) return [];
  return val.share + test.share < 1 ? [] : [nothingLeft(val.share, test.share)];
};

const nothingLeft = (val: number, test: number): Diagnostic =>
  error(
    "E0558",
    "what is held out leaves nothing to train on",
    place(path("data.val"), `holds out ${val}`),
    {
      related: [place(path("data.test"), `holds out ${test}`)],
      help: ["hold out less: `val: 0.2` and `test: 0.1` leave 0.7 to train on"],
    },
  );

/** What keeps pairs together is a regular expression, and the same for both splits. */
export const togetherPattern: DataRule = ({ data }) =>
  (["val", "test"] as const).flatMap((split) => {
    const name = data[split];
    if (name === null || !isShare(name) || name.together === null) return [];
    const fault = faultOf(name.together);
    return fault === null ? [] : [badPattern(split, name.together, fault)];
  });

const faultOf = (pattern: string): string | null => {
  try {
    new RegExp(pattern, "u");
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const badPattern = (split: "val" | "test", pattern: string, fault: string): Diagnostic =>
  error(
    "E0559",
    `\`${pattern}\` is no regular expression`,
    place(path(`data.${split}.together`), fault.replace(/^.*: /, "")),
    {
      help: ["write one as JavaScript does, in single quotes: `together: '^(seq\\d+)_'`"],
    },
  );

/** Scores and pictures show classes by name: a number is enough to train, and a list says more. */
export const classesNamed: SpecRule = ({ data }) =>
  typeof data.classes === "number" &&
  datasetOf(data.layout ?? "list")?.classes.length !== data.classes
    ? [namelessClasses(data.classes)]
    : [];

const namelessClasses = (classes: number): Diagnostic =>
  warning(
    "E0316",
    `the ${classes} classes have no names`,
    place(path("data.classes"), `called \`class 0\` to \`class ${classes - 1}\``),
    { help: ["list their names in the order of their label values: `classes: [sky, road, …]`"] },
  );

/** The data lie where `root` says, on the machine that trains. */
export const rootIsThere: Rule = ({ data: { root } }, { isFolder = () => true }) =>
  isFolder(root) ? [] : [rootMissing(root)];

const rootMissing = (root: string): Diagnostic =>
  warning(
    "E0557",
    "the folder of the data does not exist",
    place(path("data.root"), `there is no ${root}`),
    {
      help: ["correct it, relative to this file; or give it with the command: `data.root=FOLDER`"],
    },
  );

/** Class names differ, and none of them is the word `ignore`. */
export const classNames: DataRule = ({ data: { classes } }) => [
  ...repetitions(classes).map(({ item, index, first }) => repeatedClass(item, index, first)),
  ...classes.flatMap((name, i) => (name === "ignore" ? [classCalledIgnore(i)] : [])),
];

const repeatedClass = (name: string, index: number, first: number): Diagnostic =>
  error(
    "E0517",
    `two classes are called ${name}`,
    place(path("data.classes", index), `class ${index}`),
    {
      related: [place(path("data.classes", first), `class ${first}`)],
      help: ["rename one; where several label values mean one class, say so in `data.labels`"],
    },
  );

const classCalledIgnore = (index: number): Diagnostic =>
  error(
    "E0518",
    "a class cannot be called `ignore`",
    place(path("data.classes", index), "means “not counted” in `data.labels`"),
    { help: [`remove it and write \`ignore: ${index}\` under \`data\`, or rename it`] },
  );

/** A built-in label map has a dataset's classes: there must be as many in `classes`. */
export const classCount: DataRule = ({ data: { classes, label_map } }) => {
  if (label_map === null) return [];
  const { title, classes: own } = mapNamed(label_map).dataset;
  return classes.length === own.length
    ? []
    : [foreignClasses(classes.length, label_map, title, own.length)];
};

const foreignClasses = (
  classes: number,
  map: string,
  title: string,
  expected: number,
): Diagnostic =>
  error(
    "E0550",
    `${classes} classes, where ${title} has ${expected}`,
    { path: path("data.classes"), on: "key", label: `${classes} names` },
    {
      related: [place(path("data.labels"), `the map \`${map}\` has ${expected} classes`)],
      help: [
        `name all ${expected}, or none; or say what your values mean: \`labels: {first: 0}\`, or a map from values to names`,
      ],
    },
  );

/** Each class has a label value; without one it can never be learnt. */
export const classLabels: DataRule = ({ data: { classes, labels, label_map } }) => {
  // With a built-in map, `classCount` has said what is wrong.
  if (label_map !== null) return [];
  const meant = new Set(labels.values());
  return classes.flatMap((name, i) =>
    meant.has(i) || classes.indexOf(name) < i || name === "ignore"
      ? []
      : [unlabelledClass(name, i)],
  );
};

const unlabelledClass = (name: string, index: number): Diagnostic =>
  warning(
    "E0519",
    `no label value means ${name}`,
    place(path("data.classes", index), "never occurs in labels"),
    {
      related: [{ path: path("data.labels"), on: "key", label: "the values are listed here" }],
      help: ["add its value to `data.labels`, or remove the class"],
    },
  );

/** One colour a class. */
export const paletteCount: DataRule = ({ data: { classes, palette } }) =>
  palette === null || palette.length === classes.length
    ? []
    : [paletteLength(palette.length, classes.length)];

const paletteLength = (colours: number, classes: number): Diagnostic =>
  error(
    "E0551",
    `${colours} colours for ${classes} classes`,
    place(path("data.palette"), `${colours} colours`),
    {
      related: [{ path: path("data.classes"), on: "key", label: `${classes} classes` }],
      help: ["write one colour a class, in the order of `data.classes`"],
    },
  );

/** The darkest value of images lies below the brightest. */
export const imageRange: DataRule = ({ data: { images } }) => {
  const [low, high] = images?.range ?? [0, 1];
  return low < high ? [] : [reversedImageRange(low, high)];
};

const reversedImageRange = (low: number, high: number): Diagnostic =>
  error(
    "E0509",
    low === high ? "the range of images is empty" : "the range of images is reversed",
    place(path("data.images.range"), `from ${low} to ${high}`),
    {
      help: [
        low === high
          ? "write the value that is black, then the one that is white"
          : `write [${high}, ${low}]; for pictures whose bright parts have low values, invert the files`,
      ],
      fixes: low === high ? [] : [swap(path("data.images.range"), low, high)],
    },
  );

/** Pixels are bytes, and so `mean` and `std` are of values from 0 to 255; torchvision's are of 0 to 1. */
export const byteScale: DataRule = ({ data: { mean, std } }) =>
  (["mean", "std"] as const).flatMap((key) => {
    const values = { mean, std }[key];
    const isShare = values.every((value) => value <= 1) && values.some((value) => value % 1 !== 0);
    return isShare ? [scaleOfOne(key, values)] : [];
  });

const scaleOfOne = (key: "mean" | "std", values: readonly number[]): Diagnostic =>
  warning(
    "E0556",
    `\`${key}\` looks like a share of 1, and pixels go from 0 to 255`,
    place(path(`data.${key}`), "at most 1 in each channel"),
    {
      help: [`multiply it by 255: \`${key}: ${list(inBytes(values))}\``],
      fixes: [write(path(`data.${key}`), inBytes(values))],
    },
  );

const inBytes = (shares: readonly number[]): readonly number[] =>
  shares.map((value) => Number((255 * value).toFixed(3)));

/** The samples of a batch differ from each other, so a batch is no larger than the training split. */
export const batchFills: Rule = ({ data, train }, { samples = () => null }) => {
  const listed = samples(data);
  return listed === null || listed >= train.batch ? [] : [batchBeyondData(train.batch, listed)];
};

const batchBeyondData = (batch: number, samples: number): Diagnostic =>
  error(
    "E0523",
    `a batch of ${batch} from ${samples} samples`,
    place(path("train.batch"), `${samples} samples cannot fill it`),
    {
      related: [place(path("data.train"), `it lists ${samples}`)],
      help: [`use a batch of at most ${samples}, or list more samples`],
      fixes: [write(path("train.batch"), samples)],
    },
  );
