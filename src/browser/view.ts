/** What the page of a network shows: the picture, its classes laid over it, and their shares. */

import { contextOf, type Region, type Source } from "./picture.js";
import { words } from "./words.js";

/** Classes of a network, and one picture's. */
export interface Seen {
  /** `[H, W]` of the network. */
  readonly classes: ArrayLike<number>;
  readonly width: number;
  readonly region: Region;
}

export interface Share {
  readonly index: number;
  readonly name: string;
  readonly share: number;
}

/** @throws Error where the page has no such element */
export const byId = <E extends HTMLElement>(id: string, kind: new () => E): E => {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${id}`);
};

/** Pictures are drawn no larger: screens show no more. */
const MOST = 1600;

export const drawPicture = (canvas: HTMLCanvasElement, source: Source): void => {
  const scale = Math.min(1, MOST / Math.max(source.width, source.height));
  const [width, height] = [Math.round(source.width * scale), Math.round(source.height * scale)];
  // Setting a size clears, and a camera's frames would flicker.
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  contextOf(canvas).drawImage(source.image, 0, 0, width, height);
};

/** `only` is the one class that is laid over the picture, where it is not all of them. */
export const drawClasses = (
  canvas: HTMLCanvasElement,
  { classes, width, region }: Seen,
  palette: readonly (readonly number[])[],
  only: number | null,
): void => {
  const colours = new ImageData(region.width, region.height);
  for (let y = 0; y < region.height; y++)
    for (let x = 0; x < region.width; x++) {
      const index = classes[(y + region.top) * width + x + region.left] ?? 0;
      if (only !== null && index !== only) continue;
      colours.data.set([...(palette[index] ?? []), 255], 4 * (y * region.width + x));
    }
  Object.assign(canvas, { width: region.width, height: region.height });
  contextOf(canvas).putImageData(colours, 0, 0);
};

/** Of the picture, without what is around it; the largest first. */
export const sharesOf = (
  { classes, width, region }: Seen,
  names: readonly string[],
): readonly Share[] => {
  const counts = names.map(() => 0);
  for (let y = region.top; y < region.top + region.height; y++)
    for (let x = region.left; x < region.left + region.width; x++) {
      const index = classes[y * width + x] ?? 0;
      counts[index] = (counts[index] ?? 0) + 1;
    }
  const all = region.width * region.height;
  return names
    .map((name, index) => ({ index, name, share: (counts[index] ?? 0) / all }))
    .sort((a, b) => b.share - a.share);
};

interface Row {
  readonly item: HTMLLIElement;
  readonly button: HTMLButtonElement;
  readonly bar: HTMLElement;
  readonly share: HTMLElement;
}

const span = (kind: string, text = ""): HTMLSpanElement => {
  const made = document.createElement("span");
  made.className = kind;
  made.textContent = text;
  return made;
};

const rowOf = (name: string, colour: readonly number[]): Row => {
  const [swatch, share, bar] = [span("swatch"), span("share"), span("bar")];
  for (const part of [swatch, bar]) part.style.backgroundColor = `rgb(${colour.join(" ")})`;
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-pressed", "false");
  button.append(swatch, span("name", name), share, bar);
  const item = document.createElement("li");
  item.append(button);
  return { item, button, bar, share };
};

/** One row a class, which lays it alone over the picture; `choose` is told which, or null where it is all again. */
export class ClassList {
  readonly #rows: readonly Row[];
  #only: number | null = null;

  constructor(
    readonly list: HTMLUListElement,
    readonly absent: HTMLElement,
    names: readonly string[],
    palette: readonly (readonly number[])[],
    choose: (only: number | null) => void,
  ) {
    this.#rows = names.map((name, index) => rowOf(name, palette[index] ?? []));
    for (const [index, { button }] of this.#rows.entries())
      button.addEventListener("click", () => {
        this.#press(this.#only === index ? null : index);
        choose(this.#only);
      });
  }

  get only(): number | null {
    return this.#only;
  }

  /** Rows keep their places where pictures follow each other: a list that jumps cannot be read. */
  show(shares: readonly Share[], keepsPlaces: boolean): void {
    for (const { index, share } of shares) {
      const row = this.#rows[index];
      if (row === undefined) continue;
      row.item.hidden = share === 0 && !keepsPlaces;
      row.share.textContent = words.percent(share);
      row.bar.style.width = `${100 * share}%`;
    }
    const order = shares.flatMap(({ index }) => this.#rows[index]?.item ?? []);
    if (!keepsPlaces || this.list.childElementCount === 0) this.list.replaceChildren(...order);
    const missing = keepsPlaces ? [] : shares.filter(({ share }) => share === 0);
    this.absent.textContent = words.absent(missing.map(({ name }) => name));
  }

  #press(only: number | null): void {
    this.#only = only;
    for (const [index, { button }] of this.#rows.entries())
      button.setAttribute("aria-pressed", String(index === only));
  }
}
