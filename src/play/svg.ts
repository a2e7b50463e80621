/** What drawings and charts are made of: solids, arrows, lines of words, curves, as SVG without a style sheet. */

import { type Html, html, nothing } from "../report/page/html.js";
import { HEIGHT, scenePaths, WIDTH } from "./scene.js";

const LINE = 14;

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The example picture, in its own colours or those of its classes. */
export const picture = ({ x, y, width, height }: Box, as: "picture" | "classes"): Html => {
  const fit = `translate(${round(x)} ${round(y)}) scale(${round(width / WIDTH)} ${round(height / HEIGHT)})`;
  return html`<g transform="${fit}">${scenePaths(as).map(({ d, fill }) => html`<path d="${d}" fill="${fill}"/>`)}</g>`;
};

export const round = (n: number): number => Math.round(n * 100) / 100;

/** The first line is a heading. */
export const lines = (x: number, y: number, texts: readonly string[]): Html =>
  html`${texts.map(
    (text, i) =>
      html`<text x="${round(x)}" y="${round(y + i * LINE)}"${i === 0 ? html` font-weight="600"` : nothing}>${text}</text>`,
  )}`;

export const arrow = (from: number, y: number, to: number): Html =>
  html`<path d="M${round(from)} ${round(y)}H${round(to - 6)}" stroke="currentColor" fill="none" opacity="0.6"/><path d="M${round(to)} ${round(y)}l-7 -4v8z" opacity="0.6"/>`;

export interface Slab {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly ink: string;
}

/** A map as a solid: rows and columns to scale, its thickness the root of its channels. */
export const solid = (
  { height, width, channels, ink }: Slab,
  x: number,
  middle: number,
  scale: number,
): Html => {
  const [h, thick] = [Math.max(3, height * scale), Math.min(40, 3 + 0.6 * Math.sqrt(channels))];
  const [dx, dy] = [Math.max(2, 0.32 * width * scale), Math.max(1.5, 0.2 * width * scale)];
  const y = middle - h / 2 + dy / 2;
  const d = [x, y, thick, h, dx, dy].map(round);
  const [X = 0, Y = 0, T = 0, H = 0, DX = 0, DY = 0] = d;
  return html`<path d="M${X} ${Y}h${T}v${H}h${-T}z" fill="${ink}"/><path d="M${X} ${Y}l${DX} ${-DY}h${T}l${-DX} ${DY}z" fill="${ink}" fill-opacity="0.55"/><path d="M${X + T} ${Y}l${DX} ${-DY}v${H}l${-DX} ${DY}z" fill="${ink}" fill-opacity="0.78"/>`;
};

/** One curve of a chart: a value at each of evenly or unevenly spaced places. */
export interface Curve {
  readonly name: string;
  readonly ink: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Filled down to the curve before it. */
  readonly isArea?: boolean;
}

interface Chart {
  /** What a reader is told in place of the picture. */
  readonly label: string;
  readonly x: string;
  readonly y: string;
  readonly curves: readonly Curve[];
  readonly tickY: (value: number) => string;
  readonly tickX: (value: number) => string;
}

const [WIDE, HIGH, MARGIN] = [760, 300, { left: 70, right: 16, top: 12, bottom: 44 }];

/** Curves from 0 upwards over a common axis, each named in the legend below. */
export const chart = ({ label, x, y, curves, tickX, tickY }: Chart): Html => {
  const all = curves.flatMap(({ points }) => points);
  const most = Math.max(1e-12, ...all.map(([, value]) => value));
  const end = Math.max(1, ...all.map(([at]) => at));
  const [inner, tall] = [WIDE - MARGIN.left - MARGIN.right, HIGH - MARGIN.top - MARGIN.bottom];
  const px = (at: number) => round(MARGIN.left + (at / end) * inner);
  const py = (value: number) => round(MARGIN.top + tall - (value / most) * tall);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const line = ({ points }: Curve) =>
    points.map(([at, value], i) => `${i === 0 ? "M" : "L"}${px(at)} ${py(value)}`).join("");
  const drawn = (curve: Curve): Html =>
    curve.isArea
      ? html`<path d="${line(curve)}L${px(end)} ${py(0)}L${px(0)} ${py(0)}z" fill="${curve.ink}"/>`
      : html`<path d="${line(curve)}" fill="none" stroke="${curve.ink}" stroke-width="2"/>`;
  // Of areas the tallest stands behind.
  const ordered = curves.some(({ isArea }) => isArea) ? curves.toReversed() : curves;
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDE} ${HIGH + 22}" role="img" aria-label="${label}" font-size="11" fill="currentColor">
${ticks.map((share) => html`<path d="M${MARGIN.left} ${py(share * most)}h${inner}" stroke="currentColor" opacity="0.15"/><text x="${MARGIN.left - 6}" y="${py(share * most) + 4}" text-anchor="end">${tickY(share * most)}</text><text x="${px(share * end)}" y="${HIGH - MARGIN.bottom + 16}" text-anchor="${share === 1 ? "end" : "middle"}">${tickX(share * end)}</text>`)}
${ordered.map(drawn)}
<text x="${MARGIN.left + inner / 2}" y="${HIGH - 10}" text-anchor="middle">${x}</text><text x="12" y="${MARGIN.top + tall / 2}" text-anchor="middle" transform="rotate(-90 12 ${MARGIN.top + tall / 2})">${y}</text>
${curves.map(({ name, ink }, i) => html`<rect x="${MARGIN.left + i * 150}" y="${HIGH + 4}" width="11" height="11" fill="${ink}"/><text x="${MARGIN.left + 16 + i * 150}" y="${HIGH + 14}">${name}</text>`)}
</svg>`;
};
