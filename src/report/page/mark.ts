/** How a variant is told from the others, without pointing: its number enters; a colour, a dash and a shape leave. */

import { type Html, html } from "./html.js";

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
