/** What can go wrong with the files of a data set, in words. */

import { type Failure, failure } from "../diagnostic/failure.js";
import { systemReason, writing } from "../file/system.js";
import { type Dataset, rgb } from "../language/dataset.js";
import type { Size } from "../language/geometry.js";

export const missingList = (split: string, path: string, reason: string | undefined): Failure =>
  failure(
    `cannot read the ${split} list ${path}`,
    reason,
    `Correct data.root or data.${split}; \`pspc init FOLDER\` recognises layouts.`,
  );

export const missingFolder = (split: string, path: string, error: NodeJS.ErrnoException): Failure =>
  failure(
    `cannot read the ${split} folder ${path}`,
    error.code === "ENOENT" ? "there is no such folder" : systemReason(error),
    `Correct data.root or data.${split}; \`pspc init FOLDER\` recognises layouts.`,
  );

export const noSplit = (split: string): Failure =>
  failure(
    `the experiment has no ${split} split`,
    `data.${split} is not set`,
    `Set data.${split} as data.train is set, or name another split (--split).`,
  );

export const scoresAlone = (layout: string, { title, scores = "", splits }: Dataset): Failure =>
  failure(
    `${title} has no labels to train on`,
    `it scores networks that were trained on ${scores}`,
    `Score such a run: \`pspc eval RUN data.layout=${layout} data.root=FOLDER data.val=${splits.val} data.labels=labelTrainIds\`; or name both in a spec of your own, and train with \`layout: ${scores.toLowerCase()}\`.`,
  );

export const badLine = (place: string, line: string): Failure =>
  failure(
    `${place}: expected an image and a label`,
    `the line is "${line}"`,
    'Write both paths relative to data.root, separated by a blank, a tab or a comma; a name with blanks in it stands in quotes ("my images/0.jpg").',
  );

export const notText = (path: string, reason: string): Failure =>
  failure(
    `cannot read the list ${path}`,
    reason,
    "Name a text file with one pair a line; save it as UTF-8.",
  );

export const swapped = (list: string, line: string): Failure =>
  failure(
    `${list} names the label before the image`,
    `its first line is "${line}"`,
    "Swap the columns: a line is `image label`.",
  );

export const missingFile = (place: string, role: "image" | "label", path: string): Failure =>
  failure(
    `${place}: the ${role} ${path} does not exist`,
    undefined,
    "Correct the line, or data.root, to which the paths are relative.",
  );

export const partnerless = (path: string, folder: string, stem: string): Failure =>
  failure(
    `${path} has no partner in ${folder}`,
    stem === "" ? undefined : `no ${stem}.png is there`,
    "Add the missing file, or take this one away; names must agree but for their format.",
  );

export const twins = (first: string, second: string): Failure =>
  failure(
    `${first} and ${second} have the same name`,
    undefined,
    "Keep one of them: pairs are found by name, whatever the format.",
  );

export const emptySplit = (split: string, reason: string): Failure =>
  failure(
    `the ${split} split is empty`,
    reason,
    `Correct data.root or data.${split}; \`pspc init FOLDER\` recognises layouts.`,
  );

export const emptyShare = (split: string, pairs: number): Failure =>
  failure(
    `the ${split} split is empty`,
    `of ${pairs} pairs, none falls to it: their names decide, and together they are few`,
    "Choose another share, or another `seed` beside it; with `together`, more groups are needed.",
  );

export const patternUnused = (pattern: string, [first = ""]: readonly string[]): Failure =>
  failure(
    `\`together: ${pattern}\` matches no name`,
    `the first pair is called "${first}"`,
    "Correct the pattern: names are those of the images within their folder, without the format.",
  );

/** One failure for all; a single one stays as it is. */
export const several = (failures: readonly Failure[], shown = 10): Failure => {
  const [only, ...others] = failures;
  if (only !== undefined && others.length === 0) return only;
  const lines = failures
    .slice(0, shown)
    .map((f) => [f.message, f.reason].filter(Boolean).join(": "));
  const more = failures.length > shown ? [`and ${failures.length - shown} more`] : [];
  return failure(
    `${failures.length} mistakes in the data`,
    [...lines, ...more].join("\n"),
    "`pspc data check SPEC` tells them all.",
  );
};

export const unreadable = (
  path: string,
  reason: string,
  help = "Restore the file from its source, or take its line out of the list.",
): Failure => failure(`cannot read ${path}`, reason, help);

/** Told from the head of a file, before it is decoded. */
export const tooManyPixels = (name: string, { height, width }: Size, most: number): Failure =>
  failure(
    `${name} is ${width} pixels wide and ${height} high`,
    `at most ${most} pixels are taken`,
    "Send a smaller one, or allow more (maxPixels).",
  );

/** A file that is whole, and is no still picture of three bands of bytes. */
export const oddPicture = (path: string, reason: string, help: string): Failure =>
  failure(`${path} is not a picture that can be read as it is`, reason, help);

/** Samples whose meaning the file does not say: remedies name the keys that do. */
export const unsaidRange = (path: string, what: string, low: number, high: number): Failure =>
  oddPicture(
    path,
    `${what}, from ${low} to ${high} here`,
    `Say which of them are black and white: \`data.images: {range: [${Math.floor(low)}, ${Math.ceil(high)}]}\`, with the limits of the whole data set.`,
  );

export const unsaidBands = (path: string, bands: number): Failure =>
  oddPicture(
    path,
    `it has ${bands} bands, and does not say which are red, green and blue`,
    "Say it: `data.images: {bands: [3, 2, 1]}` takes the third as red; bands count from 1.",
  );

export const tooLarge = (path: string, bytes: number, most: number): Failure =>
  failure(
    `cannot read ${path}`,
    `it has ${bytes.toLocaleString("en")} bytes, and at most ${most.toLocaleString("en")} are read`,
    "Cut the picture into tiles, or check the path.",
  );

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

export const sizesDiffer = (
  sample: { readonly image: string; readonly label: string },
  image: Size,
  label: Size,
  turned: boolean,
): Failure =>
  failure(
    `${sample.image} and ${sample.label} differ in size`,
    `the image is ${image.width}×${image.height}${turned ? " once turned as its EXIF says" : ""}, the label ${label.width}×${label.height}`,
    turned
      ? "Labels belong to the picture as viewers show it: turn the label, or remove the image's EXIF orientation."
      : "Each pixel needs its label: pair the right files, or save the label at the image's size.",
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

export const tooFewSamples = (samples: number, batch: number): Failure =>
  failure(
    `${samples} training sample${samples === 1 ? " does" : "s do"} not fill a batch of ${batch}`,
    undefined,
    "List more samples in data.train, or lower train.batch.",
  );

export const workerLost = (reason: string): Failure =>
  failure("a data worker stopped", reason, "Resume the run; with workers=0 the main thread reads.");

export const noWorkerFile = (path: string): Failure =>
  failure(
    `the data workers' program ${path} does not exist`,
    undefined,
    "Compile the sources (npm run build), or read with workers=0.",
  );

export const unwritable = (path: string, error: unknown): Failure =>
  failure(`cannot write ${path}`, ...writing(path, error));

/** Where what is above it exists, and still none can be made. */
export const noFolder = (path: string, error: NodeJS.ErrnoException): Failure =>
  error.code === "ENOENT"
    ? failure(
        `cannot make the folder ${path}`,
        "the system lets none be made there",
        "Name another.",
      )
    : failure(`cannot make the folder ${path}`, ...writing(path, error));

export const unknownFormat = (path: string): Failure =>
  failure(`cannot write ${path}`, "its suffix is none of .png, .jpg, .webp", "Choose one of them.");

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
