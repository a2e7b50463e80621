/** Reads one training pair: an image and its label, of one size. */

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { type Failure, orThrow } from "../diagnostic/failure.js";
import type { Size } from "../language/geometry.js";
import type { ClassIndices } from "../language/labels.js";
import { sizesDiffer } from "./errors.js";
import { imageIn, isTurned } from "./image.js";
import { decodeLabel, type Indices } from "./label-file.js";
import { type LabelTable, toClasses } from "./labels.js";
import type { Picture } from "./picture.js";
import { readWhole } from "./read-file.js";

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

/** One file, then the other: a worker has one core, and two threads on it take a tenth longer than one. @throws Failed if either cannot be read, or they do not fit each other or the map. */
export const readSample = (sample: Sample, table: LabelTable): Promise<Labelled> =>
  orThrow(
    pipe(
      imageIn(sample.image, table.reading),
      TE.bindTo("picture"),
      TE.bind("indices", () => labelIn(sample.label, table.format)),
      TE.chainFirst((read) => sameSize(sample, read)),
      TE.chainEitherK(({ picture, indices }) => labelled(sample, picture, indices, table)),
    ),
  );

const labelIn = (path: string, format: LabelTable["format"]): TE.TaskEither<Failure, Indices> =>
  pipe(
    readWhole(path),
    TE.chain((bytes) => decodeLabel(format)(bytes, path)),
  );

/** The class indices that a label file, or a prediction, holds. @throws Failed */
export const readIndices = (path: string): Promise<Indices> => orThrow(labelIn(path, "index"));

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
