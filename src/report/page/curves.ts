/** The section with training curves: loss and scores by step, from the journals of the runs. */

import type { TopLevelSpec } from "vega-lite";
import { percent } from "../format.js";
import { draw, legend, said, scales, size, ticksTo } from "./chart.js";
import { type Html, html, nothing } from "./html.js";
import type { Curve, Report, Shown, ShownRun } from "./report.js";

/** Points that a curve is drawn with at most: more than its pixels tell nothing. */
const enough = 160;

type Line = Readonly<Record<string, unknown>>;

export const curvesOf = (lines: readonly Line[]): Pick<ShownRun, "loss" | "scores"> => {
  const scored = lines.filter(({ miou }) => typeof miou === "number");
  const splits = [...new Set(scored.map(({ split }) => String(split ?? "val")))];
  return {
    loss: thin(points(lines, "loss")),
    scores: new Map(
      splits.map((split) => [
        split,
        thin(
          points(
            scored.filter((line) => String(line.split ?? "val") === split),
            "miou",
          ),
        ),
      ]),
    ),
  };
};

const points = (lines: readonly Line[], key: string): Curve =>
  lines.flatMap((line) => {
    const [step, value] = [Number(line.step), line[key]];
    return Number.isFinite(step) && typeof value === "number" && Number.isFinite(value)
      ? [[step, value] as const]
      : [];
  });

/** Means over equal stretches of steps, each at its end: noise goes, the trend stays. */
export const thin = (curve: Curve, most = enough): Curve => {
  if (curve.length <= most) return curve;
  return Array.from({ length: most }, (_, i) => {
    const stretch = curve.slice(
      Math.floor((i * curve.length) / most),
      Math.floor(((i + 1) * curve.length) / most),
    );
    const total = stretch.reduce((sum, [, value]) => sum + value, 0);
    return [stretch.at(-1)?.[0] ?? 0, total / stretch.length] as const;
  });
};

type Of = (run: ShownRun) => Curve;

export const curvesSection = async (report: Report): Promise<Html> => {
  const splits = [
    ...new Set(report.variants.flatMap(({ runs }) => runs.flatMap((r) => [...r.scores.keys()]))),
  ];
  const charts = [
    await chart(report, "Loss of the training batches", "loss", ({ loss }) => loss, loss),
    ...(await Promise.all(
      splits.map((split) => {
        const of: Of = ({ scores }) => scores.get(split) ?? [];
        return chart(
          report,
          `mIoU on ${split} while training`,
          "mIoU",
          of,
          (x) => `${percent(x)}\u00A0%`,
        );
      }),
    )),
  ].filter((one) => one !== nothing);
  if (charts.length === 0) return nothing;
  return html`<section id="curves" aria-labelledby="curves-title">
<h2 id="curves-title">Training</h2>
<p class="lead">A line a run, averaged over stretches of steps; beside each chart, where the variants stand at its end.</p>
<div class="charts">${charts}</div>
</section>`;
};

const loss = (value: number): string => value.toPrecision(3);

const chart = async (
  { variants }: Report,
  title: string,
  axis: string,
  of: Of,
  print: (value: number) => string,
): Promise<Html> => {
  const drawn = variants.map((variant) => ({ ...variant, curves: variant.runs.map(of) }));
  const values = drawn.flatMap(({ curves }, v) =>
    curves.flatMap((curve, run) =>
      curve.map(([step, value]) => ({ v, run: `${v}/${run}`, step, value })),
    ),
  );
  if (values.length === 0) return nothing;
  const picture = await draw(lines(values, variants, axis));
  return html`<figure class="chart">
<figcaption>${title}</figcaption>
<div class="drawn"><div class="drawing">${picture}</div>
${legend(drawn.flatMap(({ name, curves }, v) => (curves.every(({ length }) => length === 0) ? [] : [{ v, name, value: print(last(curves)) }])))}</div>
<details><summary>The numbers</summary>
<div class="scroll" role="region" aria-label="${title}" tabindex="0"><table>
<thead><tr><th scope="col">variant</th><th scope="col">first</th><th scope="col">lowest</th><th scope="col">highest</th><th scope="col">last</th></tr></thead>
<tbody>${drawn.map(({ name, curves }, v) => numbers(name, v, curves, print))}</tbody>
</table></div></details>
</figure>`;
};

const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

/** Where the curves of the seeds end, on average. */
const last = (curves: readonly Curve[]): number =>
  mean(curves.flatMap((curve) => curve.at(-1)?.[1] ?? []));

/** Of all seeds together: where the curves begin, how far they range, where they end. */
const numbers = (
  name: string,
  v: number,
  curves: readonly Curve[],
  print: (value: number) => string,
): Html => {
  const all = curves.flatMap((curve) => curve.map(([, value]) => value));
  const at = (index: number): readonly number[] =>
    curves.flatMap((curve) => curve.at(index)?.[1] ?? []);
  const cells =
    all.length === 0
      ? ["–", "–", "–", "–"]
      : [mean(at(0)), Math.min(...all), Math.max(...all), last(curves)].map(print);
  return html`<tr data-v="${v}"><th scope="row">${name}</th>${cells.map((cell) => html`<td class="n">${cell}</td>`)}</tr>`;
};

interface Point {
  readonly v: number;
  readonly run: string;
  readonly step: number;
  readonly value: number;
}

const lines = (
  values: readonly Point[],
  variants: readonly Shown[],
  axis: string,
): TopLevelSpec => {
  const range = values.map(({ value }) => value);
  const [low, high] = [Math.min(...range), Math.max(...range)];
  const scale = axis === "loss" && low > 0 && high / low > 20 ? "log" : "linear";
  const end = Math.max(...values.map(({ step }) => step));
  const { shape: _, ...marks } = scales(variants.length);
  return {
    ...size,
    description: `${axis} by step`,
    data: {
      values: values.map((point) => ({
        ...point,
        said: said(point.v, variants[point.v]?.name ?? ""),
      })),
    },
    mark: { type: "line", strokeWidth: 1.6, strokeJoin: "round" },
    encoding: {
      x: {
        field: "step",
        type: "quantitative",
        title: "step",
        axis: { values: [...ticksTo(end)] },
        scale: { domain: [0, end], nice: false },
      },
      y: {
        field: "value",
        type: "quantitative",
        title: axis,
        scale: { type: scale, zero: false, nice: true },
        ...(axis === "mIoU" ? { axis: { format: ".0%" } } : {}),
      },
      ...marks,
      detail: { field: "run" },
      description: { field: "said" },
    },
  };
};
