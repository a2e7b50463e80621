/** The section `model.backbone`: a ResNet with its stem and its dilations. */

import { mapped, meaning } from "./codec.js";
import {
  bySemantics,
  computed,
  inferred,
  key,
  preset,
  presetWords,
  required,
  unsaid,
  usually,
} from "./key.js";
import { tagged } from "./map.js";
import type { Chosen, Scope } from "./scope.js";
import { section } from "./section.js";
import { choice, integer, located, oneOf, tuple } from "./value.js";

export const channels = integer({ min: 1, max: 16384 });

const PAPER_WIDTH = 64;

/** Channel counts are given at the paper's width and scale with it. */
export const atWidth = (count: number, width: number): number =>
  Math.max(1, Math.floor((count * width) / PAPER_WIDTH));

interface Body {
  readonly block: "basic" | "bottleneck";
  readonly blocks: readonly [number, number, number, number];
  /** Planes of the first stage; stage s has width·2^(s−1), times 4 at a bottleneck's end. */
  readonly width: number;
}

/** Depths of He et al. 2016, and the 269 layers of the paper's best network. */
const depths: Readonly<Record<18 | 34 | 50 | 101 | 152 | 269, Omit<Body, "width">>> = {
  18: { block: "basic", blocks: [2, 2, 2, 2] },
  34: { block: "basic", blocks: [3, 4, 6, 3] },
  50: { block: "bottleneck", blocks: [3, 4, 6, 3] },
  101: { block: "bottleneck", blocks: [3, 4, 23, 3] },
  152: { block: "bottleneck", blocks: [3, 8, 36, 3] },
  269: { block: "bottleneck", blocks: [3, 30, 48, 8] },
};

export const resnet = key(
  oneOf(
    meaning(
      choice(18, 34, 50, 101, 152, 269),
      (depth): Body => ({ ...depths[depth], width: PAPER_WIDTH }),
    ),
    section("`resnet`", {
      block: key(
        choice("basic", "bottleneck"),
        "Two 3×3 convolutions, or 1×1, 3×3, 1×1.",
        required("bottleneck"),
      ),
      blocks: key(
        tuple(4, "whole numbers, one a stage", integer({ min: 1, max: 200 })),
        "Blocks of each of the four stages.",
        required([3, 4, 6, 3]),
      ),
      width: key(
        channels,
        "Planes of the first stage; each later stage doubles them.",
        usually(PAPER_WIDTH, "paper, as in He et al. 2016"),
        "channels",
      ),
    }),
  ),
  "A known depth, or blocks and width written out.",
  usually(50, "paper, Table 1"),
);

export const widthIn = (scope: Scope): number => scope.read(resnet).width;

type Triple = readonly [number, number, number];

/** Three 3×3 convolutions, or one 7×7; then max pooling 3×3 of stride 2. */
type Stem =
  | { readonly kind: "deep"; readonly channels: Triple }
  | { readonly kind: "conv7"; readonly channels: number };

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
  }),
  (decided): Stem =>
    "deep" in decided
      ? { kind: "deep", channels: decided.deep }
      : { kind: "conv7", channels: decided.conv7 },
);

/** A backbone's weights are those of the network, from another place. */
export const backboneWeights = key(
  located("a file of weights"),
  "The same as `model.weights: {file: …, only: backbone}`.",
  unsaid,
);

export const backbone = section(
  "`backbone`",
  {
    resnet,
    stem: key(
      stem,
      "Three 3×3 convolutions (deep) or one 7×7 (conv7), with their channels if they are not the usual ones.",
      bySemantics(
        "model.backbone.stem",
        ([a, b, c], scope) => {
          const width = widthIn(scope);
          return { deep: [atWidth(a, width), atWidth(b, width), atWidth(c, width)] as const };
        },
        " at width 64",
      ),
    ),
    dilations: key(
      tuple(4, "whole numbers, one a stage", integer({ min: 1, max: 64 })),
      "Dilation of each stage; a stage with dilation above 1 keeps its stride at 1.",
      usually([1, 1, 2, 4], "paper, section 3.3"),
    ),
    stride_site: key(
      choice("3x3", "1x1"),
      "The convolution of a bottleneck that carries the stride.",
      // A preset speaks of bottlenecks; a basic block has no 1×1 to put the stride on.
      computed(
        `${presetWords("model.backbone.stride_site")}; basic blocks: \`3x3\``,
        (scope): Chosen<"3x3" | "1x1"> =>
          scope.read(resnet).block === "bottleneck"
            ? scope.preset("model.backbone.stride_site")
            : inferred("3x3", "basic blocks have 3×3 convolutions alone"),
        { source: "`semantics`" },
      ),
    ),
    first_dilation: key(
      choice("full", "contracted"),
      "Dilation of a dilated stage's first block: the stage's, or half of it.",
      preset("model.backbone.first_dilation"),
    ),
    dilated: key(
      choice("both", "first"),
      "Which of a dilated basic block's two convolutions are dilated: both, or the first alone as in mmsegmentation.",
      // A bottleneck has one 3×3 convolution, and dilates that.
      computed(
        `${presetWords("model.backbone.dilated")}; bottlenecks: \`both\``,
        (scope): Chosen<"both" | "first"> =>
          scope.read(resnet).block === "basic"
            ? scope.preset("model.backbone.dilated")
            : inferred("both", "a bottleneck has one 3×3 convolution"),
        { source: "`semantics`" },
      ),
    ),
    shortcut: key(
      choice("strided", "averaged"),
      "How the shortcut of a stage with stride 2 halves its map: by the stride of its 1×1 convolution, or by the mean of 2×2 pixels before it (ResNet-D, PaddlePaddle's `vd`).",
      preset("model.backbone.shortcut"),
    ),
    projection: key(
      choice("needed", "first"),
      "Which shortcuts have a convolution: those whose size or channels change, or those of every stage's first block.",
      preset("model.backbone.projection"),
    ),
    weights: backboneWeights,
  },
  {
    hints: {
      strides:
        "strides follow from `dilations`: stages 2 to 4 have stride 2, and a stage with dilation above 1 keeps stride 1",
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
      weights: {},
    },
  },
);
