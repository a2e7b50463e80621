/** The sections on classes: the IoU of each as a heat map, and which is taken for which. */

import type { Row } from "../../run/row.js";
import { count, percent } from "../format.js";
import { swatch } from "./chart.js";
import { type Html, html, nothing } from "./html.js";
import type { Report, Shown } from "./report.js";

/** Tables of so few classes stand side by side where the window is wide. */
const half = (classes: readonly string[]): Html =>
  classes.length <= 11 ? html` class="half"` : nothing;

export const classesSection = ({ classes, variants }: Report): Html => {
  if (variants.every(({ row }) => row === null)) return nothing;
  return html`<section id="classes"${half(classes)} aria-labelledby="classes-title">
<h2 id="classes-title">Classes</h2>
<p class="lead" id="heat-said">IoU of each class in percent, means over the seeds; the stronger the colour the better; a dash is a class that is left out; <span class="absent">hatched</span> is one that neither labels nor predictions hold.</p>
${variants.length < 2 ? nothing : html`<p class="controls"><label>show <select id="heat-of"><option value="iou">IoU</option><option value="difference">difference from the baseline</option></select></label></p>`}
<div class="scroll" role="region" aria-label="Table of classes" tabindex="0"><table class="heat">
<thead><tr><th scope="col">variant</th>${classes.map((name, c) => html`<th scope="col" class="tilt"><span>${name}${everywhere(variants, c) ? html` <small>absent</small>` : nothing}</span></th>`)}</tr></thead>
<tbody>${variants.map((variant, v) => heatRow(variant, v))}</tbody>
</table></div>
</section>`;
};

const heatRow = ({ name, row }: Shown, v: number): Html =>
  row === null
    ? nothing
    : html`<tr data-v="${v}"><th scope="row">${swatch(v)}${name}</th>${row.classes.map(({ iou }, c) => heatCell(iou, isAbsent(row, c)))}</tr>`;

const heatCell = (iou: number | null, absent: boolean): Html =>
  html`<td class="h${shade(iou ?? 0)}${absent ? " absent" : ""}" data-iou="${iou}"${absent ? html` title="absent: neither labels nor predictions hold it"` : nothing}>${percent(iou, 0)}</td>`;

/** Whether no seed's labels or predictions hold the class; evaluations of 0.1 say it by having no IoU. */
const isAbsent = ({ evaluations }: Row, c: number): boolean =>
  evaluations.every(({ classes }) => {
    const one = classes[c];
    return one === undefined || (one.absent ?? one.iou === null);
  });

const everywhere = (variants: readonly Shown[], c: number): boolean =>
  variants.every(({ row }) => row === null || isAbsent(row, c));

/** One of eleven shades. */
const shade = (share: number): number => Math.round(10 * Math.min(1, Math.max(0, share)));

export const confusionSection = ({ classes, variants }: Report): Html => {
  const shown = variants.flatMap(({ row, name }, v) => (row === null ? [] : [{ row, name, v }]));
  if (shown.length === 0) return nothing;
  return html`<section id="confusion"${half(classes)} aria-labelledby="confusion-title">
<h2 id="confusion-title">Confusions</h2>
<p class="lead">Of the pixels of a class (row), how many percent are taken for which (column). All seeds together; less than half a percent is left blank; the last column counts them.</p>
<p class="controls"><label>variant <select id="confusion-of">${shown.map(({ name, v }) => html`<option value="${v}">${name}</option>`)}</select></label></p>
${shown.map(
  (
    { row, name, v },
    i,
  ) => html`<div class="scroll matrix${i === 0 ? "" : " away"}" data-confusion="${v}" role="region" aria-label="Confusions of ${name}" tabindex="0"><table class="heat">
<caption>${name}</caption>
<thead><tr><th scope="col">is \\ taken for</th>${classes.map((one) => html`<th scope="col" class="tilt"><span>${one}</span></th>`)}<th scope="col" class="n">pixels</th></tr></thead>
<tbody>${summed(row.evaluations.map(({ confusion }) => confusion)).map((counts, c) => confusionRow(classes[c] ?? "", counts, c))}</tbody>
</table></div>`,
)}
</section>`;
};

type Matrix = readonly (readonly number[])[];

const summed = (matrices: readonly Matrix[]): Matrix =>
  matrices.reduce((a, b) => a.map((row, i) => row.map((n, j) => n + (b[i]?.[j] ?? 0))));

const confusionRow = (name: string, counts: readonly number[], truth: number): Html => {
  const total = counts.reduce((a, b) => a + b, 0);
  const cells = counts.map((n, c) => {
    const share = total === 0 ? 0 : n / total;
    const kind = c === truth ? "h" : "e";
    return html`<td class="${kind}${shade(share)}">${share < 0.005 ? "" : percent(share, 0)}</td>`;
  });
  return html`<tr><th scope="row">${name}${total === 0 ? html` <small>not in the labels</small>` : nothing}</th>${cells}<td class="n">${count(total)}</td></tr>`;
};
