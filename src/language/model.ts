/** The section `model`: backbone, pyramid pooling, head, auxiliary head. */

import { documented } from "./codec.js";
import { closed, tagged } from "./map.js";
import { choice, flag, integer, list, oneOf, real, text, tuple } from "./value.js";

const channels = integer({ min: 1, max: 16384 });

const freeResnet = closed(
  "`resnet`",
  {
    block: documented(choice("basic", "bottleneck"), "Two 3×3 convolutions, or 1×1, 3×3, 1×1."),
    blocks: documented(
      tuple(4, "whole numbers, one a stage", integer({ min: 1, max: 200 })),
      "Blocks of each of the four stages.",
    ),
  },
  {
    width: documented(
      channels,
      "Planes of the first stage; each later stage doubles them. Default: 64.",
    ),
  },
);

export const backbone = closed(
  "`backbone`",
  {},
  {
    resnet: documented(
      oneOf(choice(18, 34, 50, 101, 152, 269), freeResnet),
      "A known depth, or blocks and width written out. Default: 50.",
    ),
    stem: documented(
      oneOf(
        choice("deep", "conv7"),
        tagged("stem", {
          deep: documented(tuple(3, "channel counts", channels), "Of the three convolutions."),
          conv7: documented(channels, "Of the one convolution."),
        }),
      ),
      "Three 3×3 convolutions (deep) or one 7×7 (conv7), with their channels if they are not the usual ones.",
    ),
    dilations: documented(
      tuple(4, "whole numbers, one a stage", integer({ min: 1, max: 64 })),
      "Dilation of each stage; a stage with dilation above 1 keeps its stride at 1. Default: [1, 1, 2, 4].",
    ),
    stride_site: documented(
      choice("3x3", "1x1"),
      "The convolution of a bottleneck that carries the stride.",
    ),
    first_dilation: documented(
      choice("full", "contracted"),
      "Dilation of a dilated stage's first block: the stage's, or half of it.",
    ),
    weights: documented(
      text("a file of weights"),
      "The same as `model.weights: {file: …, only: backbone}`.",
    ),
  },
  {
    strides:
      "strides follow from `dilations`: stages 2 to 4 have stride 2, and a stage with dilation above 1 keeps stride 1",
    output_stride:
      "write `dilations`: [1, 1, 2, 4] is output stride 8, [1, 1, 1, 2] is 16, [1, 1, 1, 1] is 32",
    depth: "write `resnet: 50`",
    pretrained: "name a file under `weights`",
  },
);

const dropout = documented(
  real({ min: 0, below: 1 }, "it is the share of channels that a step drops"),
  "Probability of dropping a whole channel in training. Default: 0.1.",
);
const none = choice("none");

const pyramid = closed(
  "`pyramid`",
  {},
  {
    bins: documented(
      list("bins", integer({ min: 1, max: 1024 }), { min: 1, max: 64 }),
      "Sizes of the pooled maps: bin b pools to b×b. Default: [1, 2, 3, 6].",
    ),
    pool: documented(choice("average", "max"), "How a bin is pooled. Default: average."),
    reduction: documented(
      oneOf(
        closed("`reduction`", { channels: documented(channels, "Channels of each branch.") }, {}),
        integer({ min: 1 }),
        choice("levels", "none"),
      ),
      "Each branch has 1/reduction of the backbone's channels; `levels` divides by the number of bins, `none` keeps all. Default: levels.",
    ),
    order: documented(
      choice("ascending", "descending"),
      "Order of the branches behind the features in the concatenation.",
    ),
  },
);

const auxiliary = closed(
  "`auxiliary`",
  {},
  {
    after: documented(
      integer({ min: 1, max: 4 }, "a ResNet has four stages"),
      "Stage whose output the auxiliary head reads. Default: 3.",
    ),
    channels: documented(channels, "Channels of its 3×3 convolution. Default: 256 at width 64."),
    dropout,
    weight: documented(real({ min: 0 }), "Weight of its loss beside the main one. Default: 0.4."),
  },
);

export const model = closed(
  "`model`",
  {},
  {
    backbone: documented(backbone, "The dilated ResNet."),
    weights: documented(
      oneOf(
        text("a file of weights"),
        closed(
          "`weights`",
          { file: documented(text("a file of weights"), "Relative to this file.") },
          {
            only: documented(
              choice("all", "backbone"),
              "What is taken from the file; all else is drawn. Default: all.",
            ),
          },
        ),
      ),
      "Initial weights of the whole network, or of its backbone: safetensors, PyTorch `.pth`, `.npz` or Keras `.h5`. Default: random.",
    ),
    pyramid: documented(
      oneOf(none, pyramid),
      "The pyramid pooling module; `none` is the dilated FCN.",
    ),
    head: documented(
      closed(
        "`head`",
        {},
        {
          channels: documented(
            channels,
            "Channels of its 3×3 convolution. Default: 512 at width 64.",
          ),
          dropout,
        },
      ),
      "The classifier over the concatenated features.",
    ),
    auxiliary: documented(oneOf(none, auxiliary), "The auxiliary head of training, or `none`."),
    align_corners: documented(flag, "Whether bilinear upsampling keeps the corners in place."),
    norm: documented(
      closed(
        "`norm`",
        {},
        {
          epsilon: documented(real({ above: 0 }), "Added to the variance. Default: 1e-5."),
          momentum: documented(
            real({ min: 0, below: 1 }, "it is the share of the old statistic that a step keeps"),
            "Share of the old running statistic kept each step. Default: 0.9.",
          ),
        },
      ),
      "Batch normalisation.",
    ),
  },
  {
    classes: "classes belong under `data`",
    num_classes: "the number of classes is the length of `data.classes`",
    aux: "the auxiliary head is called `auxiliary`",
    ppm: "the pyramid pooling module is called `pyramid`",
  },
);
