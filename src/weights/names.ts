/** The name that another program gives to a place in the network, and what its other names belong to. */

import type { Ops } from "../graph/op.js";
import { isOfNorm, type Site, type Stage } from "../graph/variable.js";
import { groupAt } from "../language/family.js";
import type { Backbone } from "../normalize/experiment.js";
import type { NameMap, Pair } from "./name-maps.js";
import { type Tensor, transposed } from "./tensor.js";

/** What of a network its names depend on. */
export interface Skeleton {
  readonly shortcut: Backbone["shortcut"];
  readonly block: Backbone["block"];
  readonly split_attention: Backbone["split_attention"];
  readonly stem: Backbone["stem"]["kind"];
  /** Bins of the pyramid, in order. */
  readonly bins: readonly number[];
}

/** Their name of a variable of ours; `null` where the map has no such layer. */
export const theirName = (site: Site | null, map: NameMap, of: Skeleton): string | null => {
  const found = site === null ? null : layerIn(site, map, of);
  if (site === null || found === null) return null;
  const { names, numbers } = found;
  const [convolution, norm] = typeof names === "string" ? [names, names] : names;
  const layer = isOfNorm(site.word) ? norm : convolution;
  return `${fill(layer, numbers)}.${map.words[site.word]}`;
};

type Residual = Extract<Site, { readonly stage: Stage }>;

/** How a map spells a layer, and what its templates ask for. */
interface Spelt {
  readonly names: Pair | string;
  readonly numbers: Readonly<Record<string, number>>;
}

const layerIn = (site: Site, map: NameMap, of: Skeleton): Spelt | null => {
  const spelt = (
    names: Pair | string | null | undefined,
    numbers: Spelt["numbers"] = {},
  ): Spelt | null => (names === undefined || names === null ? null : { names, numbers });
  switch (site.part) {
    case "backbone": {
      if (site.stage === 0)
        return spelt(
          of.stem === "conv3"
            ? map.mobile?.stem
            : of.stem === "deep"
              ? map.deep?.[site.layer - 1]
              : map.conv7,
        );
      const { stage: s, block: B } = site;
      if (of.block === "inverted") return invertedIn(site, map);
      const numbers = { s, S: s + 1, t: s - 1, B, b: B - 1 };
      if (site.layer === "shortcut")
        return spelt(of.shortcut === "averaged" ? map.averaged : map.shortcut, numbers);
      if (typeof site.layer === "string") return spelt(map.attention?.[site.layer], numbers);
      return of.split_attention !== null && site.layer === 2
        ? spelt(map.attention?.splits, { ...numbers, k: 2 })
        : spelt(map.block, { ...numbers, k: site.layer, j: site.layer - 1 });
    }
    case "pyramid":
      return spelt(map.rest?.bin, { n: site.bin, i: of.bins.indexOf(site.bin) });
    case "head":
    case "auxiliary":
      return spelt(map.rest?.[site.part][site.layer]);
  }
};

/** A layer of MobileNetV2; without an expansion a block begins with its second. */
const invertedIn = (
  { stage: s, block: B, layer: k }: Residual,
  { mobile }: NameMap,
): Spelt | null => {
  if (mobile === null || typeof k === "string") return null;
  const { group, inGroup, inAll } = groupAt(s, B);
  const names = inAll === 1 ? mobile.first[k - 2] : mobile.layers[k - 1];
  const numbers = { s, B, k, L: group, b: inGroup - 1, f: inAll };
  return names === undefined ? null : { names, numbers };
};

const fill = (template: string, values: Readonly<Record<string, number>>): string =>
  template.replace(/\{(\w)\}/g, (_, key: string) => String(values[key]));

/** A template as a pattern; its numbers are named groups. */
const patternOf = (template: string): string =>
  template.replaceAll(".", "\\.").replace(/\{(\w)\}/g, "(?<$1>\\d+)");

/** The first word of a template: `layer{s}` of `layer{s}.{b}.conv{k}`. */
const rootOf = (template: string): string => patternOf(template.split(".")[0] ?? "");

const anyOf = (patterns: readonly string[]): RegExp => {
  const plain = patterns.map((each) => each.replace(/\?<\w>/g, ""));
  return new RegExp(`^(?:${[...new Set(plain)].join("|")})\\.`);
};

/** Names that lie in the modules of a backbone, whatever the layer and however deep the network. */
export const backboneNames = ({ deep, conv7, block, shortcut, mobile }: NameMap): RegExp => {
  const stems = [...(deep ?? []), ...(conv7 === null ? [] : [conv7])];
  const inverted = mobile === null ? [] : [mobile.stem, ...mobile.layers, ...mobile.first];
  return anyOf([...stems, block, shortcut, ...inverted].flat().map(rootOf));
};

/** Names of an auxiliary head; `null` where the map knows of none. */
export const auxiliaryNames = ({ rest }: NameMap): RegExp | null =>
  rest === null ? null : anyOf([...rest.auxiliary.fuse, rest.auxiliary.classifier].map(patternOf));

/** Norms of shortcuts that average first; `null` where their names tell nothing. */
export const averagedNames = ({ averaged, shortcut }: NameMap): RegExp | null =>
  averaged === null || averaged[1] === shortcut[1] ? null : anyOf([patternOf(averaged[1])]);

/** Names of the layers that tell classes apart. */
export const classifierNames = ({ rest }: NameMap): RegExp | null =>
  rest === null ? null : anyOf([rest.head.classifier, rest.auxiliary.classifier].map(patternOf));

/** Stage, from 1, and block, from 1, of a name that lies in a residual block. */
export const blockIn = ({
  block: [convolution],
}: NameMap): ((name: string) => readonly [stage: number, block: number] | null) => {
  // The template up to the block's number, whatever of the block follows.
  const [place = ""] = /^.*\{[bB]\}/.exec(convolution) ?? [];
  const pattern = new RegExp(`^${patternOf(place)}(?!\\d)`);
  return (name) => {
    const { s, S, t, B, b } = pattern.exec(name)?.groups ?? {};
    const [stage, block] = [s ?? less(S) ?? more(t), B ?? more(b)];
    return stage === undefined || block === undefined ? null : [Number(stage), Number(block)];
  };
};

const less = (n: string | undefined) => (n === undefined ? undefined : Number(n) - 1);
const more = (n: string | undefined) => (n === undefined ? undefined : Number(n) + 1);

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
  const named = new Map<string, Tensor>();
  const left: string[] = [];
  for (const { name, site } of variables) {
    const [tensor, theirs] = [tensors.get(name), theirName(site, map, of)];
    if (tensor === undefined) continue;
    const isKernel = tensor.shape.length === 4 && map.kernels === "OIHW";
    if (theirs === null) left.push(name);
    else named.set(theirs, isKernel ? transposed(tensor, [3, 2, 0, 1]) : tensor);
  }
  return { tensors: named, left };
};
