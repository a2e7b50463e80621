// @ts-check
/**
 * Context scenes: a seed, a split and a number enter, a picture with its labels leaves.
 *
 * Three worlds share one stage: a plain under a backdrop, with hulls and faint lumps on the plain. The
 * stage is drawn without knowing the world; only a landmark in one upper corner tells. So what a pixel is
 * called depends on something far away, as in the failures that section 3.1 of the paper starts from:
 * a mismatched relationship (one hull is a boat at sea, a car in town, a toy on a bed), categories of like
 * texture (water, road and bed; sky and wall), inconspicuous things (a pillow is the colour of its bed).
 */

/** @import { Canvas } from "./canvas.mjs" */
/** @import { Draw, Names } from "./stage.mjs" */

import { fillNormal, uniform } from "../../dist/plan/random.js";
import { canvas } from "./canvas.mjs";
import { paintLandmark } from "./landmark.mjs";
import { paintStage } from "./stage.mjs";

/** 8·(6k−1)+1: 18×18 features at output stride 8, which the bins 1, 2, 3 and 6 divide. */
export const SIZE = 137;

/** @typedef {"coast" | "town" | "bedroom"} World */

/** What the parts of the stage are called in each world. @type {Readonly<Record<World, Names>>} */
export const NAMES = {
  coast: { backdrop: "sky", plain: "water", hull: "boat", lump: "water" },
  town: { backdrop: "sky", plain: "road", hull: "car", lump: "road" },
  bedroom: { backdrop: "wall", plain: "bed", hull: "toy", lump: "pillow" },
};

/** @type {readonly World[]} */
export const WORLDS = ["coast", "town", "bedroom"];

/** Worlds take turns, so that a split holds equal numbers of each. @param {number} index */
export const worldOf = (index) => WORLDS[index % WORLDS.length];

/**
 * The picture `index` of a split, in its own world or, to compare, in another.
 * @param {number} seed @param {string} split @param {number} index @param {World} [world]
 * @returns {Canvas}
 */
export function drawScene(seed, split, index, world = worldOf(index)) {
  const on = canvas(SIZE);
  /** @type {Draw} */
  const draw = (name, low, high) => low + uniform(seed, `${split} ${name}`, index) * (high - low);
  const horizon = paintStage(on, draw, NAMES[world]);
  paintLandmark(on, draw, world, horizon);
  addGrain(on, seed, `${split} grain ${index}`);
  return on;
}

/** A little noise, as film has it: no flat area is the same twice. @param {Canvas} on @param {number} seed @param {string} stream */
export function addGrain({ rgb }, seed, stream) {
  const grain = new Float32Array(rgb.length / 3);
  fillNormal(grain, seed, stream, 2.5);
  for (let i = 0; i < rgb.length; i++) rgb[i] += grain[Math.floor(i / 3)];
}
