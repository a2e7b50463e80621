// @ts-check
/** The landmark in an upper corner, the one thing that tells the worlds apart: a world enters, pixels leave. */

/** @import { Canvas, Colour, Point } from "./canvas.mjs" */
/** @import { World } from "./scene.mjs" */
/** @import { Draw } from "./stage.mjs" */

import { box, mix, paint, polygon } from "./canvas.mjs";
import { classIndex } from "./classes.mjs";

/**
 * Paints one landmark on the horizon. `at(u, v)` is a point u to the right and v above where it stands,
 * and `unit` the length that u, v and sizes are measured in.
 * @typedef {(on: Canvas, at: (u: number, v: number) => Point, unit: number, draw: Draw) => void} Landmark
 */

/** @type {Readonly<Record<World, Landmark>>} */
const LANDMARKS = { coast: paintSailingBoat, town: paintSkyline, bedroom: paintWindow };

/** @param {Canvas} on @param {Draw} draw @param {World} world @param {number} horizon */
export function paintLandmark(on, draw, world, horizon) {
  const inset = draw("landmark inset", 0.135, 0.155) * on.size;
  const x = draw("landmark side", 0, 1) < 0.5 ? inset : on.size - 1 - inset;
  const unit = draw("landmark size", 0.9, 1.1);
  paintLandmarkAt(on, draw, world, { x, y: horizon, unit });
}

/** @param {Canvas} on @param {Draw} draw @param {World} world @param {{readonly x: number, readonly y: number, readonly unit: number}} place */
export function paintLandmarkAt(on, draw, world, { x, y, unit }) {
  LANDMARKS[world](on, (u, v) => [x + unit * u, y - unit * v], unit, draw);
}

/** @type {Readonly<Record<"white" | "red" | "brown" | "night" | "haze" | "lamp" | "glass", Colour>>} */
const COLOURS = {
  white: [250, 246, 238],
  red: [200, 70, 62],
  brown: [96, 66, 52],
  night: [52, 58, 88],
  haze: [106, 112, 138],
  lamp: [255, 214, 120],
  glass: [60, 84, 140],
};

/** @type {Landmark} */
function paintSailingBoat(on, at) {
  const label = classIndex("boat");
  /** @param {Colour} colour @param {Point[]} points */
  const part = (colour, ...points) => {
    const outline = points.map(([u, v]) => at(u, v));
    paint(on, polygon(outline, 0.5), { colour, label });
  };
  part(COLOURS.brown, [-0.6, 30], [0.6, 30], [0.6, 4], [-0.6, 4]);
  part(COLOURS.white, [-1.5, 29], [-1.5, 6], [-13, 6]);
  part(COLOURS.red, [1.5, 27], [1.5, 6], [11, 6]);
  part(COLOURS.brown, [-13, 4], [13, 4], [9, -2], [-9, -2]);
}

/** @type {Landmark} */
function paintSkyline(on, at, unit, draw) {
  const towers = [
    { u: -12, width: 8, height: 18 },
    { u: 11, width: 9, height: 15 },
    { u: -4, width: 9, height: 29 },
    { u: 5, width: 8, height: 22 },
  ];
  towers.forEach(({ u, width, height }, i) => {
    const tall = height * draw(`tower ${i}`, 0.85, 1.1);
    const colour = mix(COLOURS.night, COLOURS.haze, i / 3);
    const tower = box(...at(u, tall / 2), unit * width, unit * tall);
    paint(on, tower, { colour, label: classIndex("building") });
    for (let v = tall - 3; v > 1; v -= 4)
      for (const side of [-2, 2])
        paint(on, box(...at(u + side, v), 1.8, 1.8), { colour: COLOURS.lamp });
  });
}

/** @type {Landmark} */
function paintWindow(on, at, unit) {
  const label = classIndex("window");
  /** @param {Colour} colour @param {number} u @param {number} v @param {number} width @param {number} height */
  const pane = (colour, u, v, width, height) =>
    paint(on, box(...at(u, v), unit * width, unit * height, 0.8), { colour, label });
  pane(COLOURS.white, 0, 17, 28, 27);
  for (const u of [-6, 6]) for (const v of [11, 23]) pane(COLOURS.glass, u, v, 10.5, 10);
  for (const u of [-13, 13]) pane(COLOURS.red, u, 17, 6, 29);
}
