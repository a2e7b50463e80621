/** What each rewrite of a compilation changed, as a table, and the graph after each that changed it (`compile --print`). */

import { type AnyGraph, printGraph } from "../graph/graph.js";
import type { Stage } from "../tensorflow/target.js";
import { bytes, count, figure, scaled, table, text } from "./format.js";

export const stagesText = (stages: readonly Stage[]): string => {
  const after = stages.map((stage, i) => ({
    ...stage,
    before: stages[i - 1]?.graph,
    printed: printGraph(stage.graph),
  }));
  const rows = after.map(({ name, graph, before, products, alive }) => {
    const changes = before === undefined ? "" : largest(change(before, graph));
    return [name, count(graph.values.length), scaled(products), bytes(alive), changes];
  });
  const columns = [
    text("rewrite"),
    figure("values"),
    figure("products"),
    figure("peak memory"),
    text("operations"),
  ];
  const graphs = after.flatMap(({ name, law, printed }, i) =>
    printed === after[i - 1]?.printed
      ? []
      : [`== ${name}${law === null ? "" : `: ${law}`}\n\n${printed.trimEnd()}`],
  );
  return [table(columns, rows), ...graphs].join("\n\n");
};

/** How many more or fewer of each operation there are. */
const change = (before: AnyGraph, after: AnyGraph): ReadonlyMap<string, number> => {
  const difference = new Map<string, number>();
  const add = (graph: AnyGraph, n: number): void => {
    for (const { op } of graph.values) difference.set(op, (difference.get(op) ?? 0) + n);
  };
  add(before, -1);
  add(after, 1);
  return difference;
};

/** The three largest changes, so that a row stays one line. */
const largest = (difference: ReadonlyMap<string, number>): string => {
  const moved = [...difference]
    .filter(([, n]) => n !== 0)
    .sort(([a, m], [b, n]) => Math.abs(n) - Math.abs(m) || a.localeCompare(b));
  const most = moved.slice(0, 3).map(([op, n]) => `${n > 0 ? `+${n}` : `−${-n}`} ${op}`);
  return [...most, ...(moved.length > 3 ? ["…"] : [])].join(", ") || "–";
};
