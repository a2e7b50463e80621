/**
 * Decodes label files of every lossless format to the indices, or the colours, that stand in them.
 *
 * A file is one of indices where it has one band, or several that are equal; else it is a picture of colours.
 */

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import sharp from "sharp";
import type { Failure } from "../diagnostic/failure.js";
import type { Size } from "../language/geometry.js";
import type { Data } from "../normalize/experiment.js";
import { decodeBmp } from "./bmp.js";
import { unreadable } from "./errors.js";
import { indexedGif } from "./gif.js";
import { colourLabel, lossyLabel, oddLabel } from "./label-errors.js";
import { decodePng } from "./png.js";
import { type Format, formatOf, type Raster, webpKind } from "./raster.js";
import { tiffHead } from "./tiff.js";
import { tiffSamples } from "./tiff-samples.js";

/** [H, W] indices as they stand in the file, or colours `0xRRGGBB`. */
export interface Indices extends Size {
  readonly values: Uint8Array | Uint16Array | Int32Array;
  /** `0xRRGGBB` of each index, where the file has a palette. */
  readonly palette: readonly number[] | null;
}

/** What a label file holds, or why that is no label. */
export const decodeLabel =
  (format: Data["label_format"]) =>
  (bytes: Buffer, path: string): TE.TaskEither<Failure, Indices> =>
    pipe(
      decoders[formatOf(bytes)](bytes, path),
      TE.chainEitherK((raster) => (format === "colour" ? coloursIn : indicesIn)(raster, path)),
    );

type Decode = (bytes: Buffer, path: string) => TE.TaskEither<Failure, Raster>;

const orUnreadable =
  (decode: (bytes: Buffer) => TE.TaskEither<string, Raster>): Decode =>
  (bytes, path) =>
    pipe(
      decode(bytes),
      TE.mapLeft((reason) => unreadable(path, reason)),
    );

const refused =
  (failure: (path: string) => Failure): Decode =>
  (_, path) =>
    TE.left(failure(path));

const decoders: Readonly<Record<Format, Decode>> = {
  png: orUnreadable(decodePng),
  tiff: (bytes, path) => TE.fromEither(decodeTiff(bytes, path)),
  bmp: orUnreadable((bytes) => TE.fromEither(decodeBmp(bytes))),
  gif: orUnreadable((bytes) => decodeGif(bytes)),
  webp: (bytes, path) =>
    webpKind(bytes) === "lossless"
      ? orUnreadable(decodeBySharp)(bytes, path)
      : TE.left(lossyLabel(path, "WebP")),
  jpeg: refused((path) => lossyLabel(path, "JPEG")),
  heif: refused((path) => lossyLabel(path, "AVIF or HEIC")),
  svg: refused((path) => oddLabel(path, "it is an SVG, whatever its name says")),
  unknown: refused((path) =>
    oddLabel(path, "it is empty, or no PNG, TIFF, BMP, GIF or lossless WebP"),
  ),
};

const decodeTiff = (bytes: Buffer, path: string): E.Either<Failure, Raster> =>
  pipe(
    tiffHead(bytes),
    E.filterOrElse(
      ({ pages }) => pages === 1,
      ({ pages }) => `it holds ${pages} pictures`,
    ),
    E.bindTo("head"),
    E.bind("samples", ({ head }) => tiffSamples(bytes, head)),
    E.bimap(
      (reason) => oddLabel(path, reason),
      ({ head, samples }) => ({
        ...head,
        samples: head.photometric === 0 ? inverted(samples, head.bits) : samples,
        palette: head.photometric === 3 ? head.palette : null,
      }),
    ),
  );

/** White is 0 in facsimiles, and 1 bit a pixel everywhere else. */
const inverted = (samples: Raster["samples"], bits: number): Raster["samples"] =>
  bits > 16 ? samples : samples.map((value) => 2 ** bits - 1 - value);

const decodeGif = (bytes: Buffer): TE.TaskEither<string, Raster> =>
  pipe(
    TE.fromEither(indexedGif(bytes)),
    TE.filterOrElse(
      ({ frames }) => frames === 1,
      ({ frames }) => `it is animated, of ${frames} frames`,
    ),
    TE.chain(({ bytes: grey, palette }) =>
      pipe(
        decodeBySharp(grey),
        TE.map((raster) => ({ ...firstBand(raster), palette })),
      ),
    ),
  );

const decodeBySharp = (bytes: Buffer): TE.TaskEither<string, Raster> =>
  TE.tryCatch(
    async () => {
      const { data, info } = await sharp(bytes, { failOn: "truncated" })
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const { height, width, channels } = info;
      return { height, width, bands: channels, bits: 8, samples: data, palette: null };
    },
    () => "the file is damaged or was cut short",
  );

const firstBand = (raster: Raster): Raster => {
  const { height, width, bands, samples } = raster;
  const first = new Uint8Array(height * width);
  for (let i = 0; i < first.length; i++) first[i] = samples[i * bands]!;
  return { ...raster, bands: 1, samples: first };
};

/** Of a grey with alpha, and of equal channels, the first; values that are no whole numbers of 16 bits are refused. */
const indicesIn = (raster: Raster, path: string): E.Either<Failure, Indices> => {
  const { height, width, bands, samples, palette } = raster;
  if (bands === 1 && isUnsigned(samples))
    return E.right({ values: samples, height, width, palette });
  if (bands > 4) return E.left(oddLabel(path, `it has ${bands} bands`));
  if (!equalChannels(raster)) return E.left(colourLabel(path, bands === 4 ? "RGBA" : "RGB"));
  const values = new Uint16Array(height * width);
  for (let i = 0; i < values.length; i++) {
    const value = samples[i * bands]!;
    if (!Number.isInteger(value) || value < 0 || value > 65535)
      return E.left(oddLabel(path, `it holds the value ${value}`));
    values[i] = value;
  }
  return E.right({ values, height, width, palette });
};

const isUnsigned = (samples: Raster["samples"]): samples is Uint8Array | Uint16Array =>
  samples instanceof Uint8Array || samples instanceof Uint16Array;

/** Alpha, the second of two or the fourth of four, is left out. */
const equalChannels = ({ bands, samples }: Raster): boolean => {
  if (bands < 3) return true;
  for (let i = 0; i < samples.length; i += bands)
    if (samples[i] !== samples[i + 1] || samples[i] !== samples[i + 2]) return false;
  return true;
};

/** Colours [H, W], of 8 bits a channel: of 16 the upper eight, of fewer the whole scale. Alpha is dropped. */
const coloursIn = (raster: Raster, path: string): E.Either<Failure, Indices> => {
  const { height, width, bands, bits, samples, palette } = raster;
  if (!isUnsigned(samples) || bands > 4)
    return E.left(oddLabel(path, `it has ${bands} bands of ${bits} bits`));
  const values = new Int32Array(height * width);
  if (palette !== null) {
    for (let i = 0; i < values.length; i++) values[i] = palette[samples[i * bands]!] ?? 0;
    return E.right({ values, height, width, palette: null });
  }
  const byte = bytesOf(bits);
  const [green, blue] = bands < 3 ? [0, 0] : [1, 2];
  for (let i = 0, at = 0; i < values.length; i++, at += bands)
    values[i] =
      (byte(samples[at]!) << 16) | (byte(samples[at + green]!) << 8) | byte(samples[at + blue]!);
  return E.right({ values, height, width, palette: null });
};

const bytesOf = (bits: number): ((value: number) => number) => {
  if (bits === 8) return (value) => value;
  return bits === 16
    ? (value) => value >> 8
    : (value) => Math.trunc((value * 255) / (2 ** bits - 1));
};
