/** What can go wrong with the files of a data set, in words: names and numbers enter, a `Failure` leaves. */

import { type Failure, failure } from "../diagnostic/failure.js";

export const missingList = (split: string, path: string, reason: string): Failure =>
  failure(
    `cannot read the ${split} list ${path}`,
    reason,
    `Write one "image label" pair a line to it, or correct data.root and data.${split}.`,
  );

export const noList = (split: string): Failure =>
  failure(
    `the experiment has no ${split} split`,
    `data.${split} is not set`,
    `Set data.${split} to a list of "image label" pairs.`,
  );

export const badLine = (place: string, line: string): Failure =>
  failure(
    `${place}: expected an image and a label, separated by a blank`,
    `the line is "${line}"`,
    "Write both paths relative to data.root; put no comments in the list.",
  );

export const missingFile = (place: string, role: "image" | "label", path: string): Failure =>
  failure(
    `${place}: the ${role} ${path} does not exist`,
    undefined,
    "Correct the line, or data.root, to which the paths are relative.",
  );

export const emptyList = (path: string): Failure =>
  failure(`${path} lists no pairs`, undefined, 'Write one "image label" pair a line to it.');

export const several = (failures: readonly Failure[], shown = 10): Failure => {
  const lines = failures
    .slice(0, shown)
    .map((f) => [f.message, f.reason].filter(Boolean).join(": "));
  const more = failures.length > shown ? [`and ${failures.length - shown} more`] : [];
  return failure(
    `${failures.length} mistakes in the data`,
    [...lines, ...more].join("\n"),
    failures[0]?.help,
  );
};

export const unreadable = (path: string, reason: string): Failure =>
  failure(
    `cannot read ${path}`,
    reason,
    "The file is damaged, cut short, or of another format than its name says; restore it or take its line out of the list.",
  );

export const colourLabel = (path: string, what: string): Failure =>
  failure(
    `${path} holds colours, not class indices`,
    `it is a PNG of type ${what}`,
    "Save labels as grey or palette PNG whose value is the class.",
  );

export const interlaced = (path: string): Failure =>
  failure(`${path} is an interlaced PNG`, undefined, "Save the label without interlacing.");

export const sizesDiffer = (
  sample: { readonly image: string; readonly label: string },
  image: readonly [height: number, width: number],
  label: readonly [height: number, width: number],
): Failure =>
  failure(
    `${sample.image} and ${sample.label} differ in size`,
    `the image is ${image[1]}×${image[0]} (after its EXIF rotation), the label ${label[1]}×${label[0]}`,
    "Each pixel needs its label: pair the right files, or save the label at the image's size.",
  );

export interface Stray {
  readonly value: number;
  readonly pixels: number;
}

export const strayValues = (path: string, found: readonly Stray[]): Failure =>
  failure(
    `${path} holds ${found.length === 1 ? "a value" : "values"} that data.labels does not map`,
    found
      .map(({ value, pixels }) => `value ${value} in ${pixels} pixel${pixels === 1 ? "" : "s"}`)
      .join(", "),
    `Map ${found.length === 1 ? "it" : "them"} to a class, or ignore ${found.length === 1 ? "it: data.ignore" : "them: data.ignore"}.`,
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

export const unwritable = (path: string, reason: string): Failure =>
  failure(`cannot write ${path}`, reason, "Check the folder, its permissions and the free space.");

export const unknownFormat = (path: string): Failure =>
  failure(`cannot write ${path}`, "its suffix is none of .png, .jpg, .webp", "Choose one of them.");
