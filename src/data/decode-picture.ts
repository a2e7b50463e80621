/** Turns a picture file into RGB of 8 bits: as its format defines it, or as `data.images` says. */

import { extname } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import sharp from "sharp";
import type { Failure } from "../diagnostic/failure.js";
import { decodeBmp } from "./bmp.js";
import { oddPicture, unreadable, unsaidBands, unsaidRange } from "./errors.js";
import { indexedGif } from "./gif.js";
import {
  coloured,
  limits,
  type Picture,
  type PictureReading,
  stretched,
  toPicture,
} from "./picture.js";
import { decodePng, isAnimated, pngHead } from "./png.js";
import { type Format, formatOf, type Raster, webpKind } from "./raster.js";
import { type Tiff, tiffHead } from "./tiff.js";
import { tiffSamples } from "./tiff-samples.js";

// Threads are the workers' affair: one picture, one core.
sharp.concurrency(1);
sharp.cache(false);

type Decode = (bytes: Buffer, path: string) => TE.TaskEither<Failure, Picture>;

export const decodePicture = (
  bytes: Buffer,
  path: string,
  reading: PictureReading | null,
): TE.TaskEither<Failure, Picture> =>
  reading === null
    ? decoders[formatOf(bytes)](bytes, path)
    : pipe(
        numbersIn(bytes, path),
        TE.chainEitherK((raster) => stretched(raster, path, reading)),
      );

/**
 * Grey, CMYK and 16-bit sources become RGB, transparency is dropped and the EXIF rotation applied: the picture is the
 * one that viewers show, and its label belongs to that one.
 */
const bySharp: Decode = (bytes, path) =>
  TE.tryCatch(
    () => decodedBy(bytes, "truncated"),
    (error) => undecodable(path, error),
  );

const decodedBy = async (bytes: Buffer, failOn: "truncated" | "warning"): Promise<Picture> => {
  const { data, info } = await sharp(bytes, { failOn })
    .autoOrient()
    .removeAlpha()
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return { pixels: data, height: info.height, width: info.width };
};

/** A file that was cut and closed by an end marker only makes the decoder warn; of other warnings none is of pixels. */
const jpeg: Decode = (bytes, path) =>
  pipe(
    TE.tryCatch(() => decodedBy(bytes, "warning"), E.toError),
    TE.orElse((error) =>
      /premature end|bad Huffman|instead of RST/i.test(error.message)
        ? TE.left(undecodable(path, error))
        : bySharp(bytes, path),
    ),
  );

const png: Decode = (bytes, path) =>
  pipe(
    pngHead(bytes),
    E.mapLeft((reason) => unreadable(path, reason)),
    E.filterOrElse(
      () => !isAnimated(bytes),
      () => moving(path, "an animated PNG"),
    ),
    TE.fromEither,
    TE.chain(({ bits, bands }) =>
      bits === 16 ? deep(bands < 3 ? "grey16" : "rgb16")(bytes, path) : bySharp(bytes, path),
    ),
  );

const tiff: Decode = (bytes, path) =>
  pipe(
    tiffHead(bytes),
    E.mapLeft((reason) => unreadable(path, reason)),
    E.filterOrElse(
      ({ pages }) => pages === 1,
      ({ pages }) => moving(path, `a TIFF of ${pages} pictures`),
    ),
    E.filterOrElse(hasColours, ({ bands }) => unsaidBands(path, bands)),
    TE.fromEither,
    TE.chain((head) => tiffDecoder(head)(bytes, path)),
  );

/** Whether the bands are what the photometric interpretation asks for, alpha aside. */
const hasColours = ({ photometric, bands }: Tiff): boolean =>
  bands >= (minimum[photometric] ?? 1) && bands <= (minimum[photometric] ?? 1) + 1;

const minimum: Readonly<Partial<Record<number, number>>> = { 2: 3, 5: 4, 6: 3, 8: 3 };

const tiffDecoder = (head: Tiff): Decode => {
  if (head.kind === "unsigned" && head.bits <= 8) return bySharp;
  if (head.kind === "unsigned" && head.bits === 16)
    return deep(head.bands < 3 ? "grey16" : "rgb16");
  return (bytes, path) =>
    pipe(
      tiffSamples(bytes, head),
      E.bimap((reason) => unreadable(path, reason), limits),
      E.chain(([low, high]) =>
        E.left(unsaidRange(path, `its samples are ${named(head)}`, low, high)),
      ),
      TE.fromEither,
    );
};

const named = ({ kind, bits }: Tiff): string =>
  kind === "float" ? `floating-point numbers of ${bits} bits` : `${kind} numbers of ${bits} bits`;

/** Samples of cameras and satellites often have 11 or 12 bits of 16, and would come out black. */
const TWELVE_BITS = 4095;

