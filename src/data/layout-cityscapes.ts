/** Cityscapes' layout: the name of a split enters; pairs from leftImg8bit and gtFine leave, city by city. */

import { join } from "node:path";
import type { Entry } from "./layout-entry.js";
import { filesBelow, partnered } from "./layout-folders.js";

const IMAGE = "_leftImg8bit";

/** `labels` is the kind of label file: `labelIds`, or `labelTrainIds` where the dataset's scripts have made them. */
export async function pairedCity(
  root: string,
  split: string,
  name: string,
  labels: "labelIds" | "labelTrainIds",
): Promise<readonly Entry[]> {
  const folders = { images: join("leftImg8bit", name), labels: join("gtFine", name) };
  const [images, annotated] = await Promise.all([
    filesBelow(join(root, folders.images), split),
    filesBelow(join(root, folders.labels), split),
  ]);
  const kind = `_gtFine_${labels}`;
  return partnered(
    root,
    folders,
    images.filter(({ stem }) => stem.endsWith(IMAGE)),
    annotated.filter(({ stem }) => stem.endsWith(kind)),
    (stem) => `${stem.slice(0, -IMAGE.length)}${kind}`,
  );
}
