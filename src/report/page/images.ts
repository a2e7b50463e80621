/** The same pictures as every variant sees them: a report enters; viewers with a slider, and all predictions, leave. */

import { percent } from "../number.js";
import { type Html, html, nothing } from "./html.js";
import type { Pictured, Report } from "./report.js";

export const imagesSection = (report: Report): Html => {
  const { pictures, variants, split, classes } = report;
  const seen = variants.flatMap(({ name }, v) =>
    pictures.some(({ predictions }) => predictions[v] != null) ? [{ name, v }] : [],
  );
  const [first, second] = seen;
  if (first === undefined) return nothing;
  const options = (chosen: number | "truth"): readonly Html[] => [
    html`<option value="truth"${chosen === "truth" ? html` selected` : nothing}>truth</option>`,
    ...seen.map(
      ({ name, v }) =>
        html`<option value="${v}"${chosen === v ? html` selected` : nothing}>${name}</option>`,
    ),
  ];
  return html`<section id="images" aria-labelledby="images-title">
<h2 id="images-title">Pictures</h2>
<p class="lead">${pictures.length} pictures of ${split}, as the first seed of each variant sees them. Drag the slider, or move it with the arrow keys.</p>
<p class="controls"><label>left <select id="left">${options(second === undefined ? "truth" : first.v)}</select></label>
<label>right <select id="right">${options(second?.v ?? first.v)}</select></label>
<label>colour <input type="range" id="opacity" min="0" max="100" value="70"></label>
<label><input type="checkbox" id="disagreement"> only where they disagree</label></p>
<ul class="key" aria-label="Colours of the classes">${classes.map((name, c) => html`<li><i class="k${c < 12 ? c : "x"}"></i>${name}</li>`)}</ul>
<div class="pictures">${pictures.map((picture, i) => viewer(picture, i, report))}</div>
</section>`;
};

const viewer = (picture: Pictured, index: number, { variants }: Report): Html => {
  const { name, width, height, predictions, truth } = picture;
  const size = html`width="${width}" height="${height}"`;
  const thumbs = predictions.flatMap((prediction, v) =>
    prediction === null ? [] : [{ ...prediction, v, name: variants[v]!.name }],
  );
  return html`<article class="picture" data-picture="${index}" aria-label="${name}">
<h3>${name}</h3>
<div class="stage">
<img class="base" src="${picture.picture}" alt="The picture ${name}" ${size}>
<img class="layer left" alt="" ${size}><img class="layer right" alt="" ${size}>
<canvas class="layer difference" ${size} aria-hidden="true"></canvas>
<span class="tag l" aria-hidden="true"></span><span class="tag r" aria-hidden="true"></span><span class="cut" aria-hidden="true"></span>
<input type="range" class="slider" min="0" max="100" value="50" aria-label="Boundary between left and right on ${name}">
</div>
<p class="verdict" role="status"></p>
<details${thumbs.length <= 8 ? html` open` : nothing}><summary>Side by side</summary>
<div class="thumbs">
<figure><img src="${picture.picture}" alt="The picture ${name}" ${size}><figcaption>picture</figcaption></figure>
${truth === null ? nothing : html`<figure><img data-source="truth" src="${truth}" alt="The true classes of ${name}" ${size}><figcaption>truth</figcaption></figure>`}
${thumbs.map((one) => html`<figure data-v="${one.v}"><img data-source="${one.v}" src="${one.url}" alt="The classes that ${one.name} sees in ${name}" ${size} decoding="async"><figcaption>${one.name}${one.accuracy === null ? nothing : html` <b>${percent(one.accuracy)}</b>`}</figcaption></figure>`)}
</div></details>
</article>`;
};
