/** How charts are drawn, and how a variant is told from the others in them: by colour, dash and shape. */

import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { type Html, html, trusted } from "./html.js";

/** Colours that people with any sight tell apart, in light and dark (`style.css`). */
const colours = 8;

interface Manner {
  /** Lengths of strokes and gaps; none is a whole line. */
  readonly dash: readonly number[];
  /** As Vega calls it, and the same around (0, 0). */
  readonly shape: string;
  readonly outline: string;
}

/** Each round of colours has its own. */
const manners: readonly [Manner, ...Manner[]] = [
  { dash: [], shape: "circle", outline: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z" },
  { dash: [6, 3], shape: "square", outline: "M-3.5-3.5h7v7h-7z" },
  { dash: [2, 2], shape: "triangle-up", outline: "M0-4.5L4.7 3.6h-9.4z" },
  { dash: [8, 3, 2, 3], shape: "diamond", outline: "M0-5L4.4 0 0 5-4.4 0z" },
  { dash: [12, 5], shape: "cross", outline: "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z" },
];

/** Forty variants have one of their own; what comes behind begins again. */
const mannerOf = (variant: number): Manner =>
  manners[Math.floor(variant / colours) % manners.length] ?? manners[0];

/** The class of what is drawn in the variant's colour. */
export const colourClass = (variant: number): string => `c${variant % colours}`;

/** A mark's outline around (0, 0), nine units high. */
export const outlineOf = (variant: number): string => mannerOf(variant).outline;

/** Beside a variant's name: a piece of its line, with its shape. */
export const swatch = (variant: number): Html => {
  const { dash, outline } = mannerOf(variant);
  return html`<svg class="swatch ${colourClass(variant)}" viewBox="-13 -6 26 12" aria-hidden="true"><path class="line" d="M-13 0H13" stroke-dasharray="${dash.join(" ") || "none"}"/><path d="${outline}"/></svg>`;
};

/** Beside a chart: whose mark is which, and what it comes to. */
export const legend = (
  entries: readonly { readonly v: number; readonly name: string; readonly value: string }[],
): Html =>
  html`<ul class="legend">${entries.map(({ v, name, value }) => html`<li data-v="${v}">${swatch(v)}<span>${name}</span>${value === "" ? null : html` <b>${value}</b>`}</li>`)}</ul>`;

/** The round number that parts a length about five times. */
const roundStep = (length: number): number => {
  const power = 10 ** Math.floor(Math.log10(length / 5));
  return [1, 2, 5, 10].map((n) => n * power).find((one) => length / one <= 5.5) ?? length;
};

/** Ticks of an axis from 0 to `end`, which has one itself: about five, at round numbers. */
export const ticksTo = (end: number): readonly number[] => {
  const step = roundStep(end);
  const inner = Array.from({ length: Math.ceil(end / step) }, (_, i) => i * step);
  return [...inner.filter((tick) => end - tick > 0.5 * step), end];
};

/** Ticks at round numbers, of which the first and the last enclose all values. */
export const ticksAround = (values: readonly number[]): readonly number[] => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const step = roundStep(high - low || Math.abs(high) || 1);
  const first = Math.floor(low / step);
  const steps = Math.max(1, Math.ceil(high / step) - first);
  return Array.from({ length: steps + 1 }, (_, i) => (first + i) * step);
};

/** Scales of Vega-Lite that draw each of `count` variants, by its number, in its manner. */
export const scales = (count: number) => {
  const domain = Array.from({ length: count }, (_, v) => v);
  const over = <A>(of: (variant: number) => A) =>
    ({
      field: "v",
      type: "nominal",
      legend: null,
      scale: { domain, range: domain.map(of) },
    }) as const;
  return {
    color: over((v) => `var(--v${v % colours})`),
    strokeDash: over((v) => [...mannerOf(v).dash]),
    shape: over((v) => mannerOf(v).shape),
  };
};

/** Of the plot without its axes, in pixels; a page scales it to its column. */
export const size = { width: 360, height: 210 } as const;

/** How every chart looks. Colours are the page's, so that one drawing serves light and dark. */
const config: NonNullable<TopLevelSpec["config"]> = {
  background: "transparent",
  font: "inherit",
  view: { stroke: null },
  axis: {
    domain: false,
    gridColor: "var(--line)",
    labelColor: "var(--quiet)",
    labelFontSize: 12,
    tickColor: "var(--line)",
    tickCount: 5,
    titleColor: "var(--quiet)",
    titleFontSize: 12,
    titleFontWeight: "normal",
    titlePadding: 8,
  },
  axisX: { domain: true, domainColor: "var(--quiet)", grid: false, tickSize: 4 },
  axisY: {
    ticks: false,
    labelPadding: 6,
    titleAngle: 0,
    titleAlign: "left",
    titleX: 0,
    titleY: -12,
  },
};

/** Between the number of a variant and what a mark says of it, in the chart's descriptions. */
const mark = "⁝";

/** What a mark says to whoever cannot see it, and whose it is. */
export const said = (variant: number, text: string): string => `${variant}${mark}${text}`;

/** SVG that needs neither script nor style of its own. No browser measures text here: labels get a little more room than they need. */
export const draw = async (spec: TopLevelSpec): Promise<Html> => {
  const { spec: compiled } = compile({ ...spec, config });
  const view = new View(parse(compiled), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return trusted(
    svg
      .replaceAll(new RegExp(`aria-label="(\\d+)${mark}`, "g"), 'data-v="$1" aria-label="')
      .replace(/ width="[\d.]+" height="[\d.]+"/, ""),
  );
};
