/** What can go wrong with label files and with the values in them, in words. */

import { type Failure, failure } from "../diagnostic/failure.js";
import { rgb } from "../language/dataset.js";

export const colourLabel = (path: string, what: string): Failure =>
  failure(
    `${path} holds colours, not class indices`,
    `it is an ${what} picture whose channels differ`,
    "Tell the colour of each class, `labels: {colours: {sky: [70, 130, 180], …}}`, or save labels as grey or palette PNG.",
  );

export const lossyLabel = (path: string, format: string): Failure =>
  failure(
    `${path} is no label: ${format} changes label values`,
    "its compression leaves values between the classes along every edge",
    "Save labels as PNG where they are drawn or exported. Of two classes, `magick mogrify -threshold 50% -format png *.jpg` makes masks of 0 and 255 again; more cannot be told apart once they are mixed.",
  );

export const oddLabel = (path: string, reason: string): Failure =>
  failure(
    `${path} is not a label that can be read`,
    reason,
    "Save labels as grey or palette PNG of one picture, whose values are the classes.",
  );

export interface Stray {
  readonly value: number;
  readonly pixels: number;
}

/** The most frequent first, and not more than a reader reads. */
export const strayValues = (
  path: string,
  found: readonly Stray[],
  format: "index" | "colour",
  /** Of the whole label, and values that were not counted one by one. */
  { pixels, unlisted }: { readonly pixels: number; readonly unlisted: number },
  shown = 8,
): Failure => {
  const one = found.length + unlisted === 1;
  const what = format === "colour" ? "colour" : "value";
  const sorted = found.toSorted((a, b) => b.pixels - a.pixels || a.value - b.value);
  const told = sorted
    .slice(0, shown)
    .map((stray) => `${what} ${inWords(stray.value, format)} in ${count(stray.pixels, "pixel")}`);
  const left = found.length - told.length + unlisted;
  const more = left > 0 ? [`and ${count(left, `more ${what}`)}`] : [];
  return failure(
    `${path} holds ${one ? `a ${what}` : `${what}s`} that data.labels does not map`,
    [...told, ...more].join(", "),
    strayHelp(found, format, pixels, one ? "it" : "them"),
  );
};

/** Values that stand in several labels and have no class, with the number of these labels. */
export const unnamedValues = (
  found: readonly (readonly [value: number, labels: number])[],
  labels: number,
  classes: number,
): Failure => {
  const told = found.slice(0, 8).map(([value, n]) => {
    const where = n === labels ? `all ${count(n, "label")}` : `${n} of ${count(labels, "label")}`;
    return `value ${value} stands in ${where}`;
  });
  const more = found.length > told.length ? [`and ${found.length - told.length} more values`] : [];
  const values = found.map(([value]) => value);
  const follow = values.every((value, i) => value === classes + i);
  const list = values.length === 1 ? `${values[0]}` : `[${values.slice(0, 8).join(", ")}]`;
  const named = values.length === 1 ? "one more class" : `${values.length} more classes`;
  return failure(
    `${[...told, ...more].join(", ")}, and no class has ${values.length === 1 ? "it" : "them"}`,
    `data.classes has ${count(classes, "name")}, and data.labels says which values they are`,
    follow
      ? `Name ${named} in data.classes; or write \`ignore: ${list}\` under data, if they count for nothing. Where 1 is the first class, write \`labels: {first: 1}\`.`
      : `Say what they mean in data.labels, or write \`ignore: ${list}\` under data.`,
  );
};

const strayHelp = (
  found: readonly Stray[],
  format: "index" | "colour",
  pixels: number,
  them: string,
): string => {
  if (format === "colour")
    return `Give ${them} to a class in data.labels.colours, or to \`ignore\` there.`;
  return isSmoothed(found, pixels)
    ? "So many values of so few pixels lie along smoothed edges: the mask was anti-aliased, resized, or once a JPEG. Save it without smoothing, or say where to cut: `labels: {0..127: background, 128..255: foreground}`."
    : `Map ${them} to a class in data.labels, or ignore ${them}: data.ignore.`;
};

/**
 * Whether values that mean nothing are those along the edges of a smoothed mask: many, all over the 8 bits, and of few
 * of its pixels.
 */
export const isSmoothed = (strays: readonly Stray[], pixels: number): boolean => {
  const values = strays.map(({ value }) => value);
  const spread = Math.max(...values) - Math.min(...values);
  const share = strays.reduce((sum, stray) => sum + stray.pixels, 0) / pixels;
  return values.length >= 16 && spread >= 128 && Math.max(...values) < 256 && share < 0.25;
};

const inWords = (value: number, format: "index" | "colour"): string =>
  format === "index" ? `${value}` : `[${rgb(value).join(", ")}]`;

/** `1 pixel`, `2 pixels` */
const count = (n: number, noun: string): string =>
  `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

interface MixedUse {
  readonly file: string;
  readonly index: number;
}

export const palettesDiffer = (
  mixed: { readonly colour: number; readonly uses: readonly [MixedUse, MixedUse] },
  colours: readonly (readonly number[])[],
): Failure => {
  const [a, b] = mixed.uses;
  const listed = colours.slice(0, 20).map((colour) => `[${colour.join(", ")}]`);
  return failure(
    "the palettes of the labels differ, so that their indices mix the classes",
    `the colour [${rgb(mixed.colour).join(", ")}] is index ${a.index} in ${a.file}, and ${b.index} in ${b.file}`,
    `Take the colours: \`labels: {colours: {NAME: ${listed[0]}, …}}\`, with a name for each of ${listed.join(", ")}${colours.length > listed.length ? " …" : ""}; \`pspc init\` writes them.`,
  );
};

export const classNeverOccurs = (): Failure =>
  failure(
    "the labels hold 0 and 255 alone, and 255 counts for nothing: one class is all there is",
    "255 is ignored unless `labels` maps it",
    "If 255 is a class, write `labels: {0: background, 255: foreground}`, with your names; if it is not, add labels in which the other classes occur.",
  );
