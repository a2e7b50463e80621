/** Two resolved specs enter; what differs in meaning, and what that does to the costs, leaves as a table. */

import type { Difference } from "../normalize/difference.js";
import { count, scaled } from "./number.js";
import type { Plan } from "./plan.js";
import { figure, table, text } from "./table.js";

/** One of the two: as the user named it, and its plan. */
export interface Side {
  readonly name: string;
  readonly plan: Pick<Plan, "parameters" | "macs">;
}

export const differenceText = (
  differences: readonly Difference[],
  [left, right]: readonly [Side, Side],
  colour: boolean,
): string => {
  if (differences.length === 0) return `${left.name} and ${right.name} mean the same`;
  const costs: readonly (readonly [string, (side: Side) => string])[] = [
    ["parameters to predict", ({ plan }) => count(plan.parameters.inference)],
    ["parameters to train", ({ plan }) => count(plan.parameters.training)],
    ["MACs to predict", ({ plan }) => scaled(plan.macs.inference)],
  ];
  const columns = [text(""), text(left.name), text(right.name)];
  const values = differences.map((each) => [each.path, inLine(each.left), inLine(each.right)]);
  const effect = costs.map(([name, of]) => [name, of(left), of(right)]);
  return [
    table(columns, values, colour),
    table([text("so that"), figure(left.name), figure(right.name)], effect, colour),
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
