/** The section `model.backbone`: a ResNet or a MobileNetV2 with its stem, its strides and its dilations. */

import {
  atWidth,
  byFamily,
  channels,
  groups,
  mobilenet,
  ofResnets,
  resnet,
  splitAttention,
  widthIn,
} from "./body.js";
import { mapped } from "./codec.js";
import { inEights, MOBILENET_STEM } from "./family.js";
import { usualStrides } from "./geometry.js";
import {
  type AnyKey,
  bySemantics,
  computed,
  inferred,
  key,
  preset,
  presetWords,
  unsaid,
  usually,
} from "./key.js";
import { tagged } from "./map.js";
import type { Chosen } from "./scope.js";
import { section, type WrittenBy } from "./section.js";
import { choice, integer, located, tuple } from "./value.js";

const paper = "paper, as in He et al. 2016";
const sandler = "Sandler et al. 2018";

type Triple = readonly [number, number, number];

/** Three 3×3 convolutions, one 7×7, or one 3×3. */
type Stem =
  | { readonly kind: "deep"; readonly channels: Triple }
  | { readonly kind: "conv7" | "conv3"; readonly channels: number };

type WrittenStem = WrittenBy<{ readonly codec: typeof stem } & AnyKey>;

const stem = mapped(
  tagged("stem", {
    deep: key(
      tuple(3, "channel counts", channels),
      "Of the three convolutions.",
      computed<Triple>("`[64, 64, 128]` at width 64", (scope) => {
        const width = widthIn(scope);
        return inferred([width, width, 2 * width], "`model.backbone.resnet`");
      }),
      "channels",
    ),
    conv7: key(
      channels,
      "Of the one convolution.",
      computed("`64` at width 64", (scope) => inferred(widthIn(scope), "`model.backbone.resnet`")),
      "channels",
    ),
    conv3: key(
      channels,
      "Of the one convolution.",
      computed("`32` at width 64, in eights", (scope) =>
        inferred(inEights(MOBILENET_STEM, widthIn(scope)), "`model.backbone.resnet`"),
      ),
      "channels",
    ),
  }),
  (decided): Stem => {
    if ("deep" in decided) return { kind: "deep", channels: decided.deep };
    return "conv7" in decided
      ? { kind: "conv7", channels: decided.conv7 }
      : { kind: "conv3", channels: decided.conv3 };
  },
);

/** A backbone's weights are those of the network, from another place. */
export const backboneWeights = key(
  located("a file of weights"),
  "The same as `model.weights: {file: …, only: backbone}`.",
  unsaid,
);

const dilations = key(
  tuple(4, "whole numbers, one a stage", integer({ min: 1, max: 64 })),
  "Dilation of each stage; where `strides` is not written, a stage with dilation above 1 keeps its stride at 1.",
  usually([1, 1, 2, 4], "paper, section 3.3"),
);

const pool = key(
  choice("max", "none"),
  "What follows the stem: max pooling 3×3 of stride 2, or nothing.",
  byFamily<"max" | "none">(["max", paper], ["none", sandler]),
);

const stemKey = key(
  stem,
  "Three 3×3 convolutions (deep), one 7×7 (conv7) or one 3×3 (conv3), the first of stride 2. With their channels if they are not the usual ones.",
  ofResnets<WrittenStem>(
    bySemantics(
      "model.backbone.stem",
      ([a, b, c], scope) => {
        const width = widthIn(scope);
        return { deep: [atWidth(a, width), atWidth(b, width), atWidth(c, width)] as const };
      },
      " at width 64; MobileNetV2: `conv3`",
    ),
    () => "conv3",
  ),
);

