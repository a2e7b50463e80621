/** Predictions of pictures: runs a session on pictures of one size, and writes what it says as files that show it. */

import { join } from "node:path";
import { overlay, type Palette } from "../data/palette.js";
import type { Picture } from "../data/picture.js";
import { writeFileAtomic } from "../data/write.js";
import { writeClasses, writeImage } from "../data/write-image.js";
import type { Size } from "../language/geometry.js";
import { type ClassIndices, toClassIndices } from "../language/labels.js";
import { sizeName } from "../plan/graphs.js";
import type { Session } from "../runtime/session.js";
import { encodeSafetensors } from "../weights/safetensors.js";

/** One call. What could not be read, and what the last batch lacks, is black and is dropped again. */
export const segment = (
  session: Session,
  size: Size,
  pictures: readonly (Picture | null)[],
  batch: number,
  classCount: number,
): readonly (Prediction | null)[] => {
  if (pictures.every((picture) => picture === null)) return pictures.map(() => null);
  const pixels = size.height * size.width;
  const images = new Uint8Array(batch * pixels * 3);
  for (const [i, picture] of pictures.entries())
    if (picture !== null) images.set(picture.pixels, i * pixels * 3);
  const { classes, probabilities } = session.run(`predict_${sizeName(size)}`, { images });
  const shares = probabilities?.data as Float32Array | undefined;
  const depth = (shares?.length ?? 0) / (batch * pixels);
  return pictures.map(
    (picture, i) =>
      picture && {
        picture,
        classes: toClassIndices(classCount, classes!.data.subarray(i * pixels, (i + 1) * pixels)),
        probabilities: shares?.slice(i * pixels * depth, (i + 1) * pixels * depth),
      },
  );
};

export interface Prediction {
  readonly picture: Picture;
  /** `[H, W]` */
  readonly classes: ClassIndices;
  /** f32 `[H, W, C]`, where they are to be kept. */
  readonly probabilities?: Float32Array | undefined;
}

export interface Area {
  readonly class: string;
  readonly pixels: number;
  readonly share: number;
}

/** Pixels of each class that occurs, and its share of the image. */
export const areasOf = (classes: ClassIndices, names: readonly string[]): readonly Area[] => {
  const pixels = new Array<number>(names.length).fill(0);
  for (const c of classes) pixels[c]! += 1;
  return names.flatMap((name, c) => {
    const count = pixels[c] ?? 0;
    return count === 0 ? [] : [{ class: name, pixels: count, share: count / classes.length }];
  });
};

export interface Painted {
  /** The files written. */
  readonly classes: string;
  readonly overlay: string;
  readonly probabilities?: string;
}

export interface Look {
  readonly colours: Palette;
  /** Weight of the colours in the overlay. */
  readonly alpha: number;
}

/** `classes` is a PNG whose values are class indices. */
export const paint = async (
  folder: string,
  name: string,
  { picture, classes, probabilities }: Prediction,
  { colours, alpha }: Look,
): Promise<Painted> => {
  const { height, width } = picture;
  const files = filesFor(folder, name);
  await Promise.all([
    writeClasses(files.classes, classes, height, width, colours),
    writeImage(files.overlay, overlay(picture, classes, colours, alpha)),
  ]);
  if (probabilities === undefined) return { classes: files.classes, overlay: files.overlay };
  const shape = [height, width, probabilities.length / (height * width)];
  const tensors = new Map([["probabilities", { shape, data: probabilities }]]);
  await writeFileAtomic(files.probabilities, encodeSafetensors(tensors, { format: "pspc" }), false);
  return files;
};

export const filesFor = (folder: string, name: string) => ({
  classes: join(folder, `${name}.png`),
  overlay: join(folder, `${name}.overlay.png`),
  probabilities: join(folder, `${name}.safetensors`),
});
