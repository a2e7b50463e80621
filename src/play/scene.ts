/** The example picture: a street that we drew, as shapes for drawings and as pixels with their labels for crops. */

import type { Labelled } from "../data/sample.js";

type Rgb = readonly [number, number, number];

interface Shape {
  readonly of: string;
  readonly colour: Rgb;
  /** x, y in turns; the picture is 4 wide and 3 high. */
  readonly corners: readonly number[];
}

/** A wheel, a crown of a tree, a head. */
const round = (of: string, colour: Rgb, x: number, y: number, radius: number): Shape => ({
  of,
  colour,
  corners: Array.from({ length: 20 }, (_, i) => (i * Math.PI) / 10).flatMap((angle) => [
    x + radius * Math.cos(angle),
    y + radius * Math.sin(angle),
  ]),
});

const shape = (of: string, colour: Rgb, ...corners: readonly number[]): Shape => ({
  of,
  colour,
  corners,
});

const windows = (left: number, top: number, columns: number, rows: number): readonly Shape[] =>
  Array.from({ length: columns * rows }, (_, i) => {
    const [x, y] = [left + 0.22 * (i % columns), top + 0.28 * Math.floor(i / columns)];
    const corners = [x, y, x + 0.11, y, x + 0.11, y + 0.16, x, y + 0.16];
    return shape("building", [92, 112, 130], ...corners);
  });

/** From behind to the front. */
const shapes: readonly Shape[] = [
  shape("sky", [158, 196, 226], 0, 0, 4, 0, 4, 2, 0, 2),
  round("sky", [244, 226, 170], 2.5, 0.45, 0.22),
  shape("tree", [126, 152, 122], 0, 1.4, 0.9, 1.1, 1.9, 1.35, 3, 1.05, 4, 1.3, 4, 1.8, 0, 1.8),
  shape("building", [196, 164, 140], 0, 0.35, 0.95, 0.5, 0.95, 1.75, 0, 1.9),
  ...windows(0.12, 0.66, 4, 4),
  shape("building", [170, 130, 118], 0.95, 0.8, 1.45, 0.85, 1.45, 1.68, 0.95, 1.75),
  ...windows(1.03, 0.98, 2, 2),
  shape("building", [182, 178, 170], 2.95, 0.6, 4, 0.3, 4, 1.85, 2.95, 1.68),
  ...windows(3.1, 0.8, 4, 3),
  shape("pavement", [178, 172, 166], 0, 1.85, 1.6, 1.62, 2.4, 1.62, 4, 1.85, 4, 3, 0, 3),
  shape("road", [104, 106, 112], 1.72, 1.62, 2.22, 1.62, 3.7, 3, 0.35, 3),
  shape("road", [226, 222, 200], 1.95, 1.8, 1.99, 1.8, 2.0, 2.05, 1.93, 2.05),
  shape("road", [226, 222, 200], 1.92, 2.25, 2.01, 2.25, 2.04, 2.7, 1.88, 2.7),
  shape("tree", [98, 78, 62], 2.78, 1.2, 2.86, 1.2, 2.88, 1.8, 2.76, 1.8),
  round("tree", [84, 128, 78], 2.82, 1.0, 0.36),
  round("tree", [96, 142, 86], 2.68, 1.12, 0.22),
  shape("pole", [70, 72, 76], 0.62, 0.2, 0.67, 0.2, 0.68, 2.1, 0.61, 2.1),
  shape("pole", [70, 72, 76], 0.62, 0.2, 1.0, 0.24, 1.0, 0.29, 0.62, 0.26),
  shape("car", [176, 58, 52], 2.2, 2.12, 2.32, 1.88, 2.82, 1.88, 2.96, 2.12, 3.06, 2.4, 2.14, 2.4),
  shape("car", [186, 206, 218], 2.3, 2.1, 2.37, 1.93, 2.78, 1.93, 2.86, 2.1),
  round("car", [40, 42, 46], 2.32, 2.4, 0.1),
  round("car", [40, 42, 46], 2.9, 2.4, 0.1),
  shape(
    "car",
    [60, 96, 150],
    1.55,
    1.74,
    1.6,
    1.64,
    1.84,
    1.64,
    1.88,
    1.74,
    1.88,
    1.84,
    1.55,
    1.84,
  ),
  shape("person", [62, 60, 92], 0.95, 1.75, 1.11, 1.75, 1.14, 2.1, 1.1, 2.5, 0.97, 2.5, 0.92, 2.1),
  round("person", [214, 172, 146], 1.03, 1.66, 0.09),
];

const names = [...new Set(shapes.map(({ of }) => of))];

/** Well apart for people who see few colours, and fit for both themes. */
const classColours: readonly string[] = [
  "#86b6dc",
  "#5f9e58",
  "#b8876a",
  "#c9b79f",
  "#7c7f8c",
  "#4d4f57",
  "#d0563f",
  "#e0b13c",
];

export const WIDTH = 4;
export const HEIGHT = 3;

/** A shape as an SVG path with its colour in the picture, or that of its class. */
export const scenePaths = (as: "picture" | "classes") =>
  shapes.map(({ of, colour, corners }) => {
    const points = corners.map((at, i) => `${i % 2 === 0 ? (i === 0 ? "M" : "L") : ""}${at}`);
    const own = `rgb(${colour.join(",")})`;
    const fill = as === "picture" ? own : (classColours[names.indexOf(of)] ?? own);
    return { d: `${points.join(" ")}Z`, fill };
  });

/** The picture as bytes, with a label index for each pixel. */
export const scenePixels = (height: number, width: number): Labelled => {
  const image = new Uint8Array(3 * height * width);
  const labels = new Uint8Array(height * width).fill(255);
  for (const { of, colour, corners } of shapes) {
    const label = names.indexOf(of);
    for (let y = 0; y < height; y++)
      for (const [from, to] of spans(corners, ((y + 0.5) * HEIGHT) / height)) {
        const start = Math.max(0, Math.ceil((from * width) / WIDTH - 0.5));
        const end = Math.min(width, Math.ceil((to * width) / WIDTH - 0.5));
        for (let x = start; x < end; x++) {
          labels[y * width + x] = label;
          image.set(grained(colour, x, y), 3 * (y * width + x));
        }
      }
  }
  return { image, labels, height, width };
};

/** Where a line of the picture lies in a shape, from left to right. */
const spans = (corners: readonly number[], y: number): readonly (readonly [number, number])[] => {
  const crossings: number[] = [];
  for (let i = 0; i < corners.length; i += 2) {
    const at = (k: number) => corners[k % corners.length] ?? 0;
    const [x0, y0, x1, y1] = [at(i), at(i + 1), at(i + 2), at(i + 3)];
    if (y0 <= y !== y1 <= y) crossings.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
  }
  const sorted = crossings.toSorted((a, b) => a - b);
  return sorted.flatMap((from, i) => (i % 2 === 0 ? [[from, sorted[i + 1] ?? from] as const] : []));
};

/** A little texture, so that blur and scale can be seen: the same at the same place. */
const grained = (colour: Rgb, x: number, y: number): Rgb => {
  const grain = (Math.imul(x * 374761393 + y * 668265263, 1274126177) >>> 24) / 16 - 8;
  const [red, green, blue] = colour;
  const light = (value: number) => Math.max(0, Math.min(255, Math.round(value + grain)));
  return [light(red), light(green), light(blue)];
};
