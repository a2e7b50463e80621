// @ts-check
/** A contact sheet: rows of pictures with label files enter, one PNG that shows them side by side leaves. */

import { readImage } from "../../dist/data/image.js";
import { readIndices } from "../../dist/data/sample.js";
import { writeImage } from "../../dist/data/write-image.js";
import { PALETTE } from "./classes.mjs";
import { SIZE } from "./scene.mjs";

const GAP = 6;
const ZOOM = 2;

/**
 * Each row is a picture and label files of the same scene: the truth, then predictions.
 * @typedef {{readonly image: string, readonly labels: readonly string[]}} Row
 */

/** @param {string} path @param {readonly Row[]} rows */
export async function writeSheet(path, rows) {
  const step = ZOOM * SIZE + GAP;
  const width = GAP + step * (1 + Math.max(...rows.map(({ labels }) => labels.length)));
  const height = GAP + step * rows.length;
  const pixels = new Uint8Array(width * height * 3).fill(255);
  for (const [r, { image, labels }] of rows.entries()) {
    const tiles = [
      (await readImage(image, null)).pixels,
      ...(await Promise.all(labels.map(coloured))),
    ];
    for (const [c, tile] of tiles.entries())
      place(pixels, width, GAP + c * step, GAP + r * step, tile);
  }
  await writeImage(path, { pixels, height, width });
}

/** The label file at `path` in the colours of its classes, `[SIZE, SIZE, 3]`. @param {string} path */
async function coloured(path) {
  const { values } = await readIndices(path);
  const pixels = new Uint8Array(values.length * 3);
  values.forEach((/** @type {number} */ value, /** @type {number} */ i) => {
    pixels.set(PALETTE.subarray(3 * value, 3 * value + 3), 3 * i);
  });
  return pixels;
}

/**
 * Copies a tile, each pixel enlarged to ZOOM × ZOOM.
 * @param {Uint8Array} onto @param {number} width @param {number} left @param {number} top @param {Uint8Array} tile
 */
function place(onto, width, left, top, tile) {
  for (let y = 0; y < ZOOM * SIZE; y++)
    for (let x = 0; x < ZOOM * SIZE; x++) {
      const from = 3 * (Math.floor(y / ZOOM) * SIZE + Math.floor(x / ZOOM));
      onto.set(tile.subarray(from, from + 3), 3 * ((top + y) * width + left + x));
    }
}
