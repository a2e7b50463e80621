/** What stands beside a spec in the playground, panel by panel, as HTML: all of it pure functions of the spec. */

import { augmenter } from "../data/augment.js";
import { printGraph } from "../graph/graph.js";
import { type Difference, differences } from "../normalize/difference.js";
import type { Experiment } from "../normalize/experiment.js";
import type { Resolved } from "../normalize/normalize.js";
import type { Decision } from "../plan/augment.js";
import { rate, rateGroups } from "../plan/schedule.js";
import { isFrugal, trainingStep } from "../plan/step.js";
import { inLine } from "../report/difference.js";
import { bytes, count, rateText, scaled } from "../report/format.js";
import { type LayerRow, layers } from "../report/layers.js";
import { type Html, html, nothing, trusted } from "../report/page/html.js";
import { blocks, fold } from "../report/plan-text.js";
import { summary } from "../report/summary.js";
import { asWritten } from "../rewrite/passes.js";
import { lower, moments, plainCpu, sizesOn, stages } from "../tensorflow/target.js";
import { drawing } from "./drawing.js";
import { scenePixels } from "./scene.js";
import { chart } from "./svg.js";

/** In the order of their tabs. */
export const panelNames = {
  network: "Network",
  layers: "Layers",
  memory: "Memory",
  rate: "Rate",
  crops: "Crops",
  variants: "Variants",
  graph: "Graph",
} as const;

export type PanelName = keyof typeof panelNames;

/** A version of the spec, and what the others are. */
export interface Shown {
  readonly resolved: Resolved;
  /** The layer whose receptive field is shown. */
  readonly chosen: string | undefined;
  readonly versions: readonly Named[];
}

/** A variant, or the spec itself, which has no name; nothing of one with mistakes. */
export interface Named {
  readonly name: string | null;
  readonly resolved: Resolved | undefined;
}

export interface Panel {
  readonly html: string;
  /** Pictures for the panel's canvases, in their order: RGBA [height, width, 4]. */
  readonly pictures: readonly Pixels[];
}

export interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

const page = ({ html: text }: Html, pictures: readonly Pixels[] = []): Panel => ({
  html: text,
  pictures,
});

export const panelOf = (name: PanelName, shown: Shown): Panel => panels[name](shown);

const rowsOf = (experiment: Experiment): readonly LayerRow[] =>
  layers(trainingStep(experiment, asWritten));

const network = ({ resolved: { experiment }, chosen }: Shown): Panel => {
  const rows = rowsOf(experiment);
  const drawn = drawing({ experiment, layers: rows, chosen, isStacked: true });
  const selected = chosen ?? drawn.parts.findLast((name) => name.startsWith("backbone"));
  const option = ({ name }: LayerRow): Html =>
    html`<option${name === selected ? trusted(" selected") : nothing}>${name}</option>`;
  return page(html`<p class="lead">${summary(experiment)}</p>
<div class="tools"><label>Receptive field of <select id="layer">${rows.map(option)}</select></label> <button type="button" id="save">Save as SVG</button></div>
<div class="wide" tabindex="0" role="region" aria-label="the network, drawn">${trusted(drawn.svg)}</div>`);
};

const total = (rows: readonly LayerRow[], of: (row: LayerRow) => number): number =>
  rows.reduce((sum, row) => sum + of(row), 0);

const layersPanel = ({ resolved: { experiment } }: Shown): Panel => {
  const rows = rowsOf(experiment);
  const inUse = rows.filter(({ part }) => part !== "auxiliary");
  const columns = ["layer", "output", "stride", "dilation", "sees", "parameters", "MACs"];
  const cells = (row: LayerRow): Html =>
    html`<tr><th scope="row">${row.name}</th><td>${row.output.join("×")}</td><td>${row.stride}</td><td>${row.dilation}</td><td>${row.receptive_field}</td><td>${row.parameters === 0 ? "" : count(row.parameters)}</td><td>${row.macs === 0 ? "" : scaled(row.macs)}</td></tr>`;
  return page(html`<p class="lead">${count(total(inUse, (row) => row.parameters))} parameters and ${scaled(total(inUse, (row) => row.macs))}MAC in use, for one image of the crop; ${count(total(rows, (row) => row.parameters))} and ${scaled(total(rows, (row) => row.macs))}MAC in training.</p>
${tableOf(columns, fold(blocks(rows)).map(cells))}`);
};

