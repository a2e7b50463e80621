/** The sections on meaning: what differs between the variants, and how to reproduce them. */

import { inLine } from "../difference.js";
import { type Html, html, nothing } from "./html.js";
import type { Report, Shown } from "./report.js";

export const differencesSection = ({ variants }: Report): Html => {
  const [baseline, ...others] = variants;
  if (baseline === undefined || others.length === 0) return nothing;
  return html`<section id="differences" aria-labelledby="differences-title">
<h2 id="differences-title">What differs</h2>
<p class="lead">Every value in which a variant means something else than ${baseline.name}, written or by default.</p>
<div class="scroll" role="region" aria-label="Table of differences" tabindex="0"><table class="flat">
<thead><tr><th scope="col">variant</th><th scope="col">value</th><th scope="col">${baseline.name}</th><th scope="col">here</th></tr></thead>
${others.map((variant, i) => group(variant, i + 1))}
</table></div>
</section>`;
};

/** A path breaks between its steps, where a column is narrow. */
const stepwise = (path: string): Html =>
  html`${path.split(/(?<=\.)/).map((step) => html`${step}<wbr>`)}`;

const group = ({ name, differences }: Shown, v: number): Html =>
  differences.length === 0
    ? html`<tbody data-v="${v}"><tr><th scope="row">${name}</th><td colspan="3">means the same</td></tr></tbody>`
    : html`<tbody data-v="${v}">${differences.map(
        ({ path, left, right }, i) =>
          html`<tr>${i === 0 ? html`<th scope="rowgroup" rowspan="${differences.length}">${name}</th>` : nothing}<td><code>${stepwise(path)}</code></td><td><code>${inLine(left)}</code></td><td><code>${inLine(right)}</code></td></tr>`,
      )}</tbody>`;

export const reproductionSection = ({ variants, commands }: Report): Html =>
  html`<section id="again" aria-labelledby="again-title">
<h2 id="again-title">Reproduce</h2>
<p class="lead">On one machine, equal fingerprints train to equal bits. They stand for the program, the pairs and the first weights; the data are no part of this page.</p>
<pre tabindex="0" aria-label="Commands"><code>${commands.join("\n")}</code></pre>
<details><summary>Runs, versions, fingerprints</summary>
<div class="scroll" role="region" aria-label="Runs" tabindex="0"><table class="flat">
<thead><tr>${["variant", "run", "seed", "steps", "device", "fingerprint", "pspc", "TensorFlow", "Node", "begun"].map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${variants.map(({ name, runs }, v) =>
    runs.map(
      ({ folder, run }) =>
        html`<tr data-v="${v}"><th scope="row">${name}</th>${[
          folder,
          run.experiment.train.seed,
          `${run.step} of ${run.steps}`,
          run.device,
          run.training?.fingerprint ?? run.fingerprint.program,
          run.versions.pspc,
          run.versions.tensorflow,
          run.versions.node,
          run.created.slice(0, 16).replace("T", " "),
        ].map((cell) => html`<td>${cell}</td>`)}</tr>`,
    ),
  )}</tbody>
</table></div></details>
</section>`;
