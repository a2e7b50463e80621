/** The section `data`: where images and labels are, and what the labels' values mean. */

import { closed, inOrder } from "./closed.js";
import { documented } from "./codec.js";
import { list, tuple } from "./list.js";
import { oneOf } from "./one-of.js";
import { record } from "./record.js";
import { choice, integer, real, text } from "./scalar.js";

const labelValue = integer({ min: 0, max: 255 }, "label files hold one byte a pixel");
const byteKey = {
  pattern: /^(0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/,
  expects: "a label value from 0 to 255",
};
const rgb = tuple(3, "numbers (red, green, blue)", real());

const firstLabel = closed(
  "`labels`",
  { first: documented(labelValue, "Value of the first class; the others follow it.") },
  {},
);

const labelMap = record(
  "a map from label values to class names",
  byteKey,
  text("a class name or `ignore`"),
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
    train: documented(
      text("the list of training pairs"),
      "List file of the training split, relative to root: one `image label` pair a line.",
    ),
    classes: documented(
      list("class names", text("a class name"), { min: 2, max: MAX_CLASSES }),
      "Class names in the order of their label values. The one place that says how many classes there are.",
    ),
  },
  {
    layout: documented(choice("list"), "How the dataset lies on disk. Default: list."),
    val: documented(text("the list of validation pairs"), "List file of the validation split."),
    test: documented(text("the list of test pairs"), "List file of the test split."),
    ignore: documented(
      oneOf(labelValue, list("label values", labelValue)),
      "Label values that count for nothing, in loss and in scores. 255 is always among them.",
    ),
    labels: documented(
      oneOf(firstLabel, labelMap),
      "What each value of the label files means: a class name, or `ignore`; or the value of the first class. Default: {first: 0}.",
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
  },
);

export const data = inOrder(
  unordered,
  "layout",
  "root",
  "train",
  "val",
  "test",
  "classes",
  "labels",
  "ignore",
);
