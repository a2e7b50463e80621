/** What other programs call the variables of a PSPNet: maps as data, and the name that a map gives to a place. */

import type { Ops } from "../graph/op.js";
import { isOfNorm, type Site, WORDS, type Word } from "../graph/variable.js";
import { type Tensor, transposed } from "./tensor.js";

/** Of a convolution and its norm. `{s}` is the stage and `{k}` the convolution, from 1; `{b}` block and `{i}` bin, from 0. */
type Pair = readonly [convolution: string, norm: string];

interface Classifier {
  readonly fuse: Pair;
  readonly classifier: string;
}

export interface NameMap {
  readonly name: string;
  /** Whose names they are. */
  readonly of: string;
  readonly deep: readonly [Pair, Pair, Pair];
  readonly conv7: Pair;
  readonly block: Pair;
  readonly shortcut: Pair;
  /** `null` where the map is of backbones alone. */
  readonly rest: {
    readonly bin: Pair;
    readonly head: Classifier;
    readonly auxiliary: Classifier;
  } | null;
  /** Last words, by ours. */
  readonly words: Readonly<Record<Word, string>>;
  /** How kernels lie: ours are [height, width, in, out]. */
  readonly kernels: "HWIO" | "OIHW";
}

const torch = {
  words: {
    kernel: "weight",
    bias: "bias",
    scale: "weight",
    shift: "bias",
    mean: "running_mean",
    variance: "running_var",
  },
  kernels: "OIHW",
  block: ["layer{s}.{b}.conv{k}", "layer{s}.{b}.bn{k}"],
  shortcut: ["layer{s}.{b}.downsample.0", "layer{s}.{b}.downsample.1"],
} as const;

const ours: NameMap = {
  name: "pspc",
  of: "pspc",
  deep: [1, 2, 3].map((i) => [`backbone.stem${i}.conv`, `backbone.stem${i}.norm`] as const) as [
    Pair,
    Pair,
    Pair,
  ],
  conv7: ["backbone.stem1.conv", "backbone.stem1.norm"],
  block: ["backbone.stage{s}.block{B}.{k}.conv", "backbone.stage{s}.block{B}.{k}.norm"],
  shortcut: [
    "backbone.stage{s}.block{B}.shortcut.conv",
    "backbone.stage{s}.block{B}.shortcut.norm",
  ],
  rest: {
    bin: ["pyramid.bin{n}.conv", "pyramid.bin{n}.norm"],
    head: { fuse: ["head.fuse.conv", "head.fuse.norm"], classifier: "head.classifier" },
    auxiliary: {
      fuse: ["auxiliary.fuse.conv", "auxiliary.fuse.norm"],
      classifier: "auxiliary.classifier",
    },
  },
  words: Object.fromEntries(WORDS.map((word) => [word, word])) as Record<Word, string>,
  kernels: "HWIO",
};

/** The authors' `model/pspnet.py`: stem and layers lie in a sequence, with ReLUs between. */
const semseg: NameMap = {
  ...torch,
  name: "semseg",
  of: "the authors' PyTorch code (hszhao/semseg)",
  deep: [
    ["layer0.0", "layer0.1"],
    ["layer0.3", "layer0.4"],
    ["layer0.6", "layer0.7"],
  ],
  conv7: ["layer0.0", "layer0.1"],
  rest: {
    bin: ["ppm.features.{i}.1", "ppm.features.{i}.2"],
    head: { fuse: ["cls.0", "cls.1"], classifier: "cls.4" },
    auxiliary: { fuse: ["aux.0", "aux.1"], classifier: "aux.4" },
  },
};

/** `torchvision.models.resnet`, and the deep-stem ResNets of semseg's `model/resnet.py`, which count on. */
const torchvision: NameMap = {
  ...torch,
  name: "torchvision",
  of: "torchvision's ResNets, or semseg's with a deep stem",
  deep: [
    ["conv1", "bn1"],
    ["conv2", "bn2"],
    ["conv3", "bn3"],
  ],
  conv7: ["conv1", "bn1"],
  rest: null,
};

/** `PSPHead` and `FCNHead` over `ResNetV1c` (deep) or `ResNet`. */
const mmseg: NameMap = {
  ...torch,
  name: "mmseg",
  of: "mmsegmentation",
  deep: [
    ["backbone.stem.0", "backbone.stem.1"],
    ["backbone.stem.3", "backbone.stem.4"],
    ["backbone.stem.6", "backbone.stem.7"],
  ],
  conv7: ["backbone.conv1", "backbone.bn1"],
  block: ["backbone.layer{s}.{b}.conv{k}", "backbone.layer{s}.{b}.bn{k}"],
  shortcut: ["backbone.layer{s}.{b}.downsample.0", "backbone.layer{s}.{b}.downsample.1"],
  rest: {
    bin: ["decode_head.psp_modules.{i}.1.conv", "decode_head.psp_modules.{i}.1.bn"],
    head: {
      fuse: ["decode_head.bottleneck.conv", "decode_head.bottleneck.bn"],
      classifier: "decode_head.conv_seg",
    },
    auxiliary: {
      fuse: ["auxiliary_head.convs.0.conv", "auxiliary_head.convs.0.bn"],
      classifier: "auxiliary_head.conv_seg",
    },
  },
};

