/** The section with pictures: the same samples as every variant predicts them, under a slider. */

import { basename } from "node:path";
import sharp from "sharp";
import { readImage } from "../../data/image.js";
import { labelTable } from "../../data/labels.js";
import { hexOf, overlay, type Palette, palette } from "../../data/palette.js";
import { readIndices, readSample } from "../../data/sample.js";
import { encodeIndices, encodePng } from "../../data/write-image.js";
import { Failed } from "../../diagnostic/failure.js";
import type { Size } from "../../language/geometry.js";
import { type ClassIndices, ignoredIn } from "../../language/labels.js";
import type { Data } from "../../normalize/experiment.js";
import type { Predicted } from "../../run/samples.js";
import { percent } from "../format.js";
import { type Html, html, nothing } from "./html.js";
import type { Pictured, Prediction, Report } from "./report.js";

/** Longest side in a page, in pixels. */
const longest = 448;

interface Classes extends Size {
  readonly labels: ClassIndices;
}

/**
 * `samples` of each variant, of which some may lack some pictures.
 * What cannot be read (any more) is left out: a report shows what there is.
 */
export const picturesOf = async (
  samples: readonly (readonly Predicted[])[],
  labelling: Data,
): Promise<readonly Pictured[]> => {
  const colours = palette(labelling.palette, labelling.classes.length);
  const pairs = new Map(samples.flat().map((one) => [one.image, one]));
  const rows = [...pairs.values()].map(async (pair): Promise<Pictured | null> => {
    const image = await ifReadable(readImage(pair.image, labelling.images));
    if (image === null) return null;
    const truth = await ifReadable(readSample(pair, labelTable(labelling)));
    const size = shrunk(image);
    const predictions = samples.map(async (own) => {
      const sample = own.find((one) => one.image === pair.image);
      return sample === undefined ? null : ifReadable(prediction(sample, truth, size, colours));
    });
    return {
      name: basename(pair.image),
      ...size,
      picture: await photograph(image.pixels, image, size),
      truth: truth === null ? null : await drawn(truth, size, colours),
      predictions: await Promise.all(predictions),
    };
  });
  return (await Promise.all(rows)).filter((row) => row !== null);
};

const ifReadable = <A>(reading: Promise<A>): Promise<A | null> =>
  reading.catch((error) => {
    if (error instanceof Failed || isOfTheSystem(error)) return null;
    throw error;
  });

/** An error of Node's about a file: it is missing, a folder, or not this user's. */
const isOfTheSystem = (error: unknown): boolean => error instanceof Error && "errno" in error;

const shrunk = ({ height, width }: Size): Size => {
  const scale = Math.min(1, longest / Math.max(height, width));
  return { height: Math.round(height * scale), width: Math.round(width * scale) };
};

const prediction = async (
  { classes }: Predicted,
  truth: Classes | null,
  size: Size,
  colours: Palette,
): Promise<Prediction> => {
  const { values, height, width } = await readIndices(classes);
  const labels = values instanceof Uint8Array ? values : Uint16Array.from(values);
  const accuracy = truth?.labels.length === labels.length ? agreement(labels, truth.labels) : null;
  return { url: await drawn({ labels, height, width }, size, colours), accuracy };
};

/** Share of equal pixels among those that are not ignored. */
const agreement = (labels: ClassIndices, truth: ClassIndices): number | null => {
  const ignored = ignoredIn(truth);
  let [right, total] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] === ignored) continue;
    total++;
    if (truth[i] === labels[i]) right++;
  }
  return total === 0 ? null : right / total;
};

const photograph = async (pixels: Uint8Array, from: Size, to: Size): Promise<string> => {
  const raw = { width: from.width, height: from.height, channels: 3 as const };
  const jpeg = sharp(pixels, { raw }).resize(to.width, to.height).jpeg({ quality: 80 });
  return dataUrl("image/jpeg", await jpeg.toBuffer());
};

/** Classes are scaled without mixing: between two of them there is no third. */
const drawn = async (
  { labels, height, width }: Classes,
  to: Size,
  colours: Palette,
): Promise<string> => {
  const pixels = to.height * to.width;
  const scaled = labels instanceof Uint8Array ? new Uint8Array(pixels) : new Uint16Array(pixels);
  for (let y = 0; y < to.height; y++) {
    const row = Math.floor(((y + 0.5) * height) / to.height) * width;
    for (let x = 0; x < to.width; x++)
      scaled[y * to.width + x] =
        labels[row + Math.floor(((x + 0.5) * width) / to.width)] ?? ignoredIn(labels);
  }
  if (scaled instanceof Uint8Array)
    return dataUrl("image/png", encodeIndices(scaled, to.height, to.width, colours));
  const black = { pixels: new Uint8Array(3 * pixels), ...to };
  const { png } = await encodePng(overlay(black, scaled, colours, 1), to.width);
  return dataUrl("image/png", png);
};

const dataUrl = (type: string, bytes: Buffer): string =>
  `data:${type};base64,${bytes.toString("base64")}`;

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
<ul class="key" aria-label="Colours of the classes">${classes.map((name, c) => html`<li><svg viewBox="0 0 8 8" aria-hidden="true"><rect width="8" height="8" fill="${hexOf(report.palette, c)}"/></svg>${name}</li>`)}</ul>
<div class="pictures">${pictures.map((picture, i) => viewer(picture, i, report))}</div>
</section>`;
};

const viewer = (picture: Pictured, index: number, { variants }: Report): Html => {
  const { name, width, height, predictions, truth } = picture;
  const size = html`width="${width}" height="${height}"`;
  const thumbs = predictions.flatMap((prediction, v) =>
    prediction === null ? [] : [{ ...prediction, v, name: variants[v]?.name ?? "" }],
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
${thumbs.map((one) => html`<figure data-v="${one.v}"><img data-source="${one.v}" src="${one.url}" alt="The classes that ${one.name} sees in ${name}" ${size} decoding="async"><figcaption>${one.name}${one.accuracy === null ? nothing : html` <b>${percent(one.accuracy)}\u00A0%</b>`}</figcaption></figure>`)}
</div></details>
</article>`;
};
