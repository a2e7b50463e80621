/** Reads image files, and their sizes from their heads. */

import { closeSync, readSync } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import sharp from "sharp";
import { type Failure, orThrow } from "../diagnostic/failure.js";
import { openRegular, type RegularFile } from "../file/regular.js";
import type { Size } from "../language/geometry.js";
import { decodeBmp } from "./bmp.js";
import { decodePicture } from "./decode-picture.js";
import { unreadable } from "./errors.js";
import type { Picture, PictureReading } from "./picture.js";
import { type Format, formatOf } from "./raster.js";
import { readWhole } from "./read-file.js";
import { tiffHead } from "./tiff.js";

/** A picture file of any format that is taken (docs/data.md). @throws Failed for what is missing, damaged or none. */
export const readImage = (path: string, reading: PictureReading | null): Promise<Picture> =>
  orThrow(imageIn(path, reading));

const imageIn = (path: string, reading: PictureReading | null): TE.TaskEither<Failure, Picture> =>
  pipe(
    readWhole(path),
    TE.chain((bytes) => decodePicture(bytes, path, reading)),
  );

/** Height and width of a picture as it will be decoded, from the head of its file. @throws Failed */
export const imageSize = (path: string): Promise<Size> => inTurn(() => orThrow(sizeIn(path)));

const sizeIn = (path: string): TE.TaskEither<Failure, Size> =>
  TE.bracket(
    TE.fromEither(
      pipe(
        openRegular(path),
        E.mapLeft((reason) => unreadable(path, reason)),
      ),
    ),
    (file) => sizers[formatOf(headOf(file))](path, file),
    ({ descriptor }) => TE.fromIO(() => closeSync(descriptor)),
  );

/** Heads that are read at once: each holds a descriptor, and a split has more images than a process has of these. */
const AT_ONCE = 16;
let free = AT_ONCE;
const waiting: (() => void)[] = [];

const inTurn = async <A>(task: () => Promise<A>): Promise<A> => {
  if (free > 0) free--;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await task();
  } finally {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  }
};

const headOf = ({ descriptor }: RegularFile): Buffer => {
  const head = Buffer.alloc(32);
  return head.subarray(0, readSync(descriptor, head, 0, head.length, 0));
};

type Sizer = (path: string, file: RegularFile) => TE.TaskEither<Failure, Size>;

/** The library opens the very file that was looked at, by its descriptor. */
const bySharp: Sizer = (path, { descriptor }) =>
  TE.tryCatch(
    async () => {
      const { autoOrient } = await sharp(`/proc/self/fd/${descriptor}`).metadata();
      return { height: autoOrient.height, width: autoOrient.width };
    },
    () => unreadable(path, "the head of the file is damaged"),
  );

const byHead =
  (head: (bytes: Buffer) => E.Either<string, Size>): Sizer =>
  (path) =>
    pipe(
      readWhole(path),
      TE.chainEitherK((bytes) =>
        E.mapLeft((reason: string) => unreadable(path, reason))(head(bytes)),
      ),
    );

/** What is no picture is refused as decoding it would refuse it. */
const byDecoding: Sizer = (path) => imageIn(path, null);

const sizers: Readonly<Record<Format, Sizer>> = {
  jpeg: bySharp,
  png: bySharp,
  webp: bySharp,
  gif: bySharp,
  heif: bySharp,
  tiff: byHead((bytes) =>
    pipe(
      tiffHead(bytes),
      E.map(({ height, width, orientation }) =>
        orientation < 5 ? { height, width } : { height: width, width: height },
      ),
    ),
  ),
  bmp: byHead(decodeBmp),
  svg: byDecoding,
  unknown: byDecoding,
};

/** Whether the file's EXIF has its picture turned or mirrored. */
export const isTurned = async (file: string | Buffer): Promise<boolean> =>
  sharp(file)
    .metadata()
    .then(
      ({ orientation }) => orientation !== undefined && orientation > 1,
      () => false,
    );