/** `timm.models.resnet`: the deep stem is a sequence, its last norm outside of it. */
const timm: NameMap = {
  ...torchvision,
  name: "timm",
  of: "timm's ResNets",
  deep: [
    ["conv1.0", "conv1.1"],
    ["conv1.3", "conv1.4"],
    ["conv1.6", "bn1"],
  ],
};

/** Where two fit equally well, the first is taken. */
export const nameMaps: readonly NameMap[] = [ours, semseg, torchvision, mmseg, timm];

/** What of a network its names depend on. */
export interface Skeleton {
  readonly stem: "deep" | "conv7";
  /** Bins of the pyramid, in order. */
  readonly bins: readonly number[];
}

/** Their name of a variable of ours; `null` where the map has no such layer. */
export const theirName = (site: Site | null, map: NameMap, of: Skeleton): string | null => {
  if (site === null) return null;
  const found = layerIn(site, map, of);
  if (found === null) return null;
  const { names, numbers } = found;
  const [convolution, norm] = typeof names === "string" ? [names, names] : names;
  const layer = isOfNorm(site.word) ? norm : convolution;
  return `${fill(layer, numbers)}.${map.words[site.word]}`;
};

/** How a map spells a layer, and what its templates ask for. */
interface Spelt {
  readonly names: Pair | string;
  readonly numbers: Readonly<Record<string, number>>;
}

const layerIn = (site: Site, map: NameMap, of: Skeleton): Spelt | null => {
  const spelt = (names: Pair | string | undefined, numbers: Spelt["numbers"] = {}): Spelt | null =>
    names === undefined ? null : { names, numbers };
  switch (site.part) {
    case "backbone": {
      if (site.stage === 0) return spelt(of.stem === "deep" ? map.deep[site.layer - 1] : map.conv7);
      const numbers = { s: site.stage, B: site.block, b: site.block - 1 };
      return site.layer === "shortcut"
        ? spelt(map.shortcut, numbers)
        : spelt(map.block, { ...numbers, k: site.layer });
    }
    case "pyramid":
      return spelt(map.rest?.bin, { n: site.bin, i: of.bins.indexOf(site.bin) });
    case "head":
    case "auxiliary":
      return spelt(map.rest?.[site.part][site.layer]);
  }
};

const fill = (template: string, values: Readonly<Record<string, number>>): string =>
  template.replace(/\{(\w)\}/g, (_, key: string) => String(values[key]));

/** A pattern of all names that a part of the network can have under a map, whatever its depth. */
export const namesOf = (part: "backbone" | "auxiliary", map: NameMap): RegExp => {
  const auxiliary = map.rest?.auxiliary;
  const templates =
    part === "backbone"
      ? [...map.deep, map.conv7, map.block, map.shortcut].flat()
      : auxiliary === undefined
        ? []
        : [...auxiliary.fuse, auxiliary.classifier];
  const literal = (text: string): string => text.replaceAll(".", "\\.");
  const patterns = templates.map((each) => literal(each).replace(/\{(\w)\}/g, "(?<$1>\\d+)"));
  const words = [...new Set(Object.values(map.words))].join("|");
  return new RegExp(
    `^(?:${patterns.map((p) => p.replaceAll(/\?<\w>/g, "")).join("|")})\\.(?:${words})$`,
  );
};

export interface Exported {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Ours, for which the map has no name: a map of backbones has none for the heads. */
  readonly left: readonly string[];
}

/** The tensors of `variables` under the names of a map. No number changes. */
export const exported = (
  tensors: ReadonlyMap<string, Tensor>,
  variables: readonly Pick<Ops["variable"], "name" | "site">[],
  map: NameMap,
  of: Skeleton,
): Exported => {
  const named = variables.flatMap(({ name, site }) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) return [];
    const isKernel = tensor.shape.length === 4 && map.kernels === "OIHW";
    return [
      {
        name,
        theirs: theirName(site, map, of),
        tensor: isKernel ? transposed(tensor, [3, 2, 0, 1]) : tensor,
      },
    ];
  });
  return {
    tensors: new Map(
      named.flatMap(({ theirs, tensor }) => (theirs === null ? [] : [[theirs, tensor] as const])),
    ),
    left: named.filter(({ theirs }) => theirs === null).map(({ name }) => name),
  };
};
