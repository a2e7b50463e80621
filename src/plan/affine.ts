/** Affine maps of the plane in pixel indices, where the first pixel's centre is (0, 0); maps enter, one map leaves. */

/** `(x, y) → (a·x + b·y + c, d·x + e·y + f)`. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export const identity: Affine = [1, 0, 0, 0, 1, 0];

/** First `inner`, then `outer`. */
export const compose = (outer: Affine, inner: Affine): Affine => {
  const [a, b, c, d, e, f] = outer;
  const [p, q, r, s, t, u] = inner;
  return [
    a * p + b * s,
    a * q + b * t,
    a * r + b * u + c,
    d * p + e * s,
    d * q + e * t,
    d * r + e * u + f,
  ];
};

export const shift = (x: number, y: number): Affine => [1, 0, x, 0, 1, y];

/** Mirrors the columns of an image of this width. */
export const mirror = (width: number): Affine => [-1, 0, width - 1, 0, 1, 0];

/** From an image enlarged by (x, y) back to the image: pixel areas scale, not centres, as in `cv2.resize`. */
export const shrink = (x: number, y: number): Affine => [
  1 / x,
  0,
  0.5 / x - 0.5,
  0,
  1 / y,
  0.5 / y - 0.5,
];

/** Turns about (x, y), clockwise as seen on a screen where y points down. */
export function turn(degrees: number, x: number, y: number): Affine {
  const radians = (degrees * Math.PI) / 180;
  const [cos, sin] = [sine(Math.PI / 2 - radians), sine(radians)];
  return [cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y];
}

/** sin x for |x| ≤ 3π/2 by its series: `Math.sin` may differ in the last bit between machines. */
function sine(x: number): number {
  let [term, sum] = [x, x];
  for (let k = 2; k < 36; k += 2) {
    term *= (-x * x) / (k * (k + 1));
    sum += term;
  }
  return sum;
}

export const apply = ([a, b, c, d, e, f]: Affine, x: number, y: number): [number, number] => [
  a * x + b * y + c,
  d * x + e * y + f,
];
