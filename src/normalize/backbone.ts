/** The section `model.backbone` as written enters; the decided one leaves. */

import type { Spec } from "../spec/spec.js";
import { absolute } from "./data.js";
import type { Backbone, Stem } from "./experiment.js";
import type { Decisions } from "./origin.js";

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

/** Channel counts are given at width 64 and scale with it. */
export const atWidth = (channels: number, width: number): number =>
  Math.max(1, Math.floor((channels * width) / 64));

export const decideBackbone = (b: Written, decide: Decisions, cwd: string): Backbone => {
  const body = decideBody(b, decide);
  const weights = decide.or("model.backbone.weights", b.weights, null, "random");
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
    first_dilation: decide.orPreset("model.backbone.first_dilation", b.first_dilation),
    weights: weights && absolute(weights, "model.backbone.weights", decide, cwd),
  };
};

const decideBody = (b: Written, decide: Decisions): Body => {
  const resnet = decide.or("model.backbone.resnet", b.resnet, 50, "paper, Table 1");
  if (typeof resnet === "number") return { ...known[resnet], width: 64 };
  const { block, blocks, width } = resnet;
  const path = "model.backbone.resnet.width";
  return { block, blocks, width: decide.or(path, width, 64, "He et al. 2016") };
};

const decideStem = (b: Written, width: number, decide: Decisions): Stem => {
  const stem = decide.orPreset("model.backbone.stem", b.stem);
  if (stem === "conv7") return { kind: "conv7", channels: width };
  if (stem === "deep") return { kind: "deep", channels: [width, width, 2 * width] };
  if ("deep" in stem) return { kind: "deep", channels: stem.deep };
  if ("conv7" in stem) return { kind: "conv7", channels: stem.conv7 };
  return { kind: "deep", channels: scaled(stem, width) };
};

const scaled = (
  [a, b, c]: readonly [number, number, number],
  width: number,
): readonly [number, number, number] => [atWidth(a, width), atWidth(b, width), atWidth(c, width)];

/** A preset speaks of bottlenecks; a basic block has no 1×1 to put the stride on. */
const decideStrideSite = (
  b: Written,
  block: Backbone["block"],
  decide: Decisions,
): Backbone["stride_site"] => {
  const path = "model.backbone.stride_site";
  if (block === "bottleneck") return decide.orPreset(path, b.stride_site);
  return decide.orInferred(path, b.stride_site, "3x3", "basic blocks have 3×3 convolutions alone");
};
