/** A labelled picture of any size enters; one that fits a square of a given side leaves, labels read nearest. */

import sharp from "sharp";
import type { Labelled } from "./sample.js";

export async function thumbnail(picture: Labelled, side: number): Promise<Labelled> {
  const ratio = side / Math.max(picture.height, picture.width);
  if (ratio >= 1) return picture;
  const [height, width] = [picture.height, picture.width].map((n) =>
    Math.max(1, Math.round(n * ratio)),
  ) as [number, number];
  const raw = { raw: { width: picture.width, height: picture.height, channels: 3 as const } };
  const image = await sharp(picture.image, raw)
    .resize(width, height, { fit: "fill" })
    .raw()
    .toBuffer();
  const labels = new Uint8Array(height * width);
  for (let i = 0; i < labels.length; i++) {
    const x = Math.floor((((i % width) + 0.5) * picture.width) / width);
    const y = Math.floor(((Math.floor(i / width) + 0.5) * picture.height) / height);
    labels[i] = picture.labels[y * picture.width + x]!;
  }
  return { image, labels, height, width };
}
