/** What a backbone is made of: the family of its blocks, how many, how wide; and what stands inside of a bottleneck. */

import { meaning } from "./codec.js";
import { type Body, depths, mobilenetBody, PAPER_WIDTH } from "./family.js";
import {
  byDefault,
  computed,
  inferred,
  key,
  type Otherwise,
  required,
  unsaid,
  usually,
} from "./key.js";
import type { Chosen, Scope } from "./scope.js";
import { section } from "./section.js";
import { choice, integer, none, oneOf, real, tuple } from "./value.js";

export const channels = integer({ min: 1, max: 16384 });

/** Channel counts are given at the paper's width and scale with it. */
export const atWidth = (count: number, width: number): number =>
  Math.max(1, Math.floor((count * width) / PAPER_WIDTH));

const UNLESS = "`model.backbone.mobilenet`";

export const mobilenet = key(
  meaning(real({ above: 0, max: 16 }, "it multiplies every channel count"), mobilenetBody),
  "In place of a ResNet: MobileNetV2 (Sandler et al. 2018) with this width multiplier. Its seven groups of blocks are read as four stages: 16 and 24 channels, 32, 64 and 96, 160 and 320.",
  unsaid,
);

const depthOrBody = key(
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

/** What the backbone is made of: a ResNet, unless another is written in its place. */
export const resnet: typeof depthOrBody = {
  ...depthOrBody,
  decide: (written, scope) => {
    const isOther = written === undefined && scope.isWritten(mobilenet);
    const other = isOther ? scope.read(mobilenet) : null;
    return other === null ? depthOrBody.decide(written, scope) : { value: other, rows: [] };
  },
};

/** A choice that ResNets have; another family has made its own. */
export const ofResnets = <const V>(
  usual: Otherwise<V, "optional">,
  others: (scope: Scope) => NoInfer<V>,
): Otherwise<V, "optional"> => ({
  ...usual,
  choose: (scope) =>
    scope.isWritten(mobilenet) ? inferred(others(scope), UNLESS) : usual.choose(scope),
});

type Made<V> = readonly [value: V, source: string];

/** What each family is made with where nobody says otherwise. */
export const byFamily = <V extends string>(
  resnets: Made<V>,
  mobilenets: Made<V>,
): Otherwise<V, "optional"> =>
  computed(
    `\`${resnets[0]}\`; MobileNetV2: \`${mobilenets[0]}\``,
    (scope): Chosen<V> => byDefault(...(scope.isWritten(mobilenet) ? mobilenets : resnets)),
  );

export const widthIn = (scope: Scope): number => scope.read(resnet).width;

const nothingInside = usually("none", "paper, as in He et al. 2016");

export const groups = key(
  oneOf(
    none,
    section("`groups`", {
      count: key(integer({ min: 2, max: 1024 }), "How many.", required(32)),
      width: key(
        channels,
        "Channels of each in the first stage; each later stage doubles them.",
        usually(4, "Xie et al. 2017, Table 1"),
        "channels",
      ),
    }),
  ),
  "Of a bottleneck's 3×3 convolution: groups of channels that see nothing of each other (ResNeXt, Xie et al. 2017).",
  nothingInside,
);

export const splitAttention = key(
  oneOf(
    none,
    section("`split_attention`", {
      radix: key(
        integer({ min: 2, max: 8 }, "one split has nothing to be weighed against"),
        "Splits of each channel.",
        usually(2, "Zhang et al. 2020, section 4"),
      ),
      reduction: key(
        integer({ min: 1, max: 64 }),
        "The attention's hidden layer has radix × channels / reduction channels, and at least 32.",
        usually(4, "Zhang et al. 2020, their code"),
      ),
    }),
  ),
  "A bottleneck's 3×3 convolution makes several splits of each channel, and the picture decides what each weighs (ResNeSt, Zhang et al. 2020).",
  nothingInside,
);
