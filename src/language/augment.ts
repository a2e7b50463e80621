/** The list `train.augment`: what happens to image and label before the crop, in the order written. */

import { mapped } from "./codec.js";
import { absent, byKeys, key, required, usually } from "./key.js";
import { colour } from "./labels.js";
import { abbreviated, tagged } from "./map.js";
import { section } from "./section.js";
import { choice, none, oneOf, real, sequence, size, tuple } from "./value.js";

const probability = real({ min: 0, max: 1 }, "it is a probability");
const factors = tuple(2, "numbers", real({ above: 0 }));
const degrees = tuple(2, "numbers", real({ min: -180, max: 180 }));

const scale = abbreviated(
  factors,
  section("`scale`", {
    range: key(factors, "Least and greatest factor.", required([1, 1])),
    aspect: key(
      real({ min: 1 }),
      "Greatest change of the aspect ratio.",
      usually(1, "semseg keeps the aspect ratio"),
    ),
    step: key(
      real({ above: 0 }),
      "Factors lie this far apart, from the least on (PaddleSeg's `scale_step_size`).",
      absent("any factor of the range"),
    ),
    base: key(
      size,
      "The factor is one of this size, into which a picture fits, whichever of its sides is the longer (mmsegmentation's `scale`).",
      absent("the picture's own size"),
      "pixels",
    ),
  }),
  (range) => ({ range }),
);

const rotate = abbreviated(
  degrees,
  section("`rotate`", {
    range: key(degrees, "Least and greatest angle in degrees.", required([0, 0]), "degrees"),
    probability: key(
      probability,
      "Probability that an image is rotated.",
      usually(0.5, "semseg `util/transform.py`"),
    ),
    border: key(
      oneOf(choice("mean"), colour),
      "Colour of what lies beyond the picture, `mean` is `data.mean`; its labels are ignored.",
      usually("mean", "semseg `tool/train.py`"),
    ),
  }),
  (range) => ({ range }),
);

const strength = (what: string) =>
  key(
    real({ min: 0, max: 1 }, "it is the largest relative change"),
    `Largest relative change of the ${what}.`,
    usually(0.4, "PaddleSeg's and torchvision's usual strength"),
  );

const jitter = section("`jitter`", {
  brightness: strength("brightness"),
  contrast: strength("contrast"),
  saturation: strength("saturation"),
  probability: key(
    probability,
    "Probability that an image's colours are changed.",
    usually(1, "every image, as in torchvision"),
  ),
});

/** mmsegmentation's `PhotoMetricDistortion`, which has them from SSD. */
const usualDistortion = "mmsegmentation's `PhotoMetricDistortion`";

const distort = section("`distort`", {
  brightness: key(
    real({ min: 0, max: 255 }),
    "Greatest value that is added to every channel, or taken from it, on the scale 0 to 255.",
    usually(32, usualDistortion),
  ),
  contrast: key(
    factors,
    "Least and greatest factor of every channel.",
    usually([0.5, 1.5], usualDistortion),
  ),
  saturation: key(
    factors,
    "Least and greatest factor of the saturation.",
    usually([0.5, 1.5], usualDistortion),
  ),
  hue: key(
    real({ min: 0, max: 180 }),
    "Greatest turn of the hue, to either side, in steps of 2°.",
    usually(36, `${usualDistortion}, 18 steps of OpenCV's`),
    "degrees",
  ),
});

const crop = section(
  "`crop`",
  {
    max_share: key(
      real({ above: 0, max: 1 }),
      "Draw again, up to ten times, while one class has more than this share of the crop.",
      required(1),
    ),
  },
  { hints: { size: "the size is `train.crop`" } },
);

const written = tagged(
  "augmentation",
  {
    mirror: key(
      probability,
      "Flip left and right, with this probability.",
      usually(0.5, "semseg `util/transform.py`"),
    ),
    scale: key(scale, "Grow or shrink by a factor from this range.", required([1, 1])),
    rotate: key(rotate, "Rotate by an angle from this range of degrees.", required([0, 0])),
    blur: key(
      probability,
      "Gaussian blur, 5×5, with this probability.",
      usually(0.5, "semseg `util/transform.py`"),
    ),
    jitter: key(jitter, "Change brightness, contrast and saturation.", byKeys({})),
    distort: key(
      distort,
      "Change brightness, contrast, saturation and hue, each every second time; contrast before saturation and hue or after them.",
      byKeys({}),
    ),
    crop: key(
      crop,
      "A limit for the random crop of `train.crop`, which comes last with or without it.",
      required({ max_share: 1 }),
    ),
  },
  {
    flip: "did you mean `mirror`?",
    resize: "random scaling is `{scale: [0.5, 2]}`",
    photometric: "mmsegmentation's photometric distortion is `distort`",
    normalize: "mean and deviation are `data.mean` and `data.std`, applied last by themselves",
  },
);

/** What moves pixels moves the label with them. The random crop of `train.crop` follows. */
const augmentation = mapped(written, (a) => {
  if ("mirror" in a) return { op: "mirror", probability: a.mirror } as const;
  if ("blur" in a) return { op: "blur", probability: a.blur } as const;
  if ("crop" in a) return { op: "crop", max_share: a.crop.max_share } as const;
  if ("jitter" in a) return { op: "jitter", ...a.jitter } as const;
  if ("distort" in a) return { op: "distort", ...a.distort } as const;
  const [min, max] = "scale" in a ? a.scale.range : a.rotate.range;
  if ("scale" in a) {
    const { range: _, ...scaling } = a.scale;
    return { op: "scale", min, max, ...scaling } as const;
  }
  const { probability: chance, border } = a.rotate;
  return { op: "rotate", min, max, probability: chance, border } as const;
});

const augmentations = mapped(
  oneOf(none, sequence("augmentations", augmentation, { max: 32 })),
  (list) => list ?? [],
);

/** The paper's section 4.1, in the order of semseg `tool/train.py`. */
export const augment = key(
  augmentations,
  "What happens to image and label before the crop.",
  usually([{ scale: [0.5, 2] }, { rotate: [-10, 10] }, "blur", "mirror"], "paper, section 4.1"),
);
