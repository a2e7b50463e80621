/** The rules of the section `model.backbone`: what a family of networks has no place for, and what excludes another. */

import { type Diagnostic, error } from "../diagnostic/diagnostic.js";
import { hiddenChannels, innerChannels } from "../language/family.js";
import { path } from "../language/path.js";
import { place, type Rule, remove, type SpecRule, write } from "./rule.js";

/** Of choices that ResNets have, MobileNetV2 has made each in one way. */
const madeByMobilenet = {
  stride_site: "3x3",
  first_dilation: "full",
  dilated: "both",
  shortcut: "strided",
  projection: "needed",
  groups: null,
  split_attention: null,
} as const;

export const mobilenetChoices: Rule = ({ model: { backbone } }) =>
  backbone.block === "inverted"
    ? keysOf(madeByMobilenet)
        .filter((key) => backbone[key] !== madeByMobilenet[key])
        .map(choiceOfResnets)
    : [];

const keysOf = <K extends string>(of: Readonly<Record<K, unknown>>): readonly K[] =>
  // Of a table that is written out above.
  Object.keys(of) as K[];

const choiceOfResnets = (key: keyof typeof madeByMobilenet): Diagnostic =>
  error(
    "E0528",
    `MobileNetV2 has no choice of \`${key}\``,
    { path: path(`model.backbone.${key}`), label: "a choice of ResNets", on: "key" },
    {
      related: [{ path: path("model.backbone.mobilenet"), label: "is none", on: "key" }],
      help: [`remove \`${key}\``],
      fixes: [remove(path(`model.backbone.${key}`))],
    },
  );

/** The first depthwise convolution of a stage halves the map or is dilated: kernels that do both are none. */
export const strideOrDilation: Rule = ({ model: { backbone } }) =>
  backbone.block === "inverted"
    ? backbone.strides.flatMap((stride, stage) => {
        const dilation = backbone.dilations[stage] ?? 1;
        return stride > 1 && dilation > 1 ? [stridesAndDilates(stage, dilation)] : [];
      })
    : [];

const stridesAndDilates = (stage: number, dilation: number): Diagnostic =>
  error(
    "E0535",
    "a depthwise convolution cannot have stride 2 and be dilated",
    place(path("model.backbone.strides", stage), `stage ${stage + 1} has stride 2`),
    {
      related: [place(path("model.backbone.dilations", stage), `and dilation ${dilation}`)],
      help: ["use stride 1 or dilation 1 for this stage"],
      fixes: [write(path("model.backbone.strides", stage), 1)],
    },
  );

/** A network has one backbone. */
export const backboneOnce: SpecRule = ({ model: { backbone } = {} }) =>
  backbone?.resnet !== undefined && backbone.mobilenet !== undefined ? [twoBackbones()] : [];

const twoBackbones = (): Diagnostic =>
  error(
    "E0529",
    "the network has two backbones",
    { path: path("model.backbone.mobilenet"), label: "one here", on: "key" },
    {
      related: [{ path: path("model.backbone.resnet"), label: "and one here", on: "key" }],
      help: ["keep one of them"],
      fixes: [remove(path("model.backbone.mobilenet")), remove(path("model.backbone.resnet"))],
    },
  );

/** Only a bottleneck has a 1×1 convolution to put the stride on, or to pool before (He et al. 2016, figure 5). */
export const strideSite: Rule = ({ model: { backbone } }) =>
  backbone.block === "basic" && backbone.stride_site !== "3x3"
    ? [strideSiteMissing(backbone.stride_site)]
    : [];

const strideSiteMissing = (site: "1x1" | "pool"): Diagnostic =>
  error(
    "E0507",
    site === "1x1"
      ? "basic blocks have no 1×1 convolution to carry the stride"
      : "basic blocks have no pooling to carry the stride",
    place(path("model.backbone.stride_site"), "only bottlenecks have one"),
    {
      related: [place(path("model.backbone.resnet"), "these blocks are basic")],
      help: ["remove `stride_site`, or use a bottleneck network: 50, 101, 152, 269"],
      fixes: [remove(path("model.backbone.stride_site"))],
    },
  );

