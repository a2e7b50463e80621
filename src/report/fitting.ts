/** Two training graphs enter; which weights of the one load into the other leaves, by group and as a sentence. */

import { type Graph, valuesOfOp } from "../graph/graph.js";
import type { Group, Ops } from "../graph/op.js";
import { sameShape } from "../graph/type.js";

/** Variables of a group, counted. */
export interface Fitting {
  readonly group: Group;
  /** In both, with one name and one shape. */
  readonly fit: number;
  /** In both, with another shape. */
  readonly reshaped: readonly string[];
  /** In the second alone: they begin at random. */
  readonly fresh: readonly string[];
  /** In the first alone. */
  readonly unused: readonly string[];
}

const groups: readonly Group[] = ["backbone", "pyramid", "head", "auxiliary"];

type Weight = Ops["variable"];

const weights = (graph: Graph): ReadonlyMap<string, Weight> =>
  new Map(
    valuesOfOp(graph, "variable")
      .filter(({ attributes: { role } }) => role !== "momentum" && role !== "step")
      .map(({ attributes }) => [attributes.name, attributes]),
  );

/** How a checkpoint of `left` meets the network of `right`. */
export const fitting = (left: Graph, right: Graph): readonly Fitting[] => {
  const [from, to] = [weights(left), weights(right)];
  return groups.map((group) => {
    const mine = (all: ReadonlyMap<string, Weight>) =>
      [...all.values()].filter((weight) => weight.group === group);
    const names = (some: readonly Weight[]): readonly string[] => some.map(({ name }) => name);
    const both = mine(to).flatMap((weight) => {
      const source = from.get(weight.name);
      return source === undefined ? [] : [{ weight, same: sameShape(source.shape, weight.shape) }];
    });
    return {
      group,
      fit: both.filter(({ same }) => same).length,
      reshaped: names(both.filter(({ same }) => !same).map(({ weight }) => weight)),
      fresh: names(mine(to).filter(({ name }) => !from.has(name))),
      unused: names(mine(from).filter(({ name }) => !to.has(name))),
    };
  });
};

const partial = ({ reshaped, fresh }: Fitting): boolean => reshaped.length + fresh.length > 0;

/** `all of its weights load`, or which groups lack some. */
export const fittingText = (rows: readonly Fitting[]): string => {
  const fit = rows.reduce((n, row) => n + row.fit, 0);
  const open = rows.filter(partial);
  const unused = rows.reduce((n, row) => n + row.unused.length, 0);
  const spare = unused === 0 ? "" : `; ${unused} are not needed`;
  if (open.length === 0) return `every weight has its value in the first${spare}`;
  if (fit === 0) return `no weight fits${spare}`;
  const lacking = open.map(({ group, fit: some, reshaped, fresh }) => {
    const why = [
      ...(reshaped.length > 0 ? [`${reshaped.length} of another shape`] : []),
      ...(fresh.length > 0 ? [`${fresh.length} new`] : []),
    ];
    return `${some === 0 ? "none" : some} of ${group} (${why.join(", ")})`;
  });
  const whole = rows.filter((row) => row.fit > 0 && !partial(row)).map(({ group }) => group);
  const all = whole.length === 0 ? [] : [`all of ${whole.join(", ")}`];
  return `${[...all, ...lacking].join("; ")}${spare}`;
};
