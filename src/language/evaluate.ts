/** The section `evaluate`: how whole images are scored. */

import { augment } from "./augment.js";
import { meaning } from "./codec.js";
import type { Sides } from "./geometry.js";
import {
  byDefault,
  bySemantics,
  computed,
  follows,
  inferred,
  key,
  preset,
  usually,
} from "./key.js";
import { section } from "./section.js";
import { crop } from "./train.js";
import { choice, flag, integer, list, none, oneOf, real, size, text } from "./value.js";

/** A share below 1, which may be a fraction in digits, as papers write it: `1/3`. */
const share = meaning(
  oneOf(
    real({ min: 0, below: 1 }, "windows must advance"),
    text("a fraction below 1 such as `1/3`", /^(0|[1-9]\d{0,5})\/[1-9]\d{0,5}$/),
  ),
  (written): number => {
    if (typeof written === "number") return written;
    const [numerator, denominator] = written.split("/").map(Number);
    return (numerator ?? Number.NaN) / (denominator ?? Number.NaN);
  },
);

const window = key(size, "Size of a sliding window.", follows(crop, "`train.crop`"), "pixels");

const overlap = key(
  share,
  "Share of a window that the next one covers again.",
  usually("1/3", "semseg `tool/test.py`"),
);

const mode = key(
  choice("whole", "slide"),
  "Whole images, or sliding windows.",
  computed("`slide` where a window or an overlap is written, else `whole`", (scope) =>
    scope.isWritten(window) || scope.isWritten(overlap)
      ? inferred("slide", "a window or an overlap is written")
      : inferred("whole", "no window or overlap is written"),
  ),
);

const longSide = key(
  oneOf(none, integer({ min: 1 }, "an image has pixels")),
  "Pixels of an image's longer side at scale 1; `none` leaves images as large as they are.",
  usually("none", "an image's own size"),
  "pixels",
);

/** Who trains on pictures of one size scores them so: twice as large, they would be other pictures. */
const base = key(
  oneOf(none, size),
  "Size into which an image fits at scale 1, whichever of its sides is the longer; `none` leaves images as large as they are.",
  computed<"none" | Sides>("the base of `train.augment`'s scale, else none", (scope) => {
    const found = scope.read(augment).find((step) => step.op === "scale" && step.base !== null);
    return found?.op === "scale" && found.base !== null && !scope.isWritten(longSide)
      ? inferred(found.base, "the base of `train.augment`'s scale")
      : byDefault("none" as const, "an image's own size");
  }),
  "pixels",
);

export const evaluate = section(
  "`evaluate`",
  {
    mode,
    grid: key(
      choice("8n+1", "none"),
      "Whole images are padded to 8n+1 pixels, as align_corners wants them, or taken as they are.",
      preset("evaluate.grid"),
    ),
    window,
    overlap,
    scales: key(
      list("scales", real({ above: 0, max: 16 }), { min: 1, max: 32 }),
      "Scales whose scores are averaged.",
      usually([1], "single scale"),
    ),
    long_side: longSide,
    base,
    mirror: key(
      flag,
      "Whether the mirrored image is scored too.",
      usually(false, "one pass an image"),
    ),
    padding: key(
      choice("centre", "end"),
      "Where an image that is smaller than its window is padded, with the mean colour: on both sides, or below and to the right.",
      preset("evaluate.padding"),
    ),
    average: key(
      choice("probabilities", "logits"),
      "What is averaged over windows, scales and mirrors.",
      bySemantics(
        "evaluate.average",
        (value, scope): "probabilities" | "logits" => {
          if (value !== "by mode") return value;
          return scope.read(mode) === "slide" ? "logits" : "probabilities";
        },
        " (`slide`: logits, `whole`: probabilities)",
      ),
    ),
    rounding: key(
      choice("nearest", "above"),
      "Long side of an image scaled from `long_side`: the nearest whole pixel, or one above it as in Caffe.",
      preset("evaluate.rounding"),
    ),
    absent_class: key(
      choice("zero", "skip", "one"),
      "IoU of a class that occurs neither in labels nor in predictions.",
      preset("evaluate.absent_class"),
    ),
    precision: key(
      choice("f32", "bf16"),
      "Number format of the convolutions of a network that is scored or predicts; `bf16` is faster where there is hardware for it, and changes some classes.",
      usually("f32", "scores are those of the weights as they were trained"),
    ),
    boundary: key(
      oneOf(none, real({ above: 0, max: 1 })),
      "Tolerance of the boundary F-score, as a share of an image's diagonal; 0.0075 is usual.",
      usually("none", "regions alone"),
    ),
  },
  {
    hints: {
      crop: "it is called `window`",
      flip: "it is called `mirror`",
      base_size: "it is called `long_side`, or `base` where both sides bound the image",
    },
  },
);
