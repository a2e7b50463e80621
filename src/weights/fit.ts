/** Compares the header of a file with the variables of a network: what fits, what does not, and by whose names. */

import { valuesOfOp } from "../graph/graph.js";
import type { Ops } from "../graph/op.js";
import { sameShape } from "../graph/type.js";
import { isNetwork, type Site, variableName } from "../graph/variable.js";
import { runningOf } from "../model/layer.js";
import type { Experiment, Model, Weights } from "../normalize/experiment.js";
import { networkGraph } from "../plan/inference.js";
import type { Header } from "./file.js";
import { type NameMap, nameMaps } from "./name-maps.js";
import {
  auxiliaryNames,
  backboneNames,
  classifierNames,
  type Skeleton,
  theirName,
} from "./names.js";

type Variable = Ops["variable"];

/** What of a network a file is to fill. */
export type Asked = Pick<Weights, "only" | "replace">;

export const WHOLE: Asked = { only: "all", replace: "none" };

/** The variables of a network, without those of its training. */
export const networkVariables = (
  experiment: Experiment,
  phase: "train" | "infer",
): readonly Variable[] =>
  once(valuesOfOp(networkGraph(experiment, phase), "variable").flatMap(withStatistics))
    // Dropout counts steps, and that is the training's.
    .filter(isNetwork);

/** Norms that learn do not read their running statistics, which are the network's all the same. */
const withStatistics = (value: { readonly attributes: Variable }): readonly Variable[] => {
  const { attributes } = value;
  if (attributes.site?.word !== "shift") return [attributes];
  const { mean, variance } = runningOf(value);
  return [attributes, mean.attributes, variance.attributes];
};

const once = (variables: readonly Variable[]): readonly Variable[] => [
  ...new Map(variables.map((each) => [each.name, each])).values(),
];

/** Of a network's variables those that a file of weights is to fill. */
export const taken = (
  variables: readonly Variable[],
  { only, replace }: Asked,
): readonly Variable[] =>
  variables.filter(
    (each) =>
      isNetwork(each) &&
      (only === "all" || each.site?.part === "backbone") &&
      (replace === "none" || !isClassifier(each)),
  );

export const isClassifier = ({ site }: Pick<Variable, "site">): boolean =>
  site !== null && "layer" in site && site.layer === "classifier";

export interface Match {
  readonly variable: Variable;
  /** The tensor's name in the file. */
  readonly name: string;
  /** Of a running mean: the bias of the convolution before its norm, which is taken off the mean. */
  readonly bias: string | null;
  /** The file's, in our order of axes. */
  readonly shape: readonly number[];
}

export interface Fit {
  readonly header: Header;
  readonly asked: Asked;
  readonly map: NameMap;
  /** What stands before every name: `module.`, for one. */
  readonly prefix: string;
  readonly fits: readonly Match[];
  readonly missing: readonly Variable[];
  readonly misshapen: readonly Match[];
  /** Of the part that was asked for, and not in the network: the file's is another one. */
  readonly unexpected: readonly string[];
  /** The auxiliary head of a network that has none, which costs an answer nothing. */
  readonly auxiliary: readonly string[];
  /** Counters, momentum, what stands beside the network, and what was not asked for. */
  readonly aside: readonly string[];
}

export const skeletonOf = ({ backbone, pyramid }: Model): Skeleton => ({
  block: backbone.block,
  shortcut: backbone.shortcut,
  split_attention: backbone.split_attention,
  stem: backbone.stem.kind,
  bins: pyramid?.bins ?? [],
});

/** Their [out, in, height, width] in our order. */
export const ourShape = (shape: readonly number[], map: NameMap): readonly number[] => {
  const [to, from, height, width, ...more] = shape;
  const isKernel = width !== undefined && more.length === 0 && map.kernels === "OIHW";
  return isKernel ? [height ?? 0, width, from ?? 0, to ?? 0] : shape;
};

interface Spelling {
  readonly map: NameMap;
  readonly prefix: string;
}

/** Words of the longest name of any map; what stands before them is a prefix. */
const LONGEST = 8;
/** Names beyond these are not asked for the spelling; a network has a tenth of them. */
const MOST = 20_000;

