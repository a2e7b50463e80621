/** The stages of a compilation enter; text leaves: what each rewrite changed, then the graph after each that did. */

import { products } from "../graph/cost.js";
import type { Graph } from "../graph/graph.js";
import { printGraph } from "../graph/graph.js";
import { memory, total } from "../graph/memory.js";
import type { Stage } from "../plan/program.js";
import { bytes, count, figure, scaled, table, text } from "./format.js";

export const stagesText = (stages: readonly Stage[], colour: boolean): string => {
  const printed = stages.map(({ graph }) => printGraph(graph));
  const rows = stages.map(({ name, graph }, i) => {
    const changes = i === 0 ? "" : told(change(stages[i - 1].graph, graph));
    const figures = [
      count(graph.values.length),
      scaled(products(graph)),
      bytes(total(memory(graph))),
    ];
    return [name, ...figures, changes];
  });
  const columns = [
    text("rewrite"),
    figure("values"),
    figure("products"),
    figure("alive at once"),
    text("operations"),
  ];
  const graphs = stages.flatMap(({ name, law }, i) =>
    printed[i] === printed[i - 1]
      ? []
      : [`== ${name}${law === null ? "" : `: ${law}`}\n\n${printed[i].trimEnd()}`],
  );
  return [table(columns, rows, colour), ...graphs].join("\n\n");
};

/** How many more or fewer of each operation there are. */
const change = (before: Graph, after: Graph): ReadonlyMap<string, number> => {
  const difference = new Map<string, number>();
  const add = (graph: Graph, n: number): void => {
    for (const { op } of graph.values) difference.set(op, (difference.get(op) ?? 0) + n);
  };
  add(before, -1);
  add(after, 1);
  return difference;
};

/** The three largest, so that a line stays one. */
const told = (difference: ReadonlyMap<string, number>): string => {
  const moved = [...difference]
    .filter(([, n]) => n !== 0)
    .sort(([a, m], [b, n]) => Math.abs(n) - Math.abs(m) || a.localeCompare(b));
  const most = moved.slice(0, 3).map(([op, n]) => `${n > 0 ? `+${n}` : `−${-n}`} ${op}`);
  return [...most, ...(moved.length > 3 ? ["…"] : [])].join(", ") || "–";
};
