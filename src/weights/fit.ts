/** Compares the header of a file with the variables of a network: what fits, what does not, and by whose names. */

import { valuesOfOp } from "../graph/graph.js";
import type { Ops } from "../graph/op.js";
import { sameShape } from "../graph/type.js";
import { isNetwork } from "../graph/variable.js";
import { runningOf } from "../model/layer.js";
import type { Experiment, Model } from "../normalize/experiment.js";
import { networkGraph } from "../plan/inference.js";
import type { Header } from "./file.js";
import { type NameMap, nameMaps, namesOf, type Skeleton, theirName } from "./names.js";

type Variable = Ops["variable"];

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
  only: "all" | "backbone",
): readonly Variable[] =>
  variables.filter((each) => isNetwork(each) && (only === "all" || each.site?.part === "backbone"));

export interface Found {
  readonly variable: Variable;
  /** The tensor's name in the file. */
  readonly name: string;
}

export interface Misshapen extends Found {
  /** The file's, in our order of axes. */
  readonly shape: readonly number[];
}

export interface Fit {
  readonly header: Header;
  readonly only: "all" | "backbone";
  readonly map: NameMap;
  /** What stands before every name: `module.`, for one. */
  readonly prefix: string;
  readonly fits: readonly Found[];
  readonly missing: readonly Variable[];
  readonly misshapen: readonly Misshapen[];
  /** Of the part that was asked for, and not in the network: the file's is another one. */
  readonly unexpected: readonly string[];
  /** The auxiliary head of a network that has none, which costs an answer nothing. */
  readonly auxiliary: readonly string[];
  /** Counters, momentum, and what was not asked for. */
  readonly aside: readonly string[];
}

export const skeletonOf = ({ backbone, pyramid }: Model): Skeleton => ({
  stem: backbone.stem.kind,
  bins: pyramid?.bins ?? [],
});

/** Wrappers of a network put their name before every other. */
const prefixes = [
  "",
  "module.",
  "model.",
  "model.module.",
  "backbone.",
  "module.backbone.",
  "encoder.",
];

/** Names that say nothing about a network's answers. */
const BOOKKEEPING = /(^|[./])(num_batches_tracked|momentum|step)$/;

/** Their [out, in, height, width] in our order. */
export const ourShape = (shape: readonly number[], map: NameMap): readonly number[] =>
  shape.length === 4 && map.kernels === "OIHW"
    ? [shape[2]!, shape[3]!, shape[1]!, shape[0]!]
    : shape;

interface Spelling {
  readonly map: NameMap;
  readonly prefix: string;
}

/** The spelling under which the file has most of what is wanted. */
const spellingOf = (header: Header, wanted: readonly Variable[], of: Skeleton): Spelling => {
  const hits = ({ map, prefix }: Spelling): number =>
    wanted.filter(({ site }) => {
      const theirs = theirName(site, map, of);
      return theirs !== null && header.tensors.has(prefix + theirs);
    }).length;
  const candidates = nameMaps.flatMap((map) =>
    prefixes.map((prefix) => ({ map, prefix, hits: 0 })),
  );
  const counted = candidates.map((spelling) => ({ ...spelling, hits: hits(spelling) }));
  return counted.reduce((best, each) => (each.hits > best.hits ? each : best));
};

/** Compares names and shapes alone. `variables` are those of the training, momentum among them. */
export const fitOf = (
  header: Header,
  variables: readonly Variable[],
  model: Model,
  only: "all" | "backbone",
): Fit => {
  const of = skeletonOf(model);
  const wanted = taken(variables, only);
  const { map, prefix } = spellingOf(header, taken(variables, "all"), of);
  const nameIn = ({ site }: Variable): string | null => {
    const theirs = theirName(site, map, of);
    return theirs !== null && header.tensors.has(prefix + theirs) ? prefix + theirs : null;
  };
  const found = wanted.flatMap((variable) => {
    const name = nameIn(variable);
    if (name === null) return [];
    return [{ variable, name, shape: ourShape(header.tensors.get(name)!.shape, map) }];
  });
  const isFit = ({ variable, shape }: Misshapen): boolean => sameShape(variable.shape, shape);
  const used = new Set(found.map(({ name }) => name));
  const others = [...header.tensors.keys()].filter((name) => !used.has(name));
  return {
    header,
    only,
    map,
    prefix,
    fits: found.filter(isFit),
    missing: wanted.filter((variable) => nameIn(variable) === null),
    misshapen: found.filter((each) => !isFit(each)),
    ...sorted(others, map, prefix, only),
  };
};

/** The tensors that nobody asked for, by what that means. */
const sorted = (
  names: readonly string[],
  map: NameMap,
  prefix: string,
  only: "all" | "backbone",
): Pick<Fit, "unexpected" | "auxiliary" | "aside"> => {
  const bare = (name: string): string =>
    name.startsWith(prefix) ? name.slice(prefix.length) : name;
  const [backbone, auxiliary] = [namesOf("backbone", map), namesOf("auxiliary", map)];
  const isAside = (name: string): boolean =>
    BOOKKEEPING.test(name) || (only === "backbone" && !backbone.test(bare(name)));
  const rest = names.filter((name) => !isAside(name));
  return {
    aside: names.filter(isAside),
    auxiliary: rest.filter((name) => auxiliary.test(bare(name))),
    unexpected: rest.filter((name) => !auxiliary.test(bare(name))),
  };
};

export const isWhole = ({ missing, misshapen, unexpected }: Fit): boolean =>
  missing.length + misshapen.length + unexpected.length === 0;
