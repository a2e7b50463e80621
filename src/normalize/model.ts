/** The section `model` as written enters; the decided one leaves. */

import { stageChannels } from "../language/geometry.js";
import type { Spec } from "../language/spec.js";
import { atWidth, decideBackbone } from "./backbone.js";
import type { Auxiliary, Backbone, Head, Model, Norm, Pyramid } from "./experiment.js";
import { type Decisions, same } from "./origin.js";
import { decideWeights } from "./weights.js";

type Written = NonNullable<Spec["model"]>;

export const decideModel = (m: Written, decide: Decisions, cwd: string): Model => {
  const backbone = decideBackbone(m.backbone ?? {}, decide);
  return {
    backbone,
    weights: decideWeights(m, decide, cwd),
    pyramid: decidePyramid(m.pyramid, backbone, decide),
    head: decideHead(m.head ?? {}, backbone, decide),
    auxiliary: decideAuxiliary(m.auxiliary, backbone, decide),
    align_corners: decide.orPreset("model.align_corners", m.align_corners, same),
    norm: decideNorm(m.norm ?? {}, decide),
  };
};

const decidePyramid = (
  p: Written["pyramid"],
  backbone: Backbone,
  decide: Decisions,
): Pyramid | null => {
  if (p === "none") {
    decide.given("model.pyramid", p);
    return null;
  }
  const bins = decide.or("model.pyramid.bins", p?.bins, [1, 2, 3, 6], "paper, section 3.2");
  return {
    bins,
    pool: decide.or("model.pyramid.pool", p?.pool, "average", "paper, Table 1"),
    channels: branchChannels(p?.reduction, bins.length, backbone, decide),
    order: decide.orPreset("model.pyramid.order", p?.order, same),
  };
};

/** Section 3.2: with N levels, a 1×1 convolution reduces each to 1/N of the features' channels. */
const branchChannels = (
  written: Exclude<Written["pyramid"], "none" | undefined>["reduction"],
  levels: number,
  backbone: Backbone,
  decide: Decisions,
): number | null => {
  const reduction = decide.orPreset("model.pyramid.reduction", written, (r) =>
    r === "levels" ? r : { channels: atWidth(r.channels, backbone.width) },
  );
  const features = stageChannels(backbone)[3];
  if (reduction === "none") return null;
  if (reduction === "levels") return Math.floor(features / levels);
  if (typeof reduction === "number") return Math.floor(features / reduction);
  return reduction.channels;
};

const decideHead = (
  h: NonNullable<Written["head"]>,
  { width }: Backbone,
  decide: Decisions,
): Head => ({
  channels: decide.orPreset("model.head.channels", h.channels, (c) => atWidth(c, width)),
  dropout: decide.or("model.head.dropout", h.dropout, 0.1, "semseg `model/pspnet.py`"),
});

const decideAuxiliary = (
  a: Written["auxiliary"],
  backbone: Backbone,
  decide: Decisions,
): Auxiliary | null => {
  if (a === "none") {
    decide.given("model.auxiliary", a);
    return null;
  }
  const at = "model.auxiliary";
  const channels = atWidth(256, backbone.width);
  return {
    after: decide.or(`${at}.after`, a?.after, 3, "paper, section 3.3: after res4"),
    channels: decide.or(
      `${at}.channels`,
      a?.channels,
      channels,
      "256 at width 64, semseg `model/pspnet.py`",
    ),
    dropout: decide.or(`${at}.dropout`, a?.dropout, 0.1, "semseg `model/pspnet.py`"),
    weight: decide.or(`${at}.weight`, a?.weight, 0.4, "paper, Table 2"),
  };
};

const decideNorm = (n: NonNullable<Written["norm"]>, decide: Decisions): Norm => ({
  epsilon: decide.or("model.norm.epsilon", n.epsilon, 1e-5, "PyTorch's, as in semseg"),
  momentum: decide.orPreset("model.norm.momentum", n.momentum, same),
});
