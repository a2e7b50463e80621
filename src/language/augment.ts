/** The list `train.augment`: what happens to image and label before the crop, in the order written. */

import { documented } from "./codec.js";
import { closed, tagged } from "./map.js";
import { choice, integer, list, oneOf, real, tuple } from "./value.js";

const probability = real({ min: 0, max: 1 }, "it is a probability");
const factors = tuple(2, "numbers", real({ above: 0 }));
const degrees = tuple(2, "numbers", real({ min: -180, max: 180 }));
const strength = real({ min: 0, max: 1 }, "it is the largest relative change");

const colour = tuple(3, "whole numbers (red, green, blue)", integer({ min: 0, max: 255 }));

const scale = oneOf(
  factors,
  closed(
    "`scale`",
    { range: documented(factors, "Least and greatest factor.") },
    {
      aspect: documented(
        real({ min: 1 }),
        "Greatest change of the aspect ratio. Default: 1, none.",
      ),
    },
  ),
);

const rotate = oneOf(
  degrees,
  closed(
    "`rotate`",
    { range: documented(degrees, "Least and greatest angle in degrees.") },
    {
      probability: documented(probability, "Default: 0.5."),
      border: documented(
        oneOf(choice("mean"), colour),
        "Colour of what lies beyond the picture; its labels are ignored. Default: mean, `data.mean`.",
      ),
    },
  ),
);

const jitter = closed(
  "`jitter`",
  {},
  {
    brightness: documented(strength, "Default: 0.4."),
    contrast: documented(strength, "Default: 0.4."),
    saturation: documented(strength, "Default: 0.4."),
    probability: documented(probability, "Default: 1."),
  },
);

const crop = closed(
  "`crop`",
  {
    max_share: documented(
      real({ above: 0, max: 1 }),
      "Draw again, up to ten times, while one class has more than this share of the crop.",
    ),
  },
  {},
  { size: "the size is `train.crop`" },
);

const augmentation = tagged(
  "augmentation",
  {
    mirror: documented(probability, "Left becomes right, with this probability. Alone: 0.5."),
    scale: documented(scale, "Grow or shrink by a factor from this range."),
    rotate: documented(rotate, "Turn by an angle from this range of degrees."),
    blur: documented(probability, "Gaussian blur, 5×5, with this probability. Alone: 0.5."),
    jitter: documented(jitter, "Change brightness, contrast and saturation."),
    crop: documented(
      crop,
      "A limit for the random crop of `train.crop`, which comes last with or without it.",
    ),
  },
  ["mirror", "blur", "jitter"],
  {
    flip: "did you mean `mirror`?",
    resize: "random scaling is `{scale: [0.5, 2]}`",
    normalize: "mean and deviation are `data.mean` and `data.std`, applied last by themselves",
  },
);

export const augment = oneOf(choice("none"), list("augmentations", augmentation, { max: 32 }));
