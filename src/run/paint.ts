/** One prediction on the disk: a picture and the classes of its pixels enter; files that show them leave, each whole. */

import { join } from "node:path";
import type { Picture } from "../data/image.js";
import { overlay, type Palette } from "../data/palette.js";
import { writeFileAtomic } from "../data/write.js";
import { writeImage, writePalettePng } from "../data/write-image.js";
import { encodeSafetensors } from "../weights/safetensors.js";

export interface Prediction {
  readonly picture: Picture;
  /** `[H, W]` */
  readonly classes: Uint8Array;
  /** f32 `[H, W, C]`, where they are to be kept. */
  readonly probabilities?: Float32Array | undefined;
}

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

/** `classes` is a palette PNG, whose values are class indices. */
export const paint = async (
  folder: string,
  name: string,
  { picture, classes, probabilities }: Prediction,
  { colours, alpha }: Look,
): Promise<Painted> => {
  const { height, width } = picture;
  const files = filesFor(folder, name);
  await Promise.all([
    writePalettePng(files.classes, classes, height, width, colours),
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