/** The spelling under which the file has most of what is wanted, whatever stands before the names. */
const spellingOf = (header: Header, wanted: readonly Variable[], of: Skeleton): Spelling => {
  const names = [...header.tensors.keys()].slice(0, MOST);
  let best: Spelling & { readonly hits: number } = { map: firstMap, prefix: "", hits: 0 };
  for (const map of nameMaps) {
    const theirs = new Set(wanted.map(({ site }) => theirName(site, map, of)));
    const hits = new Map<string, number>();
    for (const name of names)
      for (const prefix of prefixesOf(name))
        if (theirs.has(name.slice(prefix.length))) hits.set(prefix, (hits.get(prefix) ?? 0) + 1);
    for (const [prefix, count] of hits) if (count > best.hits) best = { map, prefix, hits: count };
  }
  return best;
};

const [firstMap] = nameMaps;

/** Everything that may stand before a layer's name: "", "module." and "module.net." of `module.net.conv.weight`. */
const prefixesOf = (name: string): readonly string[] => {
  const words = name.split(".", 64);
  const starts = words.map((_, i) =>
    words
      .slice(0, i)
      .map((word) => `${word}.`)
      .join(""),
  );
  return starts.slice(-LONGEST);
};

/** Compares names and shapes alone. `variables` are those of the training, momentum among them. */
export const fitOf = (
  header: Header,
  variables: readonly Variable[],
  model: Model,
  asked: Asked,
): Fit => {
  const of = skeletonOf(model);
  const { map, prefix } = spellingOf(header, taken(variables, WHOLE), of);
  const named = (site: Variable["site"]): string | null => {
    const theirs = theirName(site, map, of);
    return theirs !== null && header.tensors.has(prefix + theirs) ? prefix + theirs : null;
  };
  const own = new Set(variables.map(({ name }) => name));
  const hasBias = (site: Site): boolean => own.has(variableName({ ...site, word: "bias" }));
  const fits: Match[] = [];
  const misshapen: Match[] = [];
  const missing: Variable[] = [];
  for (const variable of taken(variables, asked)) {
    const { site } = variable;
    const name = named(site);
    const outline = name === null ? undefined : header.tensors.get(name);
    if (name === null || outline === undefined) {
      missing.push(variable);
      continue;
    }
    const shape = ourShape(outline.shape, map);
    const bias = site?.word === "mean" && !hasBias(site) ? named({ ...site, word: "bias" }) : null;
    const isSame = sameShape(variable.shape, shape) && isOfShape(header, bias, shape);
    (isSame ? fits : misshapen).push({ variable, name, bias, shape });
  }
  const used = new Set([...fits, ...misshapen].flatMap(({ name, bias }) => [name, bias ?? name]));
  const others = [...header.tensors.keys()].filter((name) => !used.has(name));
  return {
    header,
    asked,
    map,
    prefix,
    fits,
    missing,
    misshapen,
    ...sorted(others, map, prefix, asked),
  };
};

const isOfShape = ({ tensors }: Header, name: string | null, shape: readonly number[]): boolean =>
  name === null || sameShape(tensors.get(name)?.shape ?? [], shape);

/** Names that say nothing about a network's answers. */
const BOOKKEEPING = /(^|[./])(num_batches_tracked|momentum|step|n_averaged)$/;
/** What a network is trained by, where it is saved with the network. */
const CRITERION = /^(criterion|criteria|loss|losses|metrics?|\w+_(criterion|loss|metrics?))\b/i;

/** The tensors that nobody asked for, by what that means. */
const sorted = (
  names: readonly string[],
  map: NameMap,
  prefix: string,
  { only, replace }: Asked,
): Pick<Fit, "unexpected" | "auxiliary" | "aside"> => {
  const [backbone, auxiliary] = [backboneNames(map), auxiliaryNames(map)];
  const classifier = replace === "classifier" ? classifierNames(map) : null;
  const kindOf = (name: string): "unexpected" | "auxiliary" | "aside" => {
    const bare = name.slice(prefix.length);
    const isBeside = !name.startsWith(prefix) || BOOKKEEPING.test(name) || CRITERION.test(bare);
    if (isBeside || classifier?.test(bare)) return "aside";
    if (backbone.test(bare)) return "unexpected";
    if (only === "backbone") return "aside";
    return auxiliary?.test(bare) ? "auxiliary" : "unexpected";
  };
  const kinds = names.map((name) => [name, kindOf(name)] as const);
  const of = (kind: string) => kinds.flatMap(([name, each]) => (each === kind ? [name] : []));
  return { unexpected: of("unexpected"), auxiliary: of("auxiliary"), aside: of("aside") };
};

export const isWhole = ({ missing, misshapen, unexpected }: Fit): boolean =>
  missing.length + misshapen.length + unexpected.length === 0;
