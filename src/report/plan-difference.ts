/** What differs between two plans: layers by name, and figures; as plain data and as text (`plan --diff`). */

import { bytes, count, figure, rateText, scaled, table, text } from "./format.js";
import type { LayerRow } from "./layers.js";
import { blocks, fold, type PlanTextOptions } from "./plan-text.js";
import type { ComparablePlan } from "./saved-plan.js";

type Pair<A> = readonly [left: A, right: A];

/** The answer of `plan --diff --json`. */
export interface PlanDifference {
  readonly same: boolean;
  readonly names: Pair<string>;
  readonly layers: {
    readonly removed: readonly LayerRow[];
    readonly added: readonly LayerRow[];
    readonly changed: readonly Pair<LayerRow>[];
  };
  /** Figures that differ, by their path in a plan; `null` where one has none. */
  readonly figures: Readonly<Record<string, Pair<number | null>>>;
}

export const planDifference = (
  names: Pair<string>,
  [a, b]: Pair<ComparablePlan>,
): PlanDifference => {
  const layers = layerDifference([a.layers, b.layers]);
  const figures = Object.fromEntries(
    Object.entries(compared).flatMap(([path, { of }]) => {
      const pair: Pair<number | null> = [of(a), of(b)];
      return pair[0] === pair[1] ? [] : [[path, pair]];
    }),
  );
  const moved = Object.values(layers).some((rows) => rows.length > 0);
  return { same: !moved && Object.keys(figures).length === 0, names, layers, figures };
};

const layerDifference = ([a, b]: Pair<readonly LayerRow[]>): PlanDifference["layers"] => {
  const named = (rows: readonly LayerRow[]) => new Map(rows.map((row) => [row.name, row]));
  const [left, right] = [named(a), named(b)];
  return {
    removed: a.filter(({ name }) => !right.has(name)),
    added: b.filter(({ name }) => !left.has(name)),
    changed: a.flatMap((row): readonly Pair<LayerRow>[] => {
      const other = right.get(row.name);
      return other === undefined || JSON.stringify(row) === JSON.stringify(other)
        ? []
        : [[row, other]];
    }),
  };
};

interface Figure {
  readonly title: string;
  readonly of: (plan: ComparablePlan) => number | null;
  readonly show: (n: number) => string;
}

const row = (title: string, show: Figure["show"], of: Figure["of"]): Figure => ({
  title,
  show,
  of,
});

const rateOf =
  (group: number, last: boolean) =>
  ({ groups }: ComparablePlan): number | null =>
    groups[group]?.rates.at(last ? -1 : 0)?.rate ?? null;

/** By path, in the order of a plan. */
const compared: Readonly<Record<string, Figure>> = {
  "parameters.inference": row("parameters to predict", count, (p) => p.parameters.inference),
  "parameters.training": row("parameters to train", count, (p) => p.parameters.training),
  frozen: row("frozen parameters", count, (p) => p.frozen),
  "macs.inference": row("MACs to predict", scaled, (p) => p.macs.inference),
  "macs.training": row("MACs to train", scaled, (p) => p.macs.training),
  output_stride: row("output stride", count, (p) => p.output_stride),
  "memory.inference.total": row("memory to predict", bytes, (p) => p.memory.inference.total),
  "memory.training.total": row("memory to train", bytes, (p) => p.memory.training.total),
  "recompute.macs": row("MACs recomputed", scaled, (p) => p.recompute?.macs ?? null),
  "largest_batch.batch": row("largest batch", count, (p) => p.largest_batch?.batch ?? null),
  batch: row("batch", count, (p) => p.batch),
  iterations: row("iterations", count, (p) => p.iterations),
  "data.images": row("images", count, (p) => p.data?.images ?? null),
  "data.epochs": row(
    "epochs",
    (n) => n.toFixed(1),
    (p) => p.data?.epochs ?? null,
  ),
  "groups[0].rates[0].rate": row("first rate, backbone", rateText, rateOf(0, false)),
  "groups[1].rates[0].rate": row("first rate, new layers", rateText, rateOf(1, false)),
  "groups[0].rates[-1].rate": row("last rate, backbone", rateText, rateOf(0, true)),
  "groups[1].rates[-1].rate": row("last rate, new layers", rateText, rateOf(1, true)),
};

/** Residual blocks are one row each, and equal ones share theirs, unless every layer is asked for. */
export const planDifferenceText = (
  [a, b]: Pair<ComparablePlan>,
  { same, names, figures }: PlanDifference,
  { everyLayer }: PlanTextOptions,
): string => {
  if (same) return `${names[0]} and ${names[1]} have the same plan`;
  const rows = (plan: ComparablePlan) => (everyLayer ? plan.layers : blocks(plan.layers));
  const { removed, added, changed } = layerDifference([rows(a), rows(b)]);
  const together = everyLayer ? (some: readonly LayerRow[]) => some : fold;
  const layers = [
    ...together(removed).map((one) => ["-", ...cells(one)]),
    ...together(added).map((one) => ["+", ...cells(one)]),
    ...changed
      .map(([left, right]) => ["~", ...merged(cells(left), cells(right))])
      .filter((row) => row.some((cell) => cell.includes(ARROW))),
  ];
  const head = [
    text(""),
    text("layer"),
    ...["output", "dilation", "parameters", "MACs"].map(figure),
  ];
  const totals = Object.entries(compared).flatMap(([path, { title, show }]) => {
    const pair = figures[path];
    return pair === undefined ? [] : [[title, ...pair.map((n) => (n === null ? "–" : show(n)))]];
  });
  const sides = [text(""), figure(names[0]), figure(names[1])];
  return [
    ...(layers.length === 0 ? [] : [table(head, layers)]),
    ...(totals.length === 0 ? [] : [table(sides, totals)]),
  ].join("\n\n");
};

const cells = ({ name, output, dilation, parameters, macs }: LayerRow): readonly string[] => [
  name,
  output.join("×"),
  `${dilation}`,
  parameters === 0 ? "" : count(parameters),
  macs === 0 ? "" : scaled(macs),
];

const ARROW = " → ";

/** `2 → 4` where the two differ; a change of the receptive field alone is not shown. */
const merged = (left: readonly string[], right: readonly string[]): readonly string[] =>
  left.map((cell, i) => (cell === right[i] ? cell : `${cell || "–"}${ARROW}${right[i] || "–"}`));
