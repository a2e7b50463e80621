/** A kernel and an order of its axes enter; the same numbers in that order leave. */

import type { Tensor } from "./numbers.js";

type Axes = readonly [number, number, number, number];

/** Axis i of the result is axis `order[i]` of a tensor of four axes. */
export const transposed = (
  { shape, data }: Tensor,
  order: Axes,
): { readonly shape: readonly number[]; readonly data: Float32Array } => {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const [a, b, c, d] = order.map((axis) => shape[axis]!) as [number, number, number, number];
  const [p, q, r, s] = order.map((axis) => strides[axis]!) as [number, number, number, number];
  const out = new Float32Array(data.length);
  let at = 0;
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++) {
        const from = i * p + j * q + k * r;
        for (let l = 0; l < d; l++) out[at++] = data[from + l * s]!;
      }
  return { shape: [a, b, c, d], data: out };
};
