// @ts-check
/** Shapes and a painter's canvas: shapes with a colour and a class enter, RGB pixels and their labels leave. */

/** @typedef {readonly [red: number, green: number, blue: number]} Colour */
/** @typedef {readonly [x: number, y: number]} Point */

/**
 * Signed distance to the outline in pixels, negative inside, and the box outside of which nothing shows.
 * @typedef {object} Shape
 * @property {(x: number, y: number) => number} distance
 * @property {readonly [left: number, top: number, right: number, bottom: number]} bounds
 */

/**
 * A square picture: `rgb` is `[size, size, 3]` on the 0–255 scale, `label` is `[size, size]`.
 * @typedef {{readonly size: number, readonly rgb: Float32Array, readonly label: Uint8Array}} Canvas
 */

/**
 * How a shape is laid down.
 * @typedef {object} Paint
 * @property {Colour | ((x: number, y: number) => Colour)} colour
 * @property {number} [label] the class; without it the class beneath stays
 * @property {number} [opacity] 1 hides the colour beneath
 * @property {number} [soft] pixels over which the outline fades; 1 is plain antialiasing
 */

/** @param {number} size @returns {Canvas} */
export const canvas = (size) => ({
  size,
  rgb: new Float32Array(size * size * 3),
  label: new Uint8Array(size * size),
});

/**
 * Lays `shape` over what is there. A pixel has the shape's label when its centre lies inside.
 * @param {Canvas} on @param {Shape} shape @param {Paint} paint
 */
export function paint(
  { size, rgb, label: labels },
  shape,
  { colour, label, opacity = 1, soft = 1 },
) {
  const [left, top, right, bottom] = shape.bounds;
  const first = (/** @type {number} */ start) => Math.max(0, Math.floor(start - soft));
  const last = (/** @type {number} */ end) => Math.min(size - 1, Math.ceil(end + soft));
  for (let y = first(top); y <= last(bottom); y++)
    for (let x = first(left); x <= last(right); x++) {
      const distance = shape.distance(x, y);
      const cover = opacity * Math.min(1, Math.max(0, 0.5 - distance / soft));
      if (cover === 0) continue;
      const at = y * size + x;
      const ink = typeof colour === "function" ? colour(x, y) : colour;
      for (let c = 0; c < 3; c++) rgb[3 * at + c] += cover * (ink[c] - rgb[3 * at + c]);
      if (label !== undefined && distance < 0) labels[at] = label;
    }
}

/** All that lies below `top`. @param {number} top @returns {Shape} */
export const below = (top) => ({
  distance: (_x, y) => top - y,
  bounds: [0, top, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
});

/**
 * The polygon through `points`, its corners rounded outwards by `radius`.
 * @param {readonly Point[]} points @param {number} [radius] @returns {Shape}
 */
export function polygon(points, radius = 0) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return {
    distance: (x, y) => polygonDistance(points, x, y) - radius,
    bounds: [
      Math.min(...xs) - radius,
      Math.min(...ys) - radius,
      Math.max(...xs) + radius,
      Math.max(...ys) + radius,
    ],
  };
}

/**
 * A rectangle around (x, y), turned by `angle` radians; `radius` rounds its corners within its size.
 * @param {number} x @param {number} y @param {number} width @param {number} height
 * @param {number} [radius] @param {number} [angle]
 */
export function box(x, y, width, height, radius = 0, angle = 0) {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  /** @type {(u: number, v: number) => Point} */
  const corner = (u, v) => [x + u * cos - v * sin, y + u * sin + v * cos];
  const [a, b] = [width / 2 - radius, height / 2 - radius];
  return polygon([corner(-a, -b), corner(a, -b), corner(a, b), corner(-a, b)], radius);
}

/**
 * An ellipse; the distance is exact on its outline and to first order beside it, which antialiasing needs.
 * @param {number} x @param {number} y @param {number} a @param {number} b @returns {Shape}
 */
export const ellipse = (x, y, a, b) => ({
  distance: (px, py) => {
    const u = (px - x) / a;
    const v = (py - y) / b;
    const slope = Math.hypot(u / a, v / b);
    return slope === 0 ? -Math.min(a, b) : (u * u + v * v - 1) / (2 * slope);
  },
  bounds: [x - a, y - b, x + a, y + b],
});

/**
 * Distance to the nearest edge; the sign from the parity of the edges that a ray to the right crosses.
 * @param {readonly Point[]} points @param {number} x @param {number} y
 */
function polygonDistance(points, x, y) {
  let nearest = Number.POSITIVE_INFINITY;
  let inside = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [from, to] = [points[j], points[i]];
    const ex = to[0] - from[0];
    const ey = to[1] - from[1];
    const px = x - from[0];
    const py = y - from[1];
    const along = Math.min(1, Math.max(0, (px * ex + py * ey) / (ex * ex + ey * ey || 1)));
    nearest = Math.min(nearest, (px - along * ex) ** 2 + (py - along * ey) ** 2);
    if (py < 0 !== py < ey && px < (py / ey) * ex) inside = !inside;
  }
  return inside ? -Math.sqrt(nearest) : Math.sqrt(nearest);
}

/** `t` of the way from `a` to `b`. @param {Colour} a @param {Colour} b @param {number} t @returns {Colour} */
export const mix = (a, b, t) => [
  a[0] + t * (b[0] - a[0]),
  a[1] + t * (b[1] - a[1]),
  a[2] + t * (b[2] - a[2]),
];

/** Rounded half up, and kept in 0…255. @param {Float32Array} rgb */
export const toBytes = (rgb) =>
  Uint8Array.from(rgb, (value) => Math.max(0, Math.min(255, Math.floor(value + 0.5))));
