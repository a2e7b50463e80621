// @ts-check
/** What all worlds share: draws enter, a plain under a backdrop with hulls and lumps leaves, named by the world. */

/** @import { Canvas, Colour } from "./canvas.mjs" */
/** @import { ClassName } from "./classes.mjs" */

import { below, box, mix, paint } from "./canvas.mjs";
import { classIndex } from "./classes.mjs";
import { paintHull, paintLump, WHITE } from "./things.mjs";

/**
 * A number in [low, high) that depends on its name and the picture alone, so no draw shifts another.
 * @typedef {(name: string, low: number, high: number) => number} Draw
 */

/**
 * What a world calls the parts of the stage; nothing else about the stage depends on the world.
 * @typedef {object} Names
 * @property {ClassName} backdrop
 * @property {ClassName} plain
 * @property {ClassName} hull
 * @property {ClassName} lump
 */

/**
 * The light of an hour: backdrop from its top down to the horizon, plain from there down to the viewer.
 * @typedef {{readonly high: Colour, readonly low: Colour, readonly far: Colour, readonly near: Colour}} Light
 */

/** @type {readonly Light[]} */
const HOURS = [
  { high: [124, 152, 204], low: [252, 208, 178], far: [196, 170, 182], near: [112, 100, 134] },
  { high: [112, 172, 226], low: [216, 236, 246], far: [158, 192, 212], near: [78, 120, 156] },
  { high: [92, 78, 132], low: [244, 160, 120], far: [164, 116, 132], near: [72, 60, 98] },
  { high: [158, 176, 184], low: [228, 228, 220], far: [182, 188, 188], near: [112, 126, 132] },
];

/**
 * Paints the stage and says at which height its horizon is, in pixels from the top.
 * @param {Canvas} on @param {Draw} draw @param {Names} names
 */
export function paintStage(on, draw, names) {
  const light = drawLight(draw);
  const horizon = draw("horizon", 0.26, 0.32) * on.size;
  /** @param {number} y */
  const depth = (y) => Math.max(0, (y - horizon) / (on.size - horizon));
  /** @param {number} _x @param {number} y */
  const backdrop = (_x, y) => mix(light.high, light.low, Math.min(1, y / horizon));
  /** @param {number} _x @param {number} y */
  const ground = (_x, y) => mix(light.far, light.near, depth(y) ** 0.8);

  paint(on, below(-1), { colour: backdrop, label: classIndex(names.backdrop) });
  paint(on, below(horizon), { colour: ground, label: classIndex(names.plain) });
  paintDashes(on, draw, horizon, depth);
  for (const { kind, column, x, y } of places(draw, on.size)) {
    const width = (0.55 + 0.6 * depth(y)) * draw(`width ${column}`, 34, 42);
    /** @type {Draw} */
    const local = (name, low, high) => draw(`${name} ${column}`, low, high);
    if (kind === "lump") paintLump(on, local, { x, y, width, ground, name: names.lump });
    else paintHull(on, local, { x, y, width, name: names.hull });
  }
  return horizon;
}

/** Between two hours, so that no colour belongs to a world. @param {Draw} draw @returns {Light} */
function drawLight(draw) {
  const one = HOURS[Math.floor(draw("hour", 0, HOURS.length))];
  const other = HOURS[Math.floor(draw("other hour", 0, HOURS.length))];
  const minute = draw("minute", 0, 0.5);
  /** @param {keyof Light} key */
  const part = (key) => mix(one[key], other[key], minute);
  return { high: part("high"), low: part("low"), far: part("far"), near: part("near") };
}

/**
 * Rows of pale dashes, longer and wider apart towards the viewer: wave crests, lane marks, stitches.
 * @param {Canvas} on @param {Draw} draw @param {number} horizon @param {(y: number) => number} depth
 */
function paintDashes(on, draw, horizon, depth) {
  for (let row = 0, y = horizon + 4; y < on.size; row++, y += 2 + 0.14 * (y - horizon)) {
    const [step, length, height] = [12 + 34 * depth(y), 4 + 11 * depth(y), 0.7 + 1.3 * depth(y)];
    for (let x = draw(`dash ${row}`, -step, 0); x < on.size + length; x += step)
      paint(on, box(x, y, length, height, height / 2), { colour: WHITE, opacity: 0.3 });
  }
}

/**
 * One thing in each of three columns, near or far: at least one hull and one lump. The far ones come first.
 * @param {Draw} draw @param {number} size
 */
function places(draw, size) {
  const odd = Math.floor(draw("odd column", 0, 3));
  const [many, few] = draw("many", 0, 1) < 0.5 ? ["hull", "lump"] : ["lump", "hull"];
  /** @param {number} column */
  const place = (column) => ({
    kind: column === odd ? few : many,
    column,
    x: (0.19 + 0.31 * column + draw(`x ${column}`, -0.02, 0.02)) * size,
    y: draw(`y ${column}`, 0.6, 0.95) * size,
  });
  return [0, 1, 2].map(place).sort((a, b) => a.y - b.y);
}
