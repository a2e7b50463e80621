/** What can go wrong with the files of a data set, in words. */

import { type Failure, failure } from "../diagnostic/failure.js";
import { systemReason, writing } from "../file/system.js";
import type { Dataset } from "../language/dataset.js";
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