const tableOf = (columns: readonly string[], rows: readonly Html[]): Html =>
  html`<div class="wide" tabindex="0" role="region" aria-label="table"><table><thead><tr>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;

const MOST_POINTS = 400;

/** Evenly, with the first and the last, and the highest of each stretch between. */
const thinned = <A>(all: readonly A[], value: (a: A) => number): readonly A[] => {
  const size = Math.max(1, Math.ceil(all.length / MOST_POINTS));
  const stretches = Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
    all.slice(i * size, (i + 1) * size),
  );
  return stretches.flatMap(([first, ...rest]) =>
    first === undefined ? [] : [rest.reduce((a, b) => (value(b) > value(a) ? b : a), first)],
  );
};

const memoryPanel = ({ resolved: { experiment } }: Shown): Panel => {
  const program = lower(experiment);
  const footprint = sizesOn()(program.training, isFrugal(experiment));
  const alive = moments(program).map((now, i) => ({ i, now }));
  const sum = ({ now }: (typeof alive)[number]) => now.activations + now.passing;
  const some = thinned(alive, sum);
  const held = ({ now }: (typeof alive)[number]) => now.state + now.held;
  const peak = alive.reduce((a, b) => (sum(b) > sum(a) ? b : a), alive[0] ?? { i: 0, now: zero });
  const parts = [
    { name: "state and inputs", ink: "#7d8894", of: held },
    { name: "activations", ink: "#4d8fc4", of: (at: Moment) => held(at) + at.now.activations },
    { name: "gradients, workspace", ink: "#d0922f", of: (at: Moment) => held(at) + sum(at) },
  ];
  const label = `Memory over one training step of ${alive.length} kernels: at most ${bytes(held(peak) + sum(peak))}, at kernel ${peak.i}`;
  return page(html`<p class="lead">A process that trains needs about ${bytes(footprint.total)}: ${bytes(footprint.state)} of state, ${bytes(footprint.activations)} of activations, ${bytes(footprint.workspace)} of workspace, and what the allocator and the process take. Most is alive at kernel ${count(peak.i)} of ${count(alive.length)}.</p>
<figure>${chart({
    label,
    x: "kernels of one step, in their order",
    y: "alive",
    tickX: (n) => count(Math.round(n)),
    tickY: bytes,
    curves: parts.map(({ name, ink, of }) => ({
      name,
      ink,
      isArea: true,
      points: some.map((at) => [at.i, of(at)] as const),
    })),
  })}</figure>`);
};

const zero = { state: 0, held: 0, activations: 0, passing: 0 };
type Moment = { readonly i: number; readonly now: typeof zero };

const inks = ["#4d8fc4", "#d0922f", "#3f9e74", "#c65a45", "#8d5aa5"];

const ratePanel = ({ resolved: { experiment } }: Shown): Panel => {
  const { train } = experiment;
  const { schedule, iterations } = train;
  const steps = Array.from({ length: 101 }, (_, i) => Math.round((i * (iterations - 1)) / 100));
  const groups = rateGroups(train);
  const at = (step: number, multiplier: number) => multiplier * rate(schedule, iterations, step);
  const columns = ["step", ...groups.map(({ name, multiplier }) => `${name} ×${multiplier}`)];
  const told = [0, 25, 50, 75, 100].map((i) => steps[i] ?? 0);
  const rows = told.map(
    (step) =>
      html`<tr><th scope="row">${count(step)}</th>${groups.map(({ multiplier }) => html`<td>${rateText(at(step, multiplier))}</td>`)}</tr>`,
  );
  const label = `Learning rate over ${count(iterations)} iterations, of ${groups.map(({ name }) => name).join(", ")}`;
  return page(html`<p class="lead">${count(iterations)} iterations of ${train.batch} images: ${rateText(at(0, 1))} at the first, ${rateText(at(iterations - 1, 1))} at the last, times each group's multiplier.</p>
<figure>${chart({
    label,
    x: "iteration",
    y: "learning rate",
    tickX: (n) => count(Math.round(n)),
    tickY: rateText,
    curves: groups.map(({ name, multiplier }, i) => ({
      name: `${name} ×${multiplier}`,
      ink: inks[i % inks.length] ?? "#4d8fc4",
      points: steps.map((step) => [step, at(step, multiplier)] as const),
    })),
  })}</figure>
${tableOf(columns, rows)}`);
};

const CROPS = 8;
/** The example is as large as the pictures that such crops are cut from. */
const sizeFor = ([height, width]: Experiment["train"]["crop"]) => {
  const side = Math.max(1.15 * height, (1.15 * width * 3) / 4);
  return [Math.round(side), Math.round((side * 4) / 3)] as const;
};

const crops = ({ resolved: { experiment } }: Shown): Panel => {
  const { data, train } = experiment;
  const [height, width] = train.crop;
  const size = sizeFor(train.crop);
  const source = scenePixels(...size);
  const augment = augmenter(data, train);
  const made = Array.from({ length: CROPS }, (_, epoch) => {
    const image = new Uint8Array(3 * height * width);
    const decision = augment(source, epoch, 0, image, new Uint8Array(height * width));
    return { decision, picture: { height, width, rgba: opaque(image) } };
  });
  const figures = made.map(
    ({ decision }, epoch) =>
      html`<figure><canvas width="${width}" height="${height}" role="img" aria-label="crop of epoch ${epoch}: ${drawnWords(decision)}"></canvas><figcaption>epoch ${epoch}: ${drawnWords(decision)}</figcaption></figure>`,
  );
  return page(
    html`<p class="lead">The example picture at ${size[0]}×${size[1]} pixels, as training would read it in its first ${CROPS} epochs with seed ${train.seed}: the very arithmetic of training, crops of ${height}×${width}.</p>
