/** One page that shows pictures with their labels, without any other file or server (`data browse`). */

import { ignoredOf } from "../language/labels.js";

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
  /** RGB of each index, [256 or more, 3]. */
  readonly palette: Uint8Array;
  readonly cards: readonly Card[];
}

export const browsePage = ({ title, subtitle, classes, palette, cards }: Page): string => {
  const colours = Array.from({ length: palette.length / 3 }, (_, i) => [
    ...palette.subarray(3 * i, 3 * i + 3),
  ]);
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
<ul class="legend">${classes.map((name, i) => legend(name, colours[i] ?? [])).join("")}<li><i class="ignored"></i>ignored</li></ul>
</header>
<main>
${cards.map(cardHtml).join("\n")}
</main>
<footer>Keys: <kbd>1</kbd> picture, <kbd>2</kbd> overlay, <kbd>3</kbd> labels, <kbd>↓</kbd> <kbd>↑</kbd> next and last sample.</footer>
<script>
const classes = ${inScript(classes)};
const ignored = ${ignoredOf(classes.length)};
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

export const style = `
:root { --ground: #fafafa; --card: #fff; --ink: #18181b; --faint: #71717a; --line: #d4d4d8; --mark: #2563eb; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #18181b; --card: #232327; --ink: #f4f4f5; --faint: #a1a1aa; --line: #3f3f46; --mark: #60a5fa; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
header { position: sticky; top: 0; z-index: 1; padding: .75rem 1rem; background: var(--ground); border-bottom: 1px solid var(--line); }
h1 { font-size: 1.1rem; margin: 0; }
header p { margin: .1rem 0 .5rem; color: var(--faint); }
form { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: center; }
fieldset { border: 0; margin: 0; padding: 0; display: flex; gap: .75rem; }
legend { float: left; margin-right: .5rem; color: var(--faint); }
label { display: inline-flex; gap: .3rem; align-items: center; }
kbd { font: .8em ui-monospace, monospace; border: 1px solid var(--line); border-radius: 3px; padding: 0 .3em; }
output { min-width: 16rem; font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem .9rem; max-height: 4.6rem; overflow: auto; margin: .5rem 0 0; padding: 0; list-style: none; font-size: .85rem; }
.legend i { display: inline-block; width: .8em; height: .8em; margin-right: .35em; border-radius: 2px; outline: 1px solid var(--line); }
.ignored { background: repeating-linear-gradient(45deg, transparent 0 2px, var(--faint) 2px 3px); }
main { padding: 1rem; display: grid; gap: 1rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .75rem; scroll-margin-top: 12rem; }
section:focus { outline: 2px solid var(--mark); }
h2 { font: .8rem ui-monospace, monospace; margin: 0 0 .5rem; color: var(--faint); overflow-wrap: anywhere; }
.row { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: .75rem; align-items: start; }
figure { margin: 0; }
.stack { position: relative; }
.stack > * { position: absolute; inset: 0; width: 100%; height: 100%; }
canvas { image-rendering: pixelated; cursor: crosshair; }
figcaption { font-size: .8rem; color: var(--faint); margin-top: .25rem; }
footer { padding: 0 1rem 1rem; color: var(--faint); font-size: .85rem; }
`;

export const script = `
const form = document.forms[0];
const indices = new WeakMap();
const paint = (canvas) => {
  const seen = indices.get(canvas);
  if (seen === undefined) return;
  const context = canvas.getContext("2d");
  const drawn = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < seen.length; i++) {
    drawn.data.set(colours[seen[i]] ?? [0, 0, 0], 4 * i);
    drawn.data[4 * i + 3] = seen[i] === ignored ? 0 : 255;
  }
  context.putImageData(drawn, 0, 0);
};
const load = async (canvas) => {
  const image = new Image();
  image.src = canvas.dataset.labels;
  await image.decode();
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  indices.set(canvas, Uint16Array.from({ length: data.length / 4 }, (_, i) => data[4 * i] + 256 * data[4 * i + 1]));
  paint(canvas);
};
const show = () => {
  const view = form.elements.view.value;
  const strength = form.elements.strength.value / 100;
  for (const stack of document.querySelectorAll(".stack")) {
    const [image, canvas] = stack.children;
    image.style.opacity = view === "labels" ? 0 : 1;
    canvas.style.opacity = view === "picture" ? 0 : view === "labels" ? 1 : strength;
  }
};
const under = (event) => {
  const canvas = event.target.closest("canvas");
  const seen = canvas && indices.get(canvas);
  if (!seen) return;
  const box = canvas.getBoundingClientRect();
  const x = Math.floor(((event.clientX - box.left) / box.width) * canvas.width);
  const y = Math.floor(((event.clientY - box.top) / box.height) * canvas.height);
  const index = seen[y * canvas.width + x];
  if (index !== undefined) form.elements.under.value = index === ignored ? "ignored" : index + " " + classes[index];
};
const keys = { 1: "picture", 2: "overlay", 3: "labels" };
const step = (by) => {
  const sections = [...document.querySelectorAll("section")];
  const at = sections.indexOf(document.activeElement);
  const next = sections[Math.min(Math.max(at + by, 0), sections.length - 1)];
  next?.focus();
};
addEventListener("keydown", (event) => {
  if (event.target.type === "range" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (keys[event.key]) {
    form.elements.view.value = keys[event.key];
    show();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    step(event.key === "ArrowDown" ? 1 : -1);
  }
});
form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
document.querySelector("main").addEventListener("pointermove", under);
show();
for (const canvas of document.querySelectorAll("canvas")) load(canvas);
`;