export const backbone = section(
  "`backbone`",
  {
    resnet,
    mobilenet,
    stem: stemKey,
    pool,
    dilations,
    strides: key(
      tuple(4, "strides, 1 or 2, one a stage", choice(1, 2)),
      "Stride of each stage's first block, behind a stem of stride 4, or 2 without its pooling. A stage may be dilated and have stride 2, as in mmsegmentation's `d32`.",
      computed(
        "`[1, 2, 2, 2]`, of MobileNetV2 `[2, 2, 2, 2]`; with 1 for a stage whose dilation is above 1",
        (scope) => {
          const first = scope.isWritten(mobilenet) ? 2 : 1;
          const usual = usualStrides(scope.read(dilations), first);
          return inferred(usual, "`model.backbone.dilations`");
        },
      ),
    ),
    stride_site: key(
      choice("3x3", "1x1", "pool"),
      "What of a bottleneck carries the stride: its 3×3 convolution, the 1×1 before it, or 3×3 average pooling behind it (ResNeSt).",
      // A preset speaks of bottlenecks; other blocks have no 1×1 to put the stride on.
      computed(
        `${presetWords("model.backbone.stride_site")}; basic blocks: \`3x3\``,
        (scope): Chosen<"3x3" | "1x1" | "pool"> =>
          scope.read(resnet).block === "bottleneck"
            ? scope.preset("model.backbone.stride_site")
            : inferred("3x3", "other blocks have no 1×1 convolution for it"),
        { source: "`semantics`" },
      ),
    ),
    first_dilation: key(
      choice("full", "contracted"),
      "Dilation of a dilated stage's first block: the stage's, or half of it.",
      ofResnets(preset("model.backbone.first_dilation"), () => "full"),
    ),
    dilated_blocks: key(
      choice("all", "first"),
      "Which blocks of a dilated stage are dilated: all, or the first alone (of MobileNetV2 the first of each width), as in mmsegmentation's MobileNetV2.",
      byFamily<"all" | "first">(
        ["all", "paper, section 3.3"],
        ["first", "mmsegmentation `mobilenet_v2.py`"],
      ),
    ),
    dilated: key(
      choice("both", "first"),
      "Which of a dilated basic block's two convolutions are dilated: both, or the first alone as in mmsegmentation.",
      // A bottleneck and an inverted residual have one 3×3 convolution, and dilate that.
      computed(
        `${presetWords("model.backbone.dilated")}; others: \`both\``,
        (scope): Chosen<"both" | "first"> =>
          scope.read(resnet).block === "basic"
            ? scope.preset("model.backbone.dilated")
            : inferred("both", "other blocks have one 3×3 convolution"),
        { source: "`semantics`" },
      ),
    ),
    shortcut: key(
      choice("strided", "averaged"),
      "How the shortcut of a stage with stride 2 halves its map: by the stride of its 1×1 convolution, or by the mean of 2×2 pixels before it (ResNet-D, PaddlePaddle's `vd`).",
      ofResnets(preset("model.backbone.shortcut"), () => "strided"),
    ),
    projection: key(
      choice("needed", "first"),
      "Which shortcuts have a convolution: those whose size or channels change, or those of every stage's first block.",
      ofResnets(preset("model.backbone.projection"), () => "needed"),
    ),
    activation: key(
      choice("relu", "relu6"),
      "What follows the backbone's norms: max(x, 0), or that and at most 6.",
      byFamily<"relu" | "relu6">(["relu", paper], ["relu6", sandler]),
    ),
    groups,
    split_attention: splitAttention,
    weights: backboneWeights,
  },
  {
    hints: {
      output_stride:
        "write `dilations`: [1, 1, 2, 4] is output stride 8, [1, 1, 1, 2] is 16, [1, 1, 1, 1] is 32",
      depth: "write `resnet: 50`",
      pretrained: "name a file under `weights`",
    },
    fields: {
      resnet: {
        block: ({ block }) => block,
        blocks: ({ blocks }) => blocks,
        width: ({ width }) => width,
      },
      mobilenet: {},
      weights: {},
    },
    kinds: [["resnet"], ["mobilenet"]],
  },
);