/** 16 bits, of which the upper eight count. */
const deep =
  (space: "grey16" | "rgb16"): Decode =>
  (bytes, path) =>
    pipe(
      TE.tryCatch(
        async () => {
          const { data, info } = await sharp(bytes, { failOn: "truncated" })
            .autoOrient()
            .removeAlpha()
            .toColourspace(space)
            .raw({ depth: "ushort" })
            .toBuffer({ resolveWithObject: true });
          const { height, width, channels } = info;
          const samples = new Uint16Array(data.buffer, data.byteOffset, height * width * channels);
          return { height, width, bands: channels, bits: 16, samples, palette: null };
        },
        (error) => undecodable(path, error),
      ),
      TE.chainEitherK((raster): E.Either<Failure, Picture> => {
        const [, high] = limits(raster.samples);
        return high > 0 && high <= TWELVE_BITS
          ? E.left(unsaidRange(path, "its samples have 16 bits, and use the lowest 12", 0, high))
          : E.right(toPicture(raster, (value) => value >> 8));
      }),
    );

const gif: Decode = (bytes, path) =>
  extname(path).toLowerCase() !== ".gif"
    ? TE.left(oddPicture(path, "it is a GIF, whatever its name says", SAVE))
    : pipe(
        indexedGif(bytes),
        E.mapLeft((reason) => unreadable(path, reason)),
        E.filterOrElse(
          ({ frames }) => frames === 1,
          ({ frames }) => moving(path, `an animated GIF of ${frames} frames`),
        ),
        TE.fromEither,
        TE.chain(() => bySharp(bytes, path)),
      );

const webp: Decode = (bytes, path) =>
  webpKind(bytes) === "animated" ? TE.left(moving(path, "an animated WebP")) : bySharp(bytes, path);

const bmp: Decode = (bytes, path) =>
  pipe(
    decodeBmp(bytes),
    E.bimap((reason) => unreadable(path, reason), coloured),
    TE.fromEither,
  );

const SAVE = "Save it as PNG or JPEG.";

const refused =
  (reason: string): Decode =>
  (_, path) =>
    TE.left(oddPicture(path, reason, SAVE));

const moving = (path: string, what: string): Failure =>
  oddPicture(path, `it is ${what}`, "Save one picture a file.");

const decoders: Readonly<Record<Format, Decode>> = {
  jpeg,
  png,
  webp,
  tiff,
  gif,
  bmp,
  heif: bySharp,
  svg: refused("it is an SVG drawing, whatever its name says"),
  unknown: refused("it is empty, or no JPEG, PNG, WebP, TIFF, BMP or GIF"),
};

/** The samples of a file before anything was made of them; those of a format of 8 bits are its RGB. */
const numbersIn = (bytes: Buffer, path: string): TE.TaskEither<Failure, Raster> => {
  const asBytes = pipe(
    decoders[formatOf(bytes)](bytes, path),
    TE.map(
      ({ pixels, height, width }): Raster => ({
        height,
        width,
        bands: 3,
        bits: 8,
        samples: pixels,
        palette: null,
      }),
    ),
  );
  const head = pngHead(bytes);
  if (E.isRight(head) && head.right.bits === 16)
    return pipe(
      decodePng(bytes),
      TE.mapLeft((reason) => unreadable(path, reason)),
    );
  return formatOf(bytes) === "tiff"
    ? pipe(
        TE.fromEither(tiffNumbers(bytes, path)),
        TE.chain((raster) => (raster === null ? asBytes : TE.right(raster))),
      )
    : asBytes;
};

/** `null` where the colours of a TIFF must be computed first, or it is compressed as JPEG is. */
const tiffNumbers = (bytes: Buffer, path: string): E.Either<Failure, Raster | null> =>
  pipe(
    tiffHead(bytes),
    E.mapLeft((reason) => unreadable(path, reason)),
    E.filterOrElse(
      ({ pages }) => pages === 1,
      ({ pages }) => moving(path, `a TIFF of ${pages} pictures`),
    ),
    E.filterOrElse(
      ({ orientation }) => orientation === 1,
      () => oddPicture(path, "it is turned, as its EXIF says", "Save it upright."),
    ),
    E.chain((head) => {
      const samples = tiffSamples(bytes, head);
      if (head.photometric <= 2 && E.isRight(samples))
        return E.right({ ...head, samples: samples.right, palette: null });
      return E.isLeft(samples) && !(head.bits <= 8 && hasColours(head))
        ? E.left(unreadable(path, samples.left))
        : E.right(null);
    }),
  );

/** Decoders speak of their insides: what that means, and what to do. */
const undecodable = (path: string, error: unknown): Failure => {
  const told = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
  const [, reason, help] = reasons.find(([pattern]) => pattern.test(told)) ?? [];
  if (reason === undefined) return unreadable(path, told);
  return help === undefined
    ? unreadable(path, `${reason} (the decoder says: ${told.slice(0, 80)})`)
    : unreadable(path, reason, help);
};

const reasons: readonly (readonly [pattern: RegExp, reason: string, help?: string])[] = [
  [
    /pixel limit/,
    "it has more than 268 million pixels",
    "Cut it into tiles, and its label with it.",
  ],
  [
    /premature end|read error|truncated|bad Huffman|unable to parse|unknown error/i,
    "the file is damaged or was cut short",
  ],
  [/corrupt header/, "the head of the file is damaged"],
  [/unsupported image format|is empty/, "it is empty, or no JPEG, PNG, WebP or TIFF"],
];