<div class="crops">${figures}</div>`,
    made.map(({ picture }) => picture),
  );
};

const opaque = (image: Uint8Array): Uint8ClampedArray<ArrayBuffer> => {
  const rgba = new Uint8ClampedArray((image.length / 3) * 4).fill(255);
  for (let i = 0, o = 0; i < image.length; i += 3, o += 4) rgba.set(image.subarray(i, i + 3), o);
  return rgba;
};

const drawnWords = ({ drawn, blur, colour }: Decision): string => {
  const [x, y] = drawn.scale.map((factor) => factor.toFixed(2));
  const words = [
    x === y ? `scale ${x}` : `scale ${x} by ${y}`,
    ...(drawn.degrees === 0 ? [] : [`turned ${drawn.degrees.toFixed(1)}°`]),
    ...(drawn.mirrored ? ["mirrored"] : []),
    ...(blur ? ["blurred"] : []),
    ...(colour === null ? [] : ["recoloured"]),
  ];
  return words.join(", ");
};

const MOST_VARIANTS = 24;

const variants = ({ versions }: Shown): Panel => {
  const shown = versions.slice(0, MOST_VARIANTS);
  const [base] = shown;
  const rows = shown.map(({ name, resolved }) => {
    const title = name ?? "the spec itself";
    if (resolved === undefined)
      return html`<tr><th scope="row">${title}</th><td colspan="4">has mistakes</td></tr>`;
    const own = rowsOf(resolved.experiment).filter(({ part }) => part !== "auxiliary");
    const needed = sizesOn()(lower(resolved.experiment).training, isFrugal(resolved.experiment));
    const found = base?.resolved === undefined ? [] : differences(base.resolved, resolved);
    return html`<tr><th scope="row">${title}</th><td>${scaled(total(own, (row) => row.parameters))}</td><td>${scaled(total(own, (row) => row.macs))}</td><td>${bytes(needed.total)}</td><td class="words">${differenceList(found)}</td></tr>`;
  });
  const more = versions.length - shown.length;
  const columns = ["variant", "parameters", "MACs", "memory to train", "what differs in meaning"];
  return page(html`<p class="lead">${variantCount(versions.length - 1)}${more > 0 ? `; the first ${shown.length - 1} are shown` : ""}</p>
${tableOf(columns, rows)}`);
};

const variantCount = (n: number): string =>
  n === 0
    ? "The spec has no variants."
    : `${n} variant${n === 1 ? "" : "s"} beside the spec itself`;

const differenceList = (found: readonly Difference[]): Html =>
  found.length === 0
    ? html`nothing`
    : html`<ul>${found.map(({ path, left, right }) => html`<li><code>${path}</code>: ${inLine(left)} → ${inLine(right)}</li>`)}</ul>`;

const MOST_LINES = 3000;

const graph = ({ resolved: { experiment } }: Shown): Panel => {
  const all = stages(experiment, plainCpu);
  const printed = all.map((stage) => ({ ...stage, text: printGraph(stage.graph) }));
  const drawn = printed.map(({ name, law, graph: { values }, products, alive, text }, i) => {
    const isSame = text === printed[i - 1]?.text;
    const heading = html`<strong>${name}</strong> · ${isSame ? "changes nothing here" : `${count(values.length)} values, products ${scaled(products)}, peak ${bytes(alive)}`}`;
    if (isSame) return html`<p class="stage">${heading}</p>`;
    const lines = text.trimEnd().split("\n");
    const rest = lines.length - MOST_LINES;
    const told = rest > 0 ? `\n… and ${count(rest)} more lines: pspc compile --print` : "";
    return html`<details class="stage"><summary>${heading}</summary>${law === null ? nothing : html`<p>${law}</p>`}<pre tabindex="0">${lines.slice(0, MOST_LINES).join("\n")}${told}</pre></details>`;
  });
  return page(html`<p class="lead">The training step as it is written, and after each rewrite: forward pass, backward pass, update and statistics are one graph.</p>
${drawn}`);
};

const panels: Readonly<Record<PanelName, (shown: Shown) => Panel>> = {
  network,
  layers: layersPanel,
  memory: memoryPanel,
  rate: ratePanel,
  crops,
  variants,
  graph,
};
