/** The section with scores: variants by score, as a paper prints them, each row with the range of its seeds. */

import { bytes, count, duration, percent, scaled } from "../format.js";
import { colourClass, outlineOf, swatch } from "./chart.js";
import { type Html, html, nothing } from "./html.js";
import type { Report, Shown } from "./report.js";

export const scoresSection = (report: Report): Html => {
  const order = ranked(report.variants);
  const scale = scaleOf(report.variants);
  return html`<section id="scores" aria-labelledby="scores-title">
<h2 id="scores-title">Scores</h2>
<p class="lead" id="scores-said">${lead(report)}</p>
<div class="scroll" role="region" aria-label="Table of scores" tabindex="0"><table id="ranking" aria-describedby="scores-said">
<thead><tr>${columns.map(head)}</tr></thead>
<tbody>${order.map((one) => line(one, scale))}</tbody>
</table></div>
</section>`;
};

/** A variant, and its number in the spec, which decides its colour. */
interface Numbered {
  readonly variant: Shown;
  readonly v: number;
}

/** Variants by score, the best first; those without one at the end. */
const ranked = (variants: readonly Shown[]): readonly Numbered[] =>
  variants
    .map((variant, v) => ({ variant, v }))
    .sort((a, b) => (b.variant.row?.miou.mean ?? -1) - (a.variant.row?.miou.mean ?? -1));

const lead = ({ variants, split }: Report): string => {
  const seeds = Math.max(0, ...variants.map(({ runs }) => runs.length));
  const range =
    seeds > 1
      ? `Means over up to ${seeds} seeds; the bar goes from the worst seed to the best. Δ is the difference from the baseline; ≈ marks one that lies within the spread of the seeds, which therefore tells nothing.`
      : "One seed each: small differences may be chance. Δ is the difference from the baseline.";
  return `Percent on ${split}. ${range}`;
};

const columns: readonly (readonly [key: string, title: string])[] = [
  ["name", "variant"],
  ["miou", "mIoU"],
  ["range", "worst to best seed"],
  ["delta", "Δ"],
  ["pixel", "pixel acc."],
  ["mean", "mean acc."],
  ["parameters", "parameters"],
  ["macs", "MACs"],
  ["seconds", "training"],
  ["memory", "memory"],
];

const head = ([key, title]: readonly [string, string]): Html =>
  key === "range"
    ? html`<th scope="col">${title}</th>`
    : html`<th scope="col"${key === "miou" ? html` aria-sort="descending"` : nothing}${key === "name" ? nothing : html` class="n"`}><button type="button" data-sort="${key}">${title}</button></th>`;

/** From the worst to the best score of all, with air on both sides. */
interface Scale {
  readonly low: number;
  readonly high: number;
}

const measured = ({ row }: Shown): readonly number[] =>
  row?.evaluations.map(({ miou }) => miou).filter((miou) => miou !== null) ?? [];

const scaleOf = (variants: readonly Shown[]): Scale => {
  const all = variants.flatMap(measured);
  if (all.length === 0) return { low: 0, high: 1 };
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const air = Math.max(0.02, (high - low) * 0.08);
  return { low: Math.max(0, low - air), high: Math.min(1, high + air) };
};

const line = ({ variant, v }: Numbered, scale: Scale): Html => {
  const { name, row, runs } = variant;
  const scores = measured(variant);
  const range = scores.length === 0 ? null : ([Math.min(...scores), Math.max(...scores)] as const);
  const mean = row?.miou.mean ?? null;
  const number = (key: string, value: number | null, text: string): Html =>
    html`<td class="n" data-key="${key}" data-value="${value ?? -1}">${text}</td>`;
  return html`<tr data-v="${v}" data-miou="${mean ?? ""}" data-low="${range?.[0] ?? ""}" data-high="${range?.[1] ?? ""}" data-seeds="${scores.length}">
<th scope="row" data-key="name" data-value="${name}">${swatch(v)}${name}${row === null ? html` <small>${progress(variant)}</small>` : nothing}</th>
${number("miou", mean, percent(mean))}
<td>${mean === null || range === null ? nothing : bar(mean, ...range, scale, v)}</td>
${number("delta", 0, "")}
${number("pixel", row?.pixel_accuracy.mean ?? null, percent(row?.pixel_accuracy.mean ?? null))}
${number("mean", row?.mean_accuracy.mean ?? null, percent(row?.mean_accuracy.mean ?? null))}
${number("parameters", variant.parameters, count(variant.parameters))}
${number("macs", variant.macs, scaled(variant.macs))}
${number("seconds", seconds(variant), duration(seconds(variant)))}
${number("memory", peak(variant), peak(variant) === null ? "–" : bytes(peak(variant) ?? 0))}
</tr>`;

  function progress({ runs: all }: Shown): string {
    const [done, steps] = [
      sum(all.map(({ run }) => run.step)),
      sum(all.map(({ run }) => run.steps)),
    ];
    return done < steps
      ? `step ${count(done)} of ${count(steps)}`
      : `${runs.length} trained, not evaluated`;
  }
};

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

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
