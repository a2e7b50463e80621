/** Pictures with their labels enter; one page leaves that shows them without any other file or server. */

import { script, style } from "./browse-page.js";

/** A picture and its class indices, each as a `data:` address; labels as a grey PNG whose value is the class. */
export interface Shown {
  readonly image: string;
  readonly labels: string;
  readonly height: number;
  readonly width: number;
  readonly caption: string;
}

export interface Card {
  readonly title: string;
  /** The whole picture, then the crops that training sees of it. */
  readonly pictures: readonly Shown[];
}

export interface Page {
  readonly title: string;
  readonly subtitle: string;
  readonly classes: readonly string[];
  /** RGB of 256 indices, [256, 3]. */
  readonly palette: Uint8Array;
  readonly cards: readonly Card[];
}

export const browsePage = ({ title, subtitle, classes, palette, cards }: Page): string => {
  const colours = Array.from({ length: 256 }, (_, i) => [...palette.subarray(3 * i, 3 * i + 3)]);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${style}</style>
<header>
<h1>${escaped(title)}</h1>
<p>${escaped(subtitle)}</p>
<form>
<fieldset><legend>Show</legend>
${["picture", "overlay", "labels"].map(viewButton).join("\n")}
</fieldset>
<label>Strength <input type="range" name="strength" min="0" max="100" value="55"></label>
<output name="under">Point at a picture to read its class.</output>
</form>
<ul class="legend">${classes.map((name, i) => legend(name, colours[i]!)).join("")}<li><i class="ignored"></i>ignored</li></ul>
</header>
<main>
${cards.map(cardHtml).join("\n")}
</main>
<footer>Keys: <kbd>1</kbd> picture, <kbd>2</kbd> overlay, <kbd>3</kbd> labels, <kbd>↓</kbd> <kbd>↑</kbd> next and last sample.</footer>
<script>
const classes = ${inScript(classes)};
const colours = ${inScript(colours)};
${script}
</script>
</html>
`;
};

const viewButton = (view: string, i: number): string =>
  `<label><input type="radio" name="view" value="${view}"${i === 1 ? " checked" : ""}> ${view} <kbd>${i + 1}</kbd></label>`;

const legend = (name: string, [red, green, blue]: readonly number[]): string =>
  `<li><i style="background:rgb(${red} ${green} ${blue})"></i>${escaped(name)}</li>`;

const cardHtml = ({ title, pictures }: Card): string =>
  `<section tabindex="0"><h2>${escaped(title)}</h2><div class="row">${pictures.map(figureHtml).join("")}</div></section>`;

const figureHtml = ({ image, labels, height, width, caption }: Shown): string =>
  `<figure><div class="stack" style="aspect-ratio:${width}/${height}"><img alt="${escaped(caption)}" src="${image}" width="${width}" height="${height}"><canvas data-labels="${labels}" width="${width}" height="${height}"></canvas></div><figcaption>${escaped(caption)}</figcaption></figure>`;

const escaped = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");

/** JSON that cannot end the script that it stands in. */
const inScript = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");
