/** The section with scores: variants by score, as a paper prints them, each row with the range of its seeds. */

import { bytes, count, duration, percent, scaled } from "../format.js";
import type { Contender } from "../verdict.js";
import { colourClass, outlineOf, swatch } from "./chart.js";
import { type Html, html, nothing } from "./html.js";
import type { Report, Shown, ShownRun } from "./report.js";

export const scoresSection = ({ variants }: Report): Html => {
  const order = ranked(variants);
  const seeds = Math.max(0, ...order.map(({ miou }) => miou.length));
  const scale = scaleOf(order);
  const shown = columns.filter(([key]) => key !== "range" || seeds > 1);
  return html`<section id="scores" aria-labelledby="scores-title">
<h2 id="scores-title">Scores</h2>
<p class="lead" id="scores-said">${lead(seeds)}</p>
<div class="scroll" role="region" aria-label="Table of scores" tabindex="0"><table id="ranking" aria-describedby="scores-said">
<thead><tr>${shown.map(head(scale))}</tr></thead>
<tbody>${order.map((one) => line(one, seeds > 1 ? scale : null))}</tbody>
</table></div>
</section>`;
};

/** A variant, its number in the spec, which decides its colour, and what its runs reach, however they were scored. */
interface Numbered {
  readonly variant: Shown;
  readonly v: number;
  readonly miou: readonly number[];
  readonly pixel_accuracy: readonly number[];
  readonly mean_accuracy: readonly number[];
}

/** Variants by score, the best first; those without one at the end. */
const ranked = (variants: readonly Shown[]): readonly Numbered[] =>
  variants
    .map((variant, v) => ({
      variant,
      v,
      miou: measured(variant, "miou"),
      pixel_accuracy: measured(variant, "pixel_accuracy"),
      mean_accuracy: measured(variant, "mean_accuracy"),
    }))
    .sort((a, b) => (mean(b.miou) ?? -1) - (mean(a.miou) ?? -1));

/** Of each seed that was scored on some pixel. */
const measured = (
  { runs }: Shown,
  of: "miou" | "pixel_accuracy" | "mean_accuracy",
): readonly number[] =>
  runs.map(({ score }) => score?.[of] ?? null).filter((score) => score !== null);

/** Each variant as the verdict weighs it. */
export const contenders = ({ variants }: Report): readonly Contender[] =>
  variants.map((variant) => ({
    name: variant.name,
    scores: measured(variant, "miou"),
    evaluated: variant.runs.some(({ score }) => score !== null),
    finished: variant.runs.every(({ run }) => run.state === "finished"),
  }));

const lead = (seeds: number): Html =>
  seeds > 1
    ? html`Means over up to ${seeds} seeds; the bar goes from the worst seed to the best. Δ is the difference from the baseline; ≈ marks one whose ranges overlap, so that the seeds do not tell the two apart.`
    : html`Δ is the difference from the baseline; with one seed a small one may be chance (<code class="whole">--seeds 3</code>).`;

const columns: readonly (readonly [key: string, title: string, unit?: string])[] = [
  ["name", "variant"],
  ["miou", "mIoU", "%"],
  ["range", "worst to best seed", "%"],
  ["delta", "Δ", "points"],
  ["pixel", "pixel acc.", "%"],
  ["mean", "mean acc.", "%"],
  ["parameters", "parameters"],
  ["macs", "MACs"],
  ["seconds", "training"],
  ["memory", "memory"],
];

const head =
  (scale: Scale) =>
  ([key, title, unit = ""]: (typeof columns)[number]): Html => {
    const small = unit === "" ? nothing : html` <small>${unit}</small>`;
    if (key === "range")
      return html`<th scope="col">${title}${small}<span class="ends" aria-hidden="true"><span>${percent(scale.low)}</span><span>${percent(scale.high)}</span></span></th>`;
    return html`<th scope="col"${key === "miou" ? html` aria-sort="descending"` : nothing}${key === "name" ? nothing : html` class="n"`}><button type="button" data-sort="${key}">${title}</button>${small}</th>`;
  };

