// @ts-check
/**
 * Scenes of places: a seed, a split and a number enter, a picture with its labels leaves.
 *
 * The demo's stage under the paper's questions. Each half of a picture is a world of its own, so that it matters
 * where something stands; what tells the world is what most of five small landmarks above the half are, for the
 * others belong elsewhere, so that looking for one landmark is not enough. Pictures to train on show things of one
 * size, those to score on things from two thirds to one and a half of it.
 */

/** @import { Canvas } from "../context-scenes/canvas.mjs" */
/** @import { Draw } from "../context-scenes/stage.mjs" */
/** @import { World } from "../context-scenes/scene.mjs" */

import { uniform } from "../../dist/plan/random.js";
import { box, canvas, paint } from "../context-scenes/canvas.mjs";
import { paintLandmarkAt } from "../context-scenes/landmark.mjs";
import { addGrain, NAMES, SIZE, WORLDS } from "../context-scenes/scene.mjs";
import { paintStage } from "../context-scenes/stage.mjs";

/** Landmarks above a half, and of them those that tell its world; the others are one of each other world. */
const [LANDMARKS, TELLING] = [5, 3];

/** Times the size of things in pictures to train on. @type {Readonly<Record<string, readonly [number, number]>>} */
const SIZES = { train: [1, 1], val: [0.67, 1.5] };

/**
 * The picture `index` of a split.
 * @param {number} seed @param {string} split @param {number} index
 * @returns {Canvas}
 */
export function drawPlaces(seed, split, index) {
  /** @type {Draw} */
  const draw = (name, low, high) =>
    low + uniform(seed, `places ${split} ${name}`, index) * (high - low);
  const [least, most] = (SIZES[split] ?? [1, 1]).map(Math.log);
  // The stage measures things in pixels: on a larger canvas, which is then shrunk, they are smaller.
  const side = Math.round(SIZE / Math.exp(draw("size", least, most)));
  const scene = resized(halves(draw, side), SIZE);
  addGrain(scene, seed, `places ${split} grain ${index}`);
  return scene;
}

/** @param {Draw} draw @param {number} index */
const pick = (draw, index) => Math.floor(draw(`pick ${index}`, 0, WORLDS.length));

/** Both halves, which look alike but for their landmarks. @param {Draw} draw @param {number} side */
function halves(draw, side) {
  const seam = draw("seam", 0.42, 0.58) * side;
  const worlds = [0, 1].map((half) => WORLDS[pick(draw, half)]);
  const [left, right] = worlds.map((world) => {
    const on = canvas(side);
    return { on, horizon: paintStage(on, draw, NAMES[world]) };
  });
  for (let i = 0; i < right.on.label.length; i++)
    if (i % side >= seam) left.on.label[i] = right.on.label[i];
  const { on, horizon } = left;
  paint(on, box(seam, (side + horizon) / 2, 2, side - horizon), { colour: [250, 240, 200] });
  for (const [half, world] of worlds.entries()) {
    const [from, to] = half === 0 ? [0, seam] : [seam, side];
    paintVotes(on, draw, { half, world, horizon, from, to });
  }
  return on;
}

/**
 * @param {Canvas} on @param {Draw} draw
 * @param {{half: number, world: World, horizon: number, from: number, to: number}} place
 */
function paintVotes(on, draw, { half, world, horizon, from, to }) {
  const strangers = WORLDS.filter((other) => other !== world);
  const first = Math.floor(draw(`first ${half}`, 0, LANDMARKS));
  for (let i = 0; i < LANDMARKS; i++) {
    const turn = (i - first + LANDMARKS) % LANDMARKS;
    const x = from + ((i + draw(`place ${half} ${i}`, 0.35, 0.65)) / LANDMARKS) * (to - from);
    const height = horizon * draw(`height ${half} ${i}`, 0.45, 1);
    /** @type {Draw} */
    const local = (name, low, high) => draw(`${name} ${half} ${i}`, low, high);
    paintLandmarkAt(on, local, strangers[turn - TELLING] ?? world, { x, y: height, unit: 0.36 });
  }
}

/** Colours by the mean of what lies beneath a pixel, labels by its middle. @param {Canvas} from @param {number} size @returns {Canvas} */
function resized(from, size) {
  const on = canvas(size);
  const step = from.size / size;
  const reach = Math.max(1, step);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const [u, v] = [(x + 0.5) * step, (y + 0.5) * step];
      on.label[y * size + x] = from.label[Math.floor(v) * from.size + Math.floor(u)];
      blend(from, u, v, reach).forEach((value, c) => {
        on.rgb[3 * (y * size + x) + c] = value;
      });
    }
  return on;
}

/** The colour around a point, of pixels weighed by how near they are. @param {Canvas} from @param {number} u @param {number} v @param {number} reach */
function blend({ rgb, size }, u, v, reach) {
  const sums = [0, 0, 0];
  let total = 0;
  for (let j = Math.max(0, Math.ceil(v - reach - 0.5)); j < Math.min(size, v + reach - 0.5); j++)
    for (
      let i = Math.max(0, Math.ceil(u - reach - 0.5));
      i < Math.min(size, u + reach - 0.5);
      i++
    ) {
      const weight = (1 - Math.abs(i + 0.5 - u) / reach) * (1 - Math.abs(j + 0.5 - v) / reach);
      total += weight;
      for (let c = 0; c < 3; c++) sums[c] += weight * rgb[3 * (j * size + i) + c];
    }
  return sums.map((sum) => sum / total);
}
