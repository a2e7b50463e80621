/** The section `data`: where images and labels are, and what the labels' values mean. */

import { redecided } from "./codec.js";
import { type DatasetName, datasetNames, datasetOf, type MapName, usualMap } from "./datasets.js";
import {
  absent,
  byDefault,
  computed,
  key,
  preset,
  required,
  saidElsewhere,
  usually,
} from "./key.js";
import {
  colour,
  colours,
  ignoredOf,
  labelsForm,
  labelsOf,
  labelValue,
  mapInWords,
  usualPalette,
} from "./labels.js";
import type { Scope } from "./scope.js";
import { requiredUnless, section } from "./section.js";
import { scored, split } from "./split.js";
import { choice, integer, list, located, oneOf, real, text, tuple } from "./value.js";

export type Layout = "list" | DatasetName | "folders";
export const layoutNames: readonly Layout[] = ["list", ...datasetNames, "folders"];

/** Beyond, a confusion matrix alone has a million counts; label files take 16 bits. */
export const MAX_CLASSES = 1000;

const layout = key(
  choice(...layoutNames),
  "How the dataset lies on disk (docs/data.md).",
  usually("list", "semseg's list files"),
);

const datasetIn = (scope: Scope) => datasetOf(scope.read(layout));

/** Of a number, the dataset's where it has as many, else names that count. */
const namesOf = (
  written: number | readonly string[],
  known: readonly string[],
): readonly string[] => {
  if (written === known.length) return known;
  if (typeof written === "number") return Array.from({ length: written }, (_, i) => `class ${i}`);
  const [only, ...others] = written;
  return only !== undefined && others.length === 0 ? ["background", only] : written;
};

const classes = key(
  redecided(
    oneOf(
      integer({ min: 2, max: MAX_CLASSES }, "a class is told from another"),
      list("class names", text("a class name"), { min: 1, max: MAX_CLASSES }),
    ),
    (written, scope) => {
      const value = namesOf(written, datasetIn(scope)?.classes ?? []);
      return {
        value,
        rows: [scope.row(written, value === written ? undefined : value.join(", "))],
      };
    },
  ),
  "Class names in the order of their label values; one alone is the class 1, before a background; a number stands for `class 0`, `class 1` and so on. The one place that says how many classes there are.",
  computed(
    "the dataset's; needed for list and folders",
    (scope) => {
      const dataset = datasetIn(scope);
      return byDefault(dataset?.classes ?? [], dataset?.title ?? "none");
    },
    { standIn: ["background", "foreground"] },
  ),
);

/** Labels that are colours have no values to ignore: there `ignore` is a name among them. */
const ignore = key(
  oneOf(labelValue, list("label values", labelValue)),
  "Label values that count for nothing, in loss and in scores. 255 is always among them, and above 255 classes 65535 in its place.",
  computed<number | null>("`255`; `65535` above 255 classes", (scope) => {
    if (scope.isWritten(colours)) return saidElsewhere;
    const value = ignoredOf(scope.read(classes).length);
    return byDefault(value, `${value} is always ignored`);
  }),
);

const asList = (values: number | readonly number[] | null): readonly number[] =>
  typeof values === "number" ? [values] : (values ?? []);

const labels = key(
  redecided(labelsForm, (written, scope) => {
    const names = scope.read(classes);
    const value = labelsOf(written, names, asList(scope.read(ignore)));
    const means = value.name === null ? undefined : mapInWords(value.map, names);
    return { value, rows: [scope.row(written, means)] };
  }),
  "What each value of the label files means: a class name, or `ignore`; or the value of the first class; or colours; or a built-in map.",
  computed<{ readonly first: 0 } | MapName>("the layout's map, else `{first: 0}`", (scope) => {
    const dataset = datasetIn(scope);
    return dataset === undefined
      ? byDefault({ first: 0 }, "value i is class i")
      : byDefault(usualMap(dataset), dataset.title);
  }),
);

/** Files of signed, float or narrow samples, and of bands that are no colours, do not say how they look. */
const images = section("how images are read", {
  range: key(
    tuple(2, "numbers (low, high)", real()),
    "Values that are black and white; those between are spread evenly, those beyond clipped.",
    absent("the whole range of 8 or 16 bits"),
  ),
  bands: key(
    tuple(3, "band numbers (red, green, blue)", integer({ min: 1, max: 65535 })),
    "Which bands are red, green and blue, from 1: `[3, 2, 1]`.",
    absent("the first three, or the only one"),
  ),
});

const keys = section(
  "`data`",
  {
    layout,
    root: key(
      located("the folder of the dataset"),
      "Folder of the dataset, relative to this file.",
      required("."),
    ),
    train: key(
      split,
      "The training split: a list file of `image label` lines (list), the name of a list (voc, pascal-context) or of a folder (every other dataset), or two folders (folders).",
      computed(
        "the dataset's; needed for list and folders",
        (scope) => {
          const dataset = datasetIn(scope);
          return byDefault(dataset?.splits.train ?? "", dataset?.title ?? "none");
        },
        { standIn: "train.txt" },
      ),
    ),
    val: key(
      scored,
      "The validation split, named as `train` is; or a share of the training split that is held out of it: `0.2`.",
      computed("the dataset's, else none", (scope) => {
        const dataset = datasetIn(scope);
        return dataset === undefined
          ? byDefault(null, "no validation split")
          : byDefault(dataset.splits.val, dataset.title);
      }),
    ),
    test: key(
      scored,
      "The test split, as `val`: a share of both is never the same pairs.",
      computed("the dataset's, else none", (scope) => {
        const name = datasetIn(scope)?.splits.test ?? null;
        return byDefault(name, name === null ? "no test split" : (datasetIn(scope)?.title ?? ""));
      }),
    ),
    classes,
    labels,
    ignore,
    palette: key(
      list("colours", colour),
      "Colours of the classes in pictures.",
      computed("the dataset's, those of the labels, else pspc's own", (scope) => {
        const usual = usualPalette(scope.read(labels), scope.read(classes));
        return byDefault(usual.colours, usual.source);
      }),
    ),
    images: key(
      images,
      "How image files are read that do not say it themselves (docs/data.md).",
      absent("as their formats define it"),
    ),
    damaged: key(
      choice("stop", "skip"),
      "What a pair that cannot be read does to a training: stop it, or be left out and recorded.",
      usually("stop", "no sample is skipped silently"),
    ),
    mean: key(
      tuple(3, "numbers (red, green, blue)", real()),
      "Mean of red, green, blue on the scale 0 to 255.",
      preset("data.mean"),
    ),
    std: key(
      tuple(3, "numbers (red, green, blue)", real({ above: 0 })),
      "Standard deviation of red, green, blue on the scale 0 to 255.",
      preset("data.std"),
    ),
  },
  {
    hints: {
      num_classes: "the number of classes is the length of `classes`",
      ignore_index: "write `ignore: 255`; 255 is ignored without a word",
      path: "the folder is called `root`",
      colors: "colours of labels are `labels: {colours: {…}}`",
    },
    fields: {
      labels: {
        labels: ({ map }) => map,
        label_format: ({ format }) => format,
        label_map: ({ name }) => name,
      },
      ignore: {},
    },
  },
);

export const data = requiredUnless(
  keys,
  "`data`",
  { key: "layout", is: datasetNames },
  { train: "the training split", classes: "a list of class names" },
);
