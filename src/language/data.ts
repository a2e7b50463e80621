/** The section `data`: where images and labels are, and what the labels' values mean. */

import { documented } from "./codec.js";
import { closed, inOrder, keyed, record, requiredUnless } from "./map.js";
import { choice, integer, list, oneOf, real, text, tuple } from "./value.js";

const named = ["voc", "cityscapes", "ade20k"] as const;
const layouts = ["list", ...named, "folders"] as const;
export type Layout = (typeof layouts)[number];

/** Label maps that are built in. */
const maps = ["voc", "ade20k", "labelIds", "labelTrainIds"] as const;
export type MapName = (typeof maps)[number];

const labelValue = integer({ min: 0, max: 65535 }, "label files hold at most 16 bits a pixel");
const valueKey = {
  pattern: /^(0|[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/,
  expects: "a label value from 0 to 65535",
};
const rgb = tuple(3, "numbers (red, green, blue)", real());
const colour = tuple(3, "whole numbers (red, green, blue)", integer({ min: 0, max: 255 }));

const split = oneOf(
  text("the name of a split"),
  closed(
    "a split of two folders",
    {
      images: documented(text("a folder"), "Folder of the images, relative to root."),
      labels: documented(text("a folder"), "Folder of the labels, relative to root."),
    },
    {
      suffix: documented(
        text("the end of a label's name"),
        "What a label's name has behind the image's: `_mask` pairs 7.jpg with 7_mask.png. Default: nothing.",
      ),
    },
  ),
);

const labelMap = record(
  "a map from label values to class names",
  valueKey,
  text("a class name or `ignore`"),
);

const colourTable = record(
  "a map from class names to colours",
  { pattern: /./, expects: "a class name or `ignore`" },
  oneOf(list("colours", colour, { min: 1 }), colour),
);

const labels = oneOf(
  choice(...maps),
  keyed("`labels`", labelMap, {
    first: documented(labelValue, "Value of the first class; the others follow it."),
    colours: documented(
      colourTable,
      "For labels that are pictures: the colour of each class, `sky: [70, 130, 180]`, or a list of colours; and of `ignore`.",
    ),
  }),
);

/** 255 is left for the ignore label. */
export const MAX_CLASSES = 255;

const unordered = closed(
  "`data`",
  {
    root: documented(
      text("the folder of the dataset"),
      "Folder of the dataset, relative to this file.",
    ),
  },
  {
    layout: documented(
      choice(...layouts),
      "How the dataset lies on disk (docs/data.md). Default: list.",
    ),
    train: documented(
      split,
      "The training split: a list file of `image label` lines (list), the name of a list (voc) or of a folder (cityscapes, ade20k), or two folders (folders). Needed for list and folders.",
    ),
    val: documented(split, "The validation split."),
    test: documented(split, "The test split."),
    classes: documented(
      list("class names", text("a class name"), { min: 2, max: MAX_CLASSES }),
      "Class names in the order of their label values. The one place that says how many classes there are. Needed for list and folders.",
    ),
    ignore: documented(
      oneOf(labelValue, list("label values", labelValue)),
      "Label values that count for nothing, in loss and in scores. 255 is always among them.",
    ),
    labels: documented(
      labels,
      "What each value of the label files means: a class name, or `ignore`; or the value of the first class; or colours; or a built-in map. Default: the layout's map, else {first: 0}.",
    ),
    palette: documented(
      list("colours", colour),
      "Colours of the classes in pictures. Default: the dataset's, those of the labels, or Pascal VOC's colour map.",
    ),
    damaged: documented(
      choice("stop", "skip"),
      "What a pair that cannot be read does to a training: stop it, or be left out and recorded. Default: stop.",
    ),
    mean: documented(rgb, "Mean of red, green, blue on the scale 0 to 255. Default: ImageNet's."),
    std: documented(
      tuple(3, "numbers (red, green, blue)", real({ above: 0 })),
      "Standard deviation of red, green, blue on the scale 0 to 255. Default: ImageNet's.",
    ),
  },
  {
    num_classes: "the number of classes is the length of `classes`",
    ignore_index: "write `ignore: 255`; 255 is ignored without a word",
    path: "the folder is called `root`",
    images: "two folders are `layout: folders` and `train: {images: …, labels: …}`",
    colors: "colours of labels are `labels: {colours: {…}}`",
  },
);

export const data = requiredUnless(
  inOrder(
    unordered,
    "layout",
    "root",
    "train",
    "val",
    "test",
    "classes",
    "labels",
    "ignore",
    "palette",
  ),
  "`data`",
  { key: "layout", is: named },
  {
    train: "the training split",
    classes: "a list of class names",
  },
);
