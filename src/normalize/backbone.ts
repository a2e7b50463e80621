/** The section `model.backbone` as written enters; the decided one leaves. */

import type { Spec } from "../language/spec.js";
import type { Backbone, Stem } from "./experiment.js";
import { type Decisions, same } from "./origin.js";

type Written = NonNullable<NonNullable<Spec["model"]>["backbone"]>;
type Body = Pick<Backbone, "block" | "blocks" | "width">;

/** Depths of He et al. 2016, and the 269 layers of the paper's best network. */
const known: Readonly<Record<18 | 34 | 50 | 101 | 152 | 269, Omit<Body, "width">>> = {
  18: { block: "basic", blocks: [2, 2, 2, 2] },
  34: { block: "basic", blocks: [3, 4, 6, 3] },
  50: { block: "bottleneck", blocks: [3, 4, 6, 3] },
  101: { block: "bottleneck", blocks: [3, 4, 23, 3] },
  152: { block: "bottleneck", blocks: [3, 8, 36, 3] },
  269: { block: "bottleneck", blocks: [3, 30, 48, 8] },
};

const PAPER_WIDTH = 64;

/** Channel counts are given at the paper's width and scale with it. */
export const atWidth = (channels: number, width: number): number =>
  Math.max(1, Math.floor((channels * width) / PAPER_WIDTH));

export const decideBackbone = (b: Written, decide: Decisions): Backbone => {
  const body = decideBody(b, decide);
  return {
    ...body,
    stem: decideStem(b, body.width, decide),
    dilations: decide.or(
      "model.backbone.dilations",
      b.dilations,
      [1, 1, 2, 4],
      "paper, section 3.3",
    ),
    stride_site: decideStrideSite(b, body.block, decide),
    first_dilation: decide.orPreset("model.backbone.first_dilation", b.first_dilation, same),
  };
};

const decideBody = (b: Written, decide: Decisions): Body => {
  const path = "model.backbone.resnet";
  if (typeof b.resnet === "object") {
    return decide.given(path, { ...b.resnet, width: b.resnet.width ?? PAPER_WIDTH });
  }
  const depth = decide.or(path, b.resnet, 50, "paper, Table 1");
  return { ...known[depth], width: PAPER_WIDTH };
};

const decideStem = (b: Written, width: number, decide: Decisions): Stem => {
  const inherit = (c: Triple) => ({ deep: scaled(c, width) });
  const stem = decide.orPreset("model.backbone.stem", b.stem, inherit);
  if (stem === "conv7") return { kind: "conv7", channels: width };
  if (stem === "deep") return { kind: "deep", channels: [width, width, 2 * width] };
  return "deep" in stem
    ? { kind: "deep", channels: stem.deep }
    : { kind: "conv7", channels: stem.conv7 };
};

type Triple = readonly [number, number, number];

const scaled = ([a, b, c]: Triple, width: number): Triple => [
  atWidth(a, width),
  atWidth(b, width),
  atWidth(c, width),
];

/** A preset speaks of bottlenecks; a basic block has no 1×1 to put the stride on. */
const decideStrideSite = (
  b: Written,
  block: Backbone["block"],
  decide: Decisions,
): Backbone["stride_site"] => {
  const path = "model.backbone.stride_site";
  if (block === "bottleneck") return decide.orPreset(path, b.stride_site, same);
  return decide.orInferred(path, b.stride_site, "3x3", "basic blocks have 3×3 convolutions alone");
};
