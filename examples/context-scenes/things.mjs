// @ts-check
/** The things on the plain: a place and a name enter, a hull or a lump leaves. They never learn the world. */

/** @import { Canvas, Colour, Point } from "./canvas.mjs" */
/** @import { ClassName } from "./classes.mjs" */
/** @import { Draw } from "./stage.mjs" */

import { box, ellipse, mix, paint, polygon } from "./canvas.mjs";
import { classIndex } from "./classes.mjs";

/** @type {Colour} */
export const WHITE = [255, 252, 244];
/** @type {Colour} */
const INK = [34, 34, 52];

/** @type {readonly Colour[]} */
const HULL_COLOURS = [
  [206, 66, 58],
  [236, 180, 66],
  [240, 238, 228],
  [52, 142, 140],
  [64, 92, 168],
];

/**
 * Where a thing stands: `x` its middle and `y` its lowest line, in pixels.
 * @typedef {{readonly x: number, readonly y: number, readonly width: number, readonly name: ClassName}} Place
 */

/**
 * A body with a cabin, seen from the side, that rests on fenders or on wheels.
 * @param {Canvas} on @param {Draw} draw @param {Place} place
 */
export function paintHull(on, draw, { x, y, width, name }) {
  const facing = draw("facing", 0, 1) < 0.5 ? 1 : -1;
  const body = HULL_COLOURS[Math.floor(draw("colour", 0, HULL_COLOURS.length))];
  const label = classIndex(name);
  /** @type {(at: Point) => Point} */
  const at = ([u, v]) => [x + facing * u * width, y - v * width];
  /** @param {Colour} colour @param {Point[]} outline */
  const part = (colour, ...outline) =>
    paint(on, polygon(outline.map(at), 0.025 * width), { colour, label });

  paint(on, ellipse(x, y, 0.52 * width, 0.07 * width), { colour: INK, opacity: 0.4, soft: 3 });
  part(mix(body, WHITE, 0.35), [-0.22, 0.28], [-0.16, 0.52], [0.1, 0.52], [0.24, 0.28]);
  part(INK, [-0.16, 0.31], [-0.12, 0.46], [-0.04, 0.46], [-0.04, 0.31]);
  part(INK, [0.02, 0.31], [0.02, 0.46], [0.08, 0.46], [0.17, 0.31]);
  part(body, [-0.48, 0.3], [0.48, 0.26], [0.42, 0.06], [-0.44, 0.06]);
  part(mix(body, INK, 0.75), [-0.45, 0.1], [0.43, 0.1], [0.38, 0.01], [-0.4, 0.01]);
  for (const u of [-0.25, 0.23])
    paint(on, ellipse(...at([u, 0.03]), 0.07 * width, 0.05 * width), { colour: INK, label });
}

/**
 * A tufted cushion in the colour of the plain, with a bright upper and a dark lower edge.
 * @param {Canvas} on @param {Draw} draw
 * @param {Place & {readonly ground: (x: number, y: number) => Colour}} place
 */
export function paintLump(on, draw, { x, y, width, name, ground }) {
  const angle = draw("angle", -0.3, 0.3);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const middle = y - 0.25 * width;
  /** @type {(u: number, v: number) => Point} */
  const at = (u, v) => [x + (u * cos - v * sin) * width, middle + (u * sin + v * cos) * width];
  /** @param {number} drop @param {number} [scale] */
  const cushion = (drop, scale = 1) =>
    box(x, middle + drop, scale * width, scale * 0.55 * width, 0.16 * width, angle);
  /** @param {number} u @param {number} v */
  const colour = (u, v) => mix(ground(u, v), WHITE, 0.18);

  paint(on, cushion(1.5), { colour: INK, opacity: 0.35, soft: 3 });
  paint(on, cushion(-0.8), { colour: WHITE, opacity: 0.5, soft: 1.5 });
  paint(on, cushion(0), { colour, label: classIndex(name) });
  paint(on, cushion(-0.08 * width, 0.5), { colour: WHITE, opacity: 0.2, soft: 9 });
  paint(on, ellipse(x, middle, 0.03 * width, 0.03 * width), { colour: INK, opacity: 0.35 });
  for (const u of [-0.34, 0.34])
    for (const v of [-0.15, 0.15]) {
      const crease = box(...at(u, v), 0.17 * width, 1.2, 0.5, angle + 0.5 * Math.sign(u * v));
      paint(on, crease, { colour: INK, opacity: 0.35 });
    }
}
