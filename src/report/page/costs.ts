/** The section on costs: a chart for each cost, with the scores on one scale. */

import type { TopLevelSpec } from "vega-lite";
import { bytes, duration, percent, scaled } from "../format.js";
import { draw, legend, said, scales, ticksAround } from "./chart.js";
import { type Html, html, nothing } from "./html.js";
import type { Report, Shown } from "./report.js";

interface Cost {
  readonly title: string;
  readonly of: (variant: Shown) => number | null;
  readonly print: (value: number) => string;
  /** As the axis counts. */
  readonly unit: readonly [divisor: number, name: string];
}

const costs: readonly Cost[] = [
  { title: "Parameters", of: (v) => v.parameters, print: scaled, unit: [1e6, "million"] },
  { title: "Multiply-accumulates", of: (v) => v.macs, print: scaled, unit: [1e9, "billion"] },
  {
    title: "Training time",
    of: ({ row }) => row?.seconds ?? null,
    print: duration,
    unit: [60, "minutes"],
  },
  {
    title: "Peak memory of training",
    of: ({ row }) => row?.peak_memory ?? null,
    print: bytes,
    unit: [2 ** 30, "GiB"],
  },
];

/** Fewer variants than this are read from the table of scores as soon. */
const enough = 4;

export const costsSection = async (report: Report): Promise<Html> => {
  const scored = report.variants.flatMap(({ name, row }, v) =>
    row === null || row.miou.mean === null
      ? []
      : [{ v, name, value: `${percent(row.miou.mean)}\u00A0%` }],
  );
  if (scored.length < enough) return nothing;
  const charts = (await Promise.all(costs.map((cost) => chart(report, cost)))).filter(
    (one) => one !== nothing,
  );
  if (charts.length === 0) return nothing;
  return html`<section id="costs" aria-labelledby="costs-title">
<h2 id="costs-title">What a point costs</h2>
<p class="lead">mIoU against what each variant takes. Parameters and multiply-accumulates are those of inference on one training crop; up and left is better. The numbers stand in the table of scores.</p>
<div class="drawn"><div class="charts small">${charts}</div>
${legend(scored)}</div>
</section>`;
};

const chart = async ({ variants }: Report, cost: Cost): Promise<Html> => {
  const values = variants.flatMap((variant, v) => {
    const value = cost.of(variant);
    if (value === null || variant.row === null) return [];
    const { miou } = variant.row;
    const text = `${variant.name}: mIoU ${percent(miou.mean)}, ${cost.print(value)}`;
    const scores = variant.row.evaluations.map((one) => one.miou).filter((one) => one !== null);
    if (scores.length === 0) return [];
    return [
      {
        v,
        cost: value / cost.unit[0],
        miou: miou.mean,
        low: Math.min(...scores),
        high: Math.max(...scores),
        said: said(v, text),
      },
    ];
  });
  if (values.length === 0) return nothing;
  return html`<figure class="chart"><figcaption>${cost.title}, ${cost.unit[1]}</figcaption><div class="drawing">${await draw(points(values, variants.length))}</div></figure>`;
};

interface Point {
  readonly cost: number;
  readonly low: number;
  readonly high: number;
}

/** From the first tick to the last. */
const within = (ticks: readonly number[]) =>
  ({
    domainMin: Math.min(...ticks),
    domainMax: Math.max(...ticks),
    zero: false,
    nice: false,
  }) as const;

const points = (values: readonly Point[], count: number): TopLevelSpec => {
  const { color, shape } = scales(count);
  const description = { field: "said" } as const;
  const xs = ticksAround(values.map(({ cost }) => cost));
  const ys = ticksAround(values.flatMap(({ low, high }) => [low, high]));
  const x = {
    field: "cost",
    type: "quantitative" as const,
    title: null,
    axis: { values: [...xs] },
    scale: within(xs),
  };
  const y = (field: string) => ({
    field,
    type: "quantitative" as const,
    title: "mIoU",
    axis: { format: ".0%", values: [...ys] },
    scale: within(ys),
  });
  return {
    width: 300,
    height: 190,
    description: "mIoU against cost",
    data: { values: [...values] },
    layer: [
      {
        mark: { type: "rule", strokeWidth: 2, opacity: 0.45 },
        encoding: { x, y: y("low"), y2: { field: "high" }, color, description },
      },
      {
        mark: { type: "point", filled: true, size: 90, opacity: 1 },
        encoding: { x, y: y("miou"), color, shape, description },
      },
    ],
  };
};