/** Contracting halves the dilation of a stage's first block, so it must be even (mmsegmentation's `contract_dilation`). */
export const firstDilation: Rule = ({ model: { backbone } }) =>
  backbone.first_dilation === "contracted"
    ? backbone.dilations.flatMap((d, stage) =>
        d > 1 && d % 2 === 1 ? [contractedOdd(stage, d)] : [],
      )
    : [];

/** A bottleneck has one 3×3 convolution: there is nothing to choose. */
export const dilatedConvolution: Rule = ({ model: { backbone } }) =>
  backbone.block === "bottleneck" && backbone.dilated === "first" ? [nothingToLeave()] : [];

const nothingToLeave = (): Diagnostic =>
  error(
    "E0524",
    "bottlenecks have one 3×3 convolution to dilate",
    place(path("model.backbone.dilated"), "only basic blocks have a second one"),
    {
      related: [place(path("model.backbone.resnet"), "these blocks are bottlenecks")],
      help: ["remove `dilated`, or use a network of basic blocks: 18, 34"],
    },
  );

const inside = ["groups", "split_attention"] as const;

/** Basic blocks have two plain convolutions (Xie et al. 2017, section 3.3, and Zhang et al. 2020 change bottlenecks). */
export const insideBottlenecks: Rule = ({ model: { backbone } }) =>
  backbone.block === "basic"
    ? inside.flatMap((key) => (backbone[key] === null ? [] : [basicInside(key)]))
    : [];

const basicInside = (key: (typeof inside)[number]): Diagnostic =>
  error(
    "E0536",
    `basic blocks have no \`${key}\``,
    { path: path(`model.backbone.${key}`), label: "of bottlenecks", on: "key" },
    {
      related: [place(path("model.backbone.resnet"), "these blocks are basic")],
      help: [`remove \`${key}\`, or use a bottleneck network: 50, 101, 152, 269`],
      fixes: [remove(path(`model.backbone.${key}`))],
    },
  );

/** Groups, each of which gives every split, have equal shares of what enters the convolution and of the attention. */
export const equalGroups: Rule = ({ model: { backbone } }) => {
  const { groups, split_attention: attention, block } = backbone;
  if (block !== "bottleneck" || attention === null) return [];
  const { radix, reduction } = attention;
  const count = groups?.count ?? 1;
  const unequal = [1, 2, 3, 4].find((stage) => {
    const inner = innerChannels(backbone, stage);
    return inner % (count * radix) > 0 || hiddenChannels(inner, radix, reduction) % count > 0;
  });
  return unequal === undefined
    ? []
    : [unequalGroups(count, radix, innerChannels(backbone, unequal))];
};

const unequalGroups = (count: number, radix: number, inner: number): Diagnostic => {
  const several = count === 1 ? "" : `${count} groups of `;
  return error(
    "E0537",
    `${several}${radix} splits do not divide ${inner} channels equally`,
    place(path("model.backbone.split_attention"), `${radix} splits`),
    {
      related: [
        count === 1
          ? place(path("model.backbone.resnet"), `blocks of ${inner} channels`)
          : place(path("model.backbone.groups"), `${count} groups, ${inner} channels`),
      ],
      notes: ["the hidden layer of the attention, too, is divided among the groups"],
      help: [`use channels that ${count * radix} divides, or other splits`],
    },
  );
};

const contractedOdd = (stage: number, dilation: number): Diagnostic =>
  error(
    "E0508",
    `half of dilation ${dilation} is not a whole number`,
    place(
      path("model.backbone.dilations", stage),
      `stage ${stage + 1} begins with half its dilation`,
    ),
    {
      related: [
        place(
          path("model.backbone.first_dilation"),
          "`contracted` halves the first block's dilation",
        ),
      ],
      help: ["use an even dilation, or `first_dilation: full`"],
      fixes: [write(path("model.backbone.first_dilation"), "full")],
    },
  );
