/** The section `evaluate`: how whole images are scored. */

import { closed } from "./closed.js";
import { documented } from "./codec.js";
import { list } from "./list.js";
import { oneOf } from "./one-of.js";
import { choice, flag, real, text } from "./scalar.js";
import { size } from "./train.js";

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
    mirror: documented(flag, "Whether the mirrored image is scored too. Default: false."),
    average: documented(
      choice("probabilities", "logits"),
      "What is averaged over windows, scales and mirrors.",
    ),
    absent_class: documented(
      choice("zero", "skip", "one"),
      "IoU of a class that occurs neither in labels nor in predictions.",
    ),
  },
  { crop: "it is called `window`", flip: "it is called `mirror`" },
);