/** From the worst to the best score of all, with air on both sides. */
interface Scale {
  readonly low: number;
  readonly high: number;
}

const scaleOf = (variants: readonly Numbered[]): Scale => {
  const all = variants.flatMap(({ miou }) => miou);
  if (all.length === 0) return { low: 0, high: 1 };
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const air = Math.max(0.02, (high - low) * 0.08);
  return { low: Math.max(0, low - air), high: Math.min(1, high + air) };
};

/** `scale` where there are ranges to be drawn. */
const line = (one: Numbered, scale: Scale | null): Html => {
  const { variant, v, miou } = one;
  const range = miou.length === 0 ? null : ([Math.min(...miou), Math.max(...miou)] as const);
  const reached = mean(miou);
  const number = (key: string, value: number | null, text: string): Html =>
    html`<td class="n" data-key="${key}" data-value="${value ?? -1}">${text}</td>`;
  const share = (key: string, value: number | null): Html => number(key, value, percent(value));
  const note = noteOf(variant);
  return html`<tr data-v="${v}" data-miou="${reached ?? ""}" data-low="${range?.[0] ?? ""}" data-high="${range?.[1] ?? ""}" data-seeds="${miou.length}">
<th scope="row" data-key="name" data-value="${variant.name}">${swatch(v)}${variant.name}${note === "" ? nothing : html` <small>${note}</small>`}</th>
${share("miou", reached)}
${scale === null ? nothing : html`<td>${reached === null || range === null ? nothing : bar(reached, ...range, scale, v)}</td>`}
${number("delta", 0, "")}
${share("pixel", mean(one.pixel_accuracy))}
${share("mean", mean(one.mean_accuracy))}
${number("parameters", variant.parameters, count(variant.parameters))}
${number("macs", variant.macs, scaled(variant.macs))}
${number("seconds", seconds(variant), duration(seconds(variant)))}
${number("memory", peak(variant), peak(variant) === null ? "–" : bytes(peak(variant) ?? 0))}
</tr>`;
};

/** The record of a run is as old as its last checkpoint; its journal follows each step. */
const stepOf = ({ run, loss }: ShownRun): number => Math.max(run.step, loss.at(-1)?.[0] ?? 0);

/** How far its runs are, and where its scores come from if not from an evaluation of its weights. */
const noteOf = ({ runs }: Shown): string => {
  const steps = runs.flatMap(({ score }) => score?.step ?? []);
  const validated = steps.length === 0 ? [] : [`validated at step ${count(Math.max(...steps))}`];
  const done = sum(runs.map(stepOf));
  const all = sum(runs.map(({ run }) => run.steps));
  if (done < all) return [`step ${count(done)} of ${count(all)}`, ...validated].join(", ");
  if (validated.length > 0) return validated.join("");
  return runs.some(({ score }) => score !== null) ? "" : `${runs.length} trained, not evaluated`;
};

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

const mean = (xs: readonly number[]): number | null =>
  xs.length === 0 ? null : sum(xs) / xs.length;

/** Mean of the runs so far. */
const seconds = ({ runs }: Shown): number => sum(runs.map(({ run }) => run.seconds)) / runs.length;

const peak = ({ runs }: Shown): number | null => {
  const known = runs.flatMap(({ run }) => run.peak_memory ?? []);
  return known.length === 0 ? null : Math.max(...known);
};

/** A dot at the mean and a bar over the seeds, on the scale that all rows share. */
const bar = (mean: number, low: number, high: number, scale: Scale, v: number): Html => {
  const x = (value: number): string =>
    ((160 * (value - scale.low)) / (scale.high - scale.low)).toFixed(1);
  const text = low === high ? percent(mean) : `${percent(low)} to ${percent(high)}`;
  return html`<svg class="bar ${colourClass(v)}" viewBox="-6 0 172 16" role="img" aria-label="${text}"><line x1="0" x2="160" y1="8" y2="8" class="axis"/><line x1="${x(low)}" x2="${x(high)}" y1="8" y2="8" class="range"/><path transform="translate(${x(mean)} 8)" d="${outlineOf(v)}"/></svg>`;
};
