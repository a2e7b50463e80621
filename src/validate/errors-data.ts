/** What the rules say of the section `data`. */

import { type Diagnostic, error, warning } from "../diagnostic/diagnostic.js";
import { place } from "./places.js";

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
