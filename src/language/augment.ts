/** The list `train.augment`: what happens to image and label before the crop, in the order written. */

import { mapped } from "./codec.js";
import { byKeys, key, required, usually } from "./key.js";
import { colour } from "./labels.js";
import { abbreviated, tagged } from "./map.js";
import { section } from "./section.js";
import { choice, none, oneOf, real, sequence, tuple } from "./value.js";

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
    crop: key(
      crop,
      "A limit for the random crop of `train.crop`, which comes last with or without it.",
      required({ max_share: 1 }),
    ),
  },
  {
    flip: "did you mean `mirror`?",
    resize: "random scaling is `{scale: [0.5, 2]}`",
    normalize: "mean and deviation are `data.mean` and `data.std`, applied last by themselves",
  },
);

/** What moves pixels moves the label with them. The random crop of `train.crop` follows. */
const augmentation = mapped(written, (a) => {
  if ("mirror" in a) return { op: "mirror", probability: a.mirror } as const;
  if ("blur" in a) return { op: "blur", probability: a.blur } as const;
  if ("crop" in a) return { op: "crop", max_share: a.crop.max_share } as const;
  if ("jitter" in a) return { op: "jitter", ...a.jitter } as const;
  const [min, max] = "scale" in a ? a.scale.range : a.rotate.range;
  if ("scale" in a) return { op: "scale", min, max, aspect: a.scale.aspect } as const;
  const { probability: chance, border } = a.rotate;
  return { op: "rotate", min, max, probability: chance, border } as const;
});

export const augment = mapped(
  oneOf(none, sequence("augmentations", augmentation, { max: 32 })),
  (list) => list ?? [],
);

/** The paper's section 4.1, in the order of semseg `tool/train.py`. */
export const usualAugmentation = usually(
  [{ scale: [0.5, 2] }, { rotate: [-10, 10] }, "blur", "mirror"],
  "paper, section 4.1",
);
