/** The section `model.backbone`: a ResNet with its stem and its dilations. */

import { closed } from "./closed.js";
import { documented } from "./codec.js";
import { tuple } from "./list.js";
import { oneOf } from "./one-of.js";
import { choice, integer, text } from "./scalar.js";
import { tagged } from "./tagged.js";

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
