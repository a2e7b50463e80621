/** Which weights fit: between two networks (`show --diff`), and of a file in a network (`import`). */

import { visible } from "../diagnostic/text.js";
import { type Graph, valuesOfOp } from "../graph/graph.js";
import type { Ops } from "../graph/op.js";
import { sameShape } from "../graph/type.js";
import { isNetwork, PARTS, type Part } from "../graph/variable.js";
import { spelling } from "../weights/check.js";
import type { Misfit } from "../weights/errors.js";
import type { Fit } from "../weights/fit.js";
import { count, green, red, yellow } from "./format.js";

/** The variables of a part of the network, counted. */
export interface Fitting {
  readonly group: Part;
  /** In both, with one name and one shape. */
  readonly fit: number;
  /** In both, with another shape. */
  readonly reshaped: readonly string[];
  /** In the second alone: they begin at random. */
  readonly fresh: readonly string[];
  /** In the first alone. */
  readonly unused: readonly string[];
}

type Weight = Ops["variable"];

const weights = (graph: Graph): ReadonlyMap<string, Weight> =>
  new Map(
    valuesOfOp(graph, "variable")
      .filter(({ attributes }) => isNetwork(attributes))
      .map(({ attributes }) => [attributes.name, attributes]),
  );

/** How a checkpoint of `left` meets the network of `right`. */
export const fitting = (left: Graph, right: Graph): readonly Fitting[] => {
  const [from, to] = [weights(left), weights(right)];
  return PARTS.map((group) => {
    const mine = (all: ReadonlyMap<string, Weight>) =>
      [...all.values()].filter((weight) => weight.site?.part === group);
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

export const importText = (fit: Fit, wrong: readonly Misfit[]): string => {
  const { fits, missing, misshapen, aside } = fit;
  const { beside } = fit.header;
  const biases = fits.filter(({ bias }) => bias !== null).length;
  const wanted = fits.length + missing.length + misshapen.length;
  const numbers = fits.reduce(
    (sum, { variable }) => sum + variable.shape.reduce((a, b) => a * b, 1),
    0,
  );
  const head = visible(`${fit.header.file}: ${spelling(fit)}`);
  const paint = fits.length === wanted ? green : red;
  const what = asked(fit);
  return [
    head,
    paint(`${fits.length} of ${wanted} tensors of ${what} fit (${count(numbers)} numbers)`),
    ...wrong.flatMap(({ severity, code, message, label, notes, help }) => [
      (severity === "error" ? red : yellow)(`${severity}[${code}]: ${visible(message)}`),
      `  ${visible(label)}`,
      ...notes.slice(1).map((note) => `  = note: ${visible(note)}`),
      ...help.map((remedy) => `  = help: ${visible(remedy)}`),
    ]),
    ...(biases === 0 ? [] : [`${biases} biases before norms are taken off the norms' means`]),
    ...(aside.length === 0 ? [] : [`${aside.length} left aside: ${visible(kinds(aside))}`]),
    ...(beside.length === 0 ? [] : [`beside the weights: ${visible(kinds(beside))}`]),
  ].join("\n");
};

const asked = ({ asked: { only, replace } }: Fit): string => {
  const part = only === "all" ? "the network" : "the backbone";
  return replace === "classifier" ? `${part} without its classifier` : part;
};

/** Many names that end alike are told once. */
const kinds = (names: readonly string[]): string => {
  const ends = new Map<string, number>();
  for (const name of names) {
    const end = name.slice(name.lastIndexOf(".") + 1);
    const kind = end === "num_batches_tracked" ? end : name;
    ends.set(kind, (ends.get(kind) ?? 0) + 1);
  }
  const told = [...ends].map(([kind, n]) => (n === 1 ? kind : `${n} × ${kind}`));
  return told.slice(0, 6).join(", ") + (told.length > 6 ? ` and ${told.length - 6} more` : "");
};
