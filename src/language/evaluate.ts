/** The section `evaluate`: how whole images are scored. */

import { documented } from "./codec.js";
import { closed } from "./map.js";
import { size } from "./train.js";
import { choice, flag, integer, list, oneOf, real, text } from "./value.js";

/** A fraction below 1 in digits, as papers write it: `1/3`. */
const fraction = text("a fraction below 1 such as `1/3`", /^(0|[1-9]\d{0,5})\/[1-9]\d{0,5}$/);

export const evaluate = closed(
  "`evaluate`",
  {},
  {
    mode: documented(
      choice("whole", "slide"),
      "Whole images, or sliding windows. Default: slide where a window or an overlap is written, else whole.",
    ),
    window: documented(size, "Size of a sliding window. Default: the training crop."),
    overlap: documented(
      oneOf(real({ min: 0, below: 1 }, "windows must move on"), fraction),
      "Share of a window that the next one covers again. Default: 1/3.",
    ),
    scales: documented(
      list("scales", real({ above: 0, max: 16 }), { min: 1, max: 32 }),
      "Scales whose scores are averaged. Default: [1].",
    ),
    long_side: documented(
      oneOf(choice("none"), integer({ min: 1 }, "an image has pixels")),
      "Pixels of an image's longer side at scale 1; `none` leaves images as large as they are. Default: none.",
    ),
    mirror: documented(flag, "Whether the mirrored image is scored too. Default: false."),
    padding: documented(
      choice("centre", "end"),
      "Where an image that is smaller than its window is padded: on both sides, or below and to the right.",
    ),
    average: documented(
      choice("probabilities", "logits"),
      "What is averaged over windows, scales and mirrors.",
    ),
    rounding: documented(
      choice("nearest", "above"),
      "Long side of an image scaled from `long_side`: the nearest whole pixel, or one above it as in Caffe.",
    ),
    absent_class: documented(
      choice("zero", "skip", "one"),
      "IoU of a class that occurs neither in labels nor in predictions.",
    ),
    boundary: documented(
      oneOf(choice("none"), real({ above: 0, max: 1 })),
      "Tolerance of the boundary F-score, as a share of an image's diagonal; 0.0075 is usual. Default: none, not scored.",
    ),
  },
  {
    crop: "it is called `window`",
    flip: "it is called `mirror`",
    base_size: "it is called `long_side`",
  },
);
