/** What differs in meaning between two resolved specs, and what that does to the costs, as tables (`show --diff`). */

import { visible } from "../diagnostic/text.js";
import type { Graph } from "../graph/graph.js";
import type { Difference } from "../normalize/difference.js";
import type { Experiment } from "../normalize/experiment.js";
import { type Kernels, lower } from "../tensorflow/target.js";
import { bytes, count, figure, scaled, table, text } from "./format.js";
import { type Plan, plan } from "./plan.js";
import { type Fitting, fittingText } from "./weights.js";

/** One of the two: as the user named it, and its plan. */
export interface Side {
  readonly name: string;
  readonly training: Graph;
  readonly plan: Pick<Plan, "parameters" | "macs" | "memory">;
}

export const sideOf = (name: string, experiment: Experiment, kernels?: Kernels): Side => {
  const { training, recompute } = lower(experiment);
  const request = { experiment, training, recompute, fingerprint: "", variants: [], images: null };
  return { name, training, plan: plan({ ...request, ...(kernels && { kernels }) }) };
};

export const differenceText = (
  differences: readonly Difference[],
  [left, right]: readonly [Side, Side],
  weights: readonly Fitting[],
): string => {
  if (differences.length === 0) return visible(`${left.name} and ${right.name} mean the same`);
  const costs: readonly (readonly [string, (side: Side) => string])[] = [
    ["parameters to predict", ({ plan }) => count(plan.parameters.inference)],
    ["parameters to train", ({ plan }) => count(plan.parameters.training)],
    ["MACs to predict", ({ plan }) => scaled(plan.macs.inference)],
    ["memory to predict", ({ plan }) => bytes(plan.memory.inference.total)],
    ["memory to train", ({ plan }) => bytes(plan.memory.training.total)],
  ];
  const columns = [text(""), text(left.name), text(right.name)];
  const values = differences.map((each) => [each.path, inLine(each.left), inLine(each.right)]);
  const effect = costs.map(([name, of]) => [name, of(left), of(right)]);
  return [
    table(columns, values),
    table([text("effect"), figure(left.name), figure(right.name)], effect),
    `weights of the first in the second: ${fittingText(weights)}`,
  ].join("\n\n");
};

/** A value in a line; one of the two may lack it altogether. */
export const inLine = (value: unknown): string =>
  value === undefined
    ? "–"
    : value === null
      ? "none"
      : typeof value === "string"
        ? value
        : JSON.stringify(value);
