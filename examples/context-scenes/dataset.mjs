// @ts-check
/** A dataset of context scenes on disk: a folder, a seed and counts enter, pictures, labels and lists leave. */

/** @import { Canvas } from "./canvas.mjs" */

import { existsSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic, writeImage, writePalettePng } from "../../dist/data/write.js";
import { toBytes } from "./canvas.mjs";
import { PALETTE } from "./classes.mjs";
import { drawScene, SIZE } from "./scene.mjs";

/**
 * What to draw: pictures of each split; multiples of 3 hold equally many of each world.
 * @typedef {{readonly seed: number, readonly train: number, readonly val: number}} Order
 */

/** What the spec beside this file is tuned for. @type {Order} */
export const STANDARD = { seed: 0, train: 480, val: 90 };

/** A picture's place in its split, as both its files are named. @param {string} split @param {number} index */
export const sceneName = (split, index) => `${split}-${String(index).padStart(3, "0")}`;

/**
 * Writes `images/*.png`, `labels/*.png` (palette PNGs, the index is the class), `train.txt` and `val.txt`.
 * A folder that holds this very order is left as it is: the record that says so is written last.
 * @param {string} folder @param {Order} order @param {(done: number, total: number) => void} onProgress
 */
export async function writeDataset(folder, order, onProgress) {
  const total = order.train + order.val;
  const record = `${JSON.stringify({ ...order, size: SIZE, generator: 1 })}\n`;
  const recordFile = join(folder, "scenes.json");
  if (existsSync(recordFile) && readFileSync(recordFile, "utf8") === record)
    return onProgress(total, total);
  await mkdir(join(folder, "images"), { recursive: true });
  await mkdir(join(folder, "labels"), { recursive: true });
  let done = 0;
  for (const split of /** @type {const} */ (["train", "val"])) {
    const pairs = [];
    for (let index = 0; index < order[split]; index++) {
      pairs.push(
        await writeScene(folder, sceneName(split, index), drawScene(order.seed, split, index)),
      );
      onProgress(++done, total);
    }
    await writeFileAtomic(join(folder, `${split}.txt`), `${pairs.join("\n")}\n`);
  }
  await writeFileAtomic(recordFile, record);
}

/**
 * Returns the line of the list that names both files.
 * @param {string} folder @param {string} name @param {Canvas} scene
 */
async function writeScene(folder, name, { rgb, label, size }) {
  const [image, truth] = [`images/${name}.png`, `labels/${name}.png`];
  await writeImage(join(folder, image), { pixels: toBytes(rgb), height: size, width: size });
  await writePalettePng(join(folder, truth), label, size, size, PALETTE);
  return `${image} ${truth}`;
}
