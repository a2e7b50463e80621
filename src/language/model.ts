/** The section `model`: backbone, pyramid pooling, head, auxiliary head. */

import { backbone, backboneWeights } from "./backbone.js";
import { atWidth, channels, resnet, widthIn } from "./body.js";
import { meaning } from "./codec.js";
import { stageChannels } from "./family.js";
import { byDefault, byKeys, bySemantics, computed, key, preset, required, usually } from "./key.js";
import { abbreviated } from "./map.js";
import { section } from "./section.js";
import { choice, flag, integer, list, located, none, oneOf, real } from "./value.js";

const bins = key(
  list("bins", integer({ min: 1, max: 1024 }), { min: 1, max: 64 }),
  "Sizes of the pooled maps: bin b pools to b×b.",
  usually([1, 2, 3, 6], "paper, section 3.2"),
);

const headChannels = key(
  channels,
  "Channels of its 3×3 convolution; `features/4` is a quarter of the backbone's.",
  bySemantics(
    "model.head.channels",
    (count, scope) =>
      count === "features/4"
        ? quarter(stageChannels(scope.read(resnet))[3])
        : atWidth(count, widthIn(scope)),
    "; counts at width 64",
  ),
  "channels",
);

const quarter = (count: number): number => Math.max(1, Math.floor(count / 4));

/** Section 3.2: with N levels, a 1×1 convolution reduces each to 1/N of the features' channels. */
const reduction = meaning(
  oneOf(
    section("`reduction`", {
      channels: key(channels, "Channels of each branch.", required(512), "channels"),
    }),
    integer({ min: 1 }),
    choice("levels", "head", "none"),
  ),
  (written, scope): number | null => {
    const features = stageChannels(scope.read(resnet))[3];
    if (written === "none") return null;
    if (written === "head") return scope.read(headChannels);
    if (written === "levels") return Math.floor(features / scope.read(bins).length);
    return typeof written === "number" ? Math.floor(features / written) : written.channels;
  },
);

const pyramid = section(
  "`pyramid`",
  {
    bins,
    pool: key(
      choice("average", "max"),
      "How a bin is pooled.",
      usually("average", "paper, Table 1"),
    ),
    reduction: key(
      reduction,
      "Each branch has 1/reduction of the backbone's channels; `levels` divides by the number of bins, `head` takes as many as the head has, `none` keeps all.",
      preset("model.pyramid.reduction"),
    ),
    order: key(
      choice("ascending", "descending"),
      "Order of the branches behind the features in the concatenation.",
      preset("model.pyramid.order"),
    ),
  },
  { fields: { reduction: { channels: (branch) => branch } } },
);

const dropout = key(
  real({ min: 0, below: 1 }, "it is the share of channels that a step drops"),
  "Probability of dropping a whole channel in training.",
  usually(0.1, "semseg `model/pspnet.py`"),
);

const head = section("`head`", {
  channels: headChannels,
  dropout,
});

const after = key(
  integer({ min: 1, max: 4 }, "a ResNet has four stages"),
  "Stage whose output the auxiliary head reads.",
  usually(3, "paper, section 3.3: after res4"),
);

const auxiliary = section("`auxiliary`", {
  after,
  channels: key(
    channels,
    "Channels of its 3×3 convolution; `input/4` is a quarter of those that it reads.",
    bySemantics(
      "model.auxiliary.channels",
      (count, scope) =>
        count === "input/4"
          ? quarter(stageChannels(scope.read(resnet))[scope.read(after) - 1] ?? 0)
          : atWidth(count, widthIn(scope)),
      "; counts at width 64",
    ),
    "channels",
  ),
  dropout,
  weight: key(
    real({ min: 0 }),
    "Weight of its loss beside the main one.",
    usually(0.4, "paper, Table 2"),
  ),
});

/** One file to begin with: of the whole network, or of its backbone. */
const weights = abbreviated(
  located("a file of weights"),
  section("`weights`", {
    file: key(
      located("a file of weights"),
      "Relative to this file.",
      required("weights.safetensors"),
    ),
    only: key(
      choice("all", "backbone"),
      "What is taken from the file; all else is drawn.",
      usually("all", "the whole network"),
    ),
    replace: key(
      choice("none", "classifier"),
      "Layers that are drawn although they are taken: `classifier` for other classes than the file's.",
      usually("none", "all that is taken"),
    ),
  }),
  (file) => ({ file }),
);

interface BackboneWeights {
  readonly file: string;
  readonly only: "backbone";
  readonly replace: "none";
}

export const model = section(
  "`model`",
  {
    backbone: key(backbone, "The dilated ResNet.", byKeys({})),
    weights: key(
      weights,
      "Initial weights of the whole network, or of its backbone: safetensors, PyTorch `.pth`, `.npz` or Keras `.h5`.",
      computed<BackboneWeights | null>("random", (scope) => {
        const file = scope.isWritten(backboneWeights) ? scope.read(backboneWeights) : null;
        return file === null
          ? byDefault(null, "random")
          : { value: { file, only: "backbone", replace: "none" }, origin: null };
      }),
    ),
    pyramid: key(
      oneOf(none, pyramid),
      "The pyramid pooling module; `none` is the dilated FCN.",
      byKeys({}),
    ),
    head: key(head, "The classifier over the concatenated features.", byKeys({})),
    auxiliary: key(
      oneOf(none, auxiliary),
      "The auxiliary head of training, or `none`.",
      byKeys({}),
    ),
    dropout: key(
      choice("channels", "elements"),
      "What dropout drops in training: whole channels of a map, or each of its values by itself.",
      preset("model.dropout"),
    ),
    align_corners: key(
      flag,
      "Whether bilinear upsampling keeps the corners in place.",
      preset("model.align_corners"),
    ),
    norm: key(
      section("`norm`", {
        epsilon: key(
          real({ above: 0 }),
          "Added to the variance.",
          usually(1e-5, "PyTorch's, as in semseg"),
        ),
        momentum: key(
          real({ min: 0, below: 1 }, "it is the share of the old statistic that a step keeps"),
          "Share of the old running statistic kept each step.",
          preset("model.norm.momentum"),
        ),
        bias: key(
          choice("none", "new"),
          "Which convolutions have a bias before their norm: none, or those of pyramid, head and auxiliary head.",
          preset("model.norm.bias"),
        ),
      }),
      "Batch normalisation.",
      byKeys({}),
    ),
  },
  {
    hints: {
      classes: "classes belong under `data`",
      num_classes: "the number of classes is the length of `data.classes`",
      aux: "the auxiliary head is called `auxiliary`",
      ppm: "the pyramid pooling module is called `pyramid`",
    },
  },
);
