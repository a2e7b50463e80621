// @ts-check
/** A dataset of context scenes on disk: a folder, a seed and counts enter, pictures, labels and lists leave. */

/** @import { Canvas } from "./canvas.mjs" */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../../dist/data/write.js";
import { writeClasses, writeImage } from "../../dist/data/write-image.js";
import { toBytes } from "./canvas.mjs";
import { PALETTE } from "./classes.mjs";
import { drawScene, WORLDS } from "./scene.mjs";

/**
 * What to draw: pictures of each split; multiples of 3 hold equally many of each world.
 * @typedef {{readonly seed: number, readonly train: number, readonly val: number}} Order
 */

/** The picture of a number in a split. @typedef {(seed: number, split: string, index: number) => Canvas} Drawing */

/** What the spec beside this file is tuned for. @type {Order} */
export const STANDARD = { seed: 0, train: 480, val: 90 };

/** @param {string} split @param {number} index */
const sceneName = (split, index) => `${split}-${String(index).padStart(3, "0")}`;

/** Relative to the dataset's folder. @param {string} name */
const imageFile = (name) => `images/${name}.png`;
/** @param {string} name */
const labelFile = (name) => `labels/${name}.png`;

/**
 * Writes `images/*.png`, `labels/*.png` (palette PNGs, the index is the class), `train.txt` and `val.txt`.
 * A folder that holds this very order is left as it is: the record that says so is written last.
 * @param {string} folder @param {Order} order @param {(done: number, total: number) => void} onProgress
 * @param {Drawing} [draw] of another world than the demo's
 */
export async function writeDataset(folder, order, onProgress, draw = drawScene) {
  const total = order.train + order.val;
  const record = `${JSON.stringify({ ...order, drawing: drawingOf(order.seed, draw) })}\n`;
  const recordFile = join(folder, "scenes.json");
  if (existsSync(recordFile) && readFileSync(recordFile, "utf8") === record)
    return onProgress(total, total);
  await rm(recordFile, { force: true });
  await mkdir(join(folder, "images"), { recursive: true });
  await mkdir(join(folder, "labels"), { recursive: true });
  let done = 0;
  for (const split of /** @type {const} */ (["train", "val"])) {
    const names = Array.from({ length: order[split] }, (_, index) => sceneName(split, index));
    let writing = Promise.resolve();
    for (const [index, name] of names.entries()) {
      const scene = draw(order.seed, split, index);
      await writing; // one picture is compressed while the next is drawn
      onProgress(done++, total);
      writing = writeScene(folder, name, scene);
    }
    await writing;
    const lines = names.map((name) => `${imageFile(name)} ${labelFile(name)}\n`);
    await writeFileAtomic(join(folder, `${split}.txt`), lines.join(""));
  }
  await writeFileAtomic(recordFile, record);
  onProgress(total, total);
}

/**
 * Stages that no split holds, each in all three worlds: pictures that differ in their landmark alone.
 * @param {string} folder @param {number} seed @param {number} count
 */
export async function writeTriplets(folder, seed, count) {
  const written = [];
  for (let index = 0; index < count; index++)
    for (const world of WORLDS) {
      const name = `triplet-${index}-${world}`;
      await writeScene(folder, name, drawScene(seed, "triplet", index, world));
      written.push({
        name,
        image: join(folder, imageFile(name)),
        label: join(folder, labelFile(name)),
      });
    }
  return written;
}

/** Names the way scenes are drawn: a scene of each world, hashed. @param {number} seed @param {Drawing} draw */
function drawingOf(seed, draw) {
  const hash = createHash("sha256");
  for (const index of WORLDS.keys()) {
    const { rgb, label } = draw(seed, "train", index);
    hash.update(toBytes(rgb)).update(label);
  }
  return hash.digest("hex").slice(0, 16);
}

/** @param {string} folder @param {string} name @param {Canvas} scene */
async function writeScene(folder, name, { rgb, label, size }) {
  const picture = { pixels: toBytes(rgb), height: size, width: size };
  await writeImage(join(folder, imageFile(name)), picture);
  await writeClasses(join(folder, labelFile(name)), label, size, size, PALETTE);
}
