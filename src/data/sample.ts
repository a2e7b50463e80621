/** Reads one training pair: an image and its label, of one size. */

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { type Failure, orThrow } from "../diagnostic/failure.js";
import type { Size } from "../language/geometry.js";
import type { ClassIndices } from "../language/labels.js";
import { decodePicture } from "./decode-picture.js";
import { sizesDiffer } from "./errors.js";
import { isTurned } from "./image.js";
import { decodeLabel, type Indices } from "./label-file.js";
import { type LabelTable, toClasses } from "./labels.js";
import type { Picture, PictureReading } from "./picture.js";
import { plainDecoder } from "./plain-jpeg.js";
import { readWhole, readWholeHere } from "./read-file.js";

/** Absolute paths. */
export interface Sample {
  readonly image: string;
  readonly label: string;
}

export interface Labelled extends Size {
  /** RGB [H, W, 3]. */
  readonly image: Uint8Array;
  /** Class indices [H, W]; the highest of their kind is ignored. */
  readonly labels: ClassIndices;
}

/** How a pair's files come into memory. */
export interface Means {
  readonly read: (path: string) => TE.TaskEither<Failure, Buffer>;
  readonly decode: (
    bytes: Buffer,
    path: string,
    reading: PictureReading | null,
  ) => TE.TaskEither<Failure, Picture>;
}

/** By other threads, while this one has something else to do. */
const aside: Means = { read: readWhole, decode: decodePicture };

/** By this thread as far as may be, for one that only waits for them. The pictures are the same, and the failures. */
export const here = (): Means => {
  const plain = plainDecoder();
  const decode: Means["decode"] = (bytes, path, reading) => {
    const picture = reading === null ? (plain?.(bytes) ?? null) : null;
    return picture === null ? decodePicture(bytes, path, reading) : TE.right(picture);
  };
  return { read: readWholeHere, decode };
};

/** One file, then the other: a worker has one core, and two threads on it take a tenth longer than one. @throws Failed if either cannot be read, or they do not fit each other or the map. */
export const readSample = (
  sample: Sample,
  table: LabelTable,
  means: Means = aside,
): Promise<Labelled> =>
  orThrow(
    pipe(
      pictureIn(sample.image, table.reading, means),
      TE.bindTo("picture"),
      TE.bind("indices", () => labelIn(sample.label, table.format, means)),
      TE.chainFirst((read) => sameSize(sample, read)),
      TE.chainEitherK(({ picture, indices }) => labelled(sample, picture, indices, table)),
    ),
  );

const pictureIn = (
  path: string,
  reading: PictureReading | null,
  { read, decode }: Means,
): TE.TaskEither<Failure, Picture> =>
  pipe(
    read(path),
    TE.chain((bytes) => decode(bytes, path, reading)),
  );

const labelIn = (
  path: string,
  format: LabelTable["format"],
  { read }: Means,
): TE.TaskEither<Failure, Indices> =>
  pipe(
    read(path),
    TE.chain((bytes) => decodeLabel(format)(bytes, path)),
  );

/** The class indices that a label file, or a prediction, holds. @throws Failed */
export const readIndices = (path: string): Promise<Indices> =>
  orThrow(labelIn(path, "index", aside));

interface Read {
  readonly picture: Picture;
  readonly indices: Indices;
}

const sameSize = (sample: Sample, { picture, indices }: Read): TE.TaskEither<Failure, unknown> =>
  picture.height === indices.height && picture.width === indices.width
    ? TE.right(null)
    : pipe(
        TE.fromTask<boolean, Failure>(() => isTurned(sample.image)),
        TE.chain((turned) => TE.left(sizesDiffer(sample, picture, indices, turned))),
      );

const labelled = (
  sample: Sample,
  { pixels, height, width }: Picture,
  indices: Indices,
  table: LabelTable,
): E.Either<Failure, Labelled> =>
  pipe(
    toClasses(indices, table, sample.label),
    E.map((labels) => ({ image: pixels, labels, height, width })),
  );
