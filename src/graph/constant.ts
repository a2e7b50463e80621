/** Constants by meaning, so that a graph prints and hashes without megabytes, and the numbers that they stand for. */

import { invariant } from "../diagnostic/invariant.js";
import { product, type Shape } from "./type.js";
import { type Side, type Tile, winogradMatrix } from "./winograd.js";

export type Content =
  | { readonly kind: "fill"; readonly value: number }
  | { readonly kind: "values"; readonly values: readonly number[] }
  /**
   * Adaptive average pooling of an h×w map into every bin, as a matrix `[Σ bin², h·w]`: row (i, j) of a bin is
   * 1/area on its cell (PyTorch's `AdaptivePooling.h`).
   */
  | {
      readonly kind: "pooling";
      readonly bins: readonly number[];
      readonly height: number;
      readonly width: number;
    }
  /** Bilinear resampling along one axis, `[n, size]`; without aligned corners the areas' corners coincide. */
  | {
      readonly kind: "interpolation";
      readonly size: number;
      readonly n: number;
      readonly alignCorners: boolean;
    }
  /**
   * Bilinear upsampling of small maps to height × width, shifted by each tap of a kernel whose window starts `offset`
   * before its pixel: `[height·width, Σ taps·h·w]`, columns by map, then tap, then small pixel. Outside the map is 0.
   */
  | {
      readonly kind: "taps";
      readonly sizes: readonly (readonly [height: number, width: number])[];
      readonly kernel: readonly [height: number, width: number];
      readonly offset: readonly [top: number, left: number];
      readonly height: number;
      readonly width: number;
      readonly alignCorners: boolean;
    }
  /** The same along one axis of `n` pixels: `[n, Σ taps·size]`, columns by map, then tap, then small pixel. */
  | {
      readonly kind: "axis taps";
      readonly sizes: readonly number[];
      readonly taps: number;
      readonly offset: number;
      readonly n: number;
      readonly alignCorners: boolean;
    }
  /** Rows or columns of a map repeated so that adaptive cells of `bins` get one length: `[bins·length, size]`. */
  | { readonly kind: "cells"; readonly bins: number; readonly size: number }
  /** A transform of Winograd's in two dimensions. */
  | { readonly kind: "winograd"; readonly tile: Tile; readonly side: Side };

export type Pooling = Extract<Content, { kind: "pooling" }>;
export type AxisTaps = Extract<Content, { kind: "axis taps" }>;

/** Cell i of `bins` over n: [⌊i·n/bins⌋, ⌈(i+1)·n/bins⌉). Cells overlap where bins does not divide n. */
export const cell = (
  index: number,
  bins: number,
  n: number,
): readonly [start: number, end: number] => [
  Math.floor((index * n) / bins),
  Math.ceil(((index + 1) * n) / bins),
];

const indices = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Longest cell of `bins` over n. */
export const cellLength = (bins: number, n: number): number =>
  Math.max(...indices(bins).map((i) => cell(i, bins, n)[1] - cell(i, bins, n)[0]));

/** Source row of each repeated row; a shorter cell repeats its last row, which a maximum does not notice. */
export const cellRows = (bins: number, n: number): number[] => {
  const length = cellLength(bins, n);
  return indices(bins).flatMap((i) => {
    const [start, end] = cell(i, bins, n);
    return indices(length).map((k) => Math.min(start + k, end - 1));
  });
};

const poolingMatrix = (bins: readonly number[], height: number, width: number): Float32Array => {
  const rows = bins.reduce((sum, bin) => sum + bin * bin, 0);
  const matrix = new Float32Array(rows * height * width);
  let row = 0;
  for (const bin of bins) {
    for (let i = 0; i < bin; i++) {
      const [top, bottom] = cell(i, bin, height);
      for (let j = 0; j < bin; j++, row++) {
        const [left, right] = cell(j, bin, width);
        const share = 1 / ((bottom - top) * (right - left));
        for (let y = top; y < bottom; y++) {
          const start = (row * height + y) * width;
          matrix.fill(share, start + left, start + right);
        }
      }
    }
  }
  return matrix;
};

const selectionMatrix = (bins: number, size: number): Float32Array => {
  const rows = cellRows(bins, size);
  const matrix = new Float32Array(rows.length * size);
  rows.forEach((source, row) => {
    matrix[row * size + source] = 1;
  });
  return matrix;
};

const addAt = (matrix: Float32Array, index: number, value: number): void => {
  matrix[index] = (matrix[index] ?? 0) + value;
};

/** Bilinear weights of n outputs over `size` inputs, `[n, size]`, as TensorFlow's and PyTorch's kernels have them. */
const interpolation = (size: number, n: number, alignCorners: boolean): Float32Array => {
  const matrix = new Float32Array(n * size);
  const ratio = alignCorners ? (n > 1 ? (size - 1) / (n - 1) : 0) : size / n;
  for (let i = 0; i < n; i++) {
    const at = alignCorners ? i * ratio : Math.max(0, (i + 0.5) * ratio - 0.5);
    const low = Math.min(Math.floor(at), size - 1);
    addAt(matrix, i * size + low, 1 - (at - low));
    addAt(matrix, i * size + Math.min(low + 1, size - 1), at - low);
  }
  return matrix;
};

/** Output rows whose window's row `tap` lies inside the map: row y of the map stands at output y + offset − tap. */
const shiftedRows = (
  upsampling: Float32Array,
  size: number,
  n: number,
  shift: number,
): Float32Array => {
  const shifted = new Float32Array(n * size);
  for (let i = 0; i < n; i++) {
    const source = i + shift;
    if (source < 0 || source >= n) continue;
    shifted.set(upsampling.subarray(source * size, (source + 1) * size), i * size);
  }
  return shifted;
};

type Taps = Extract<Content, { kind: "taps" }>;

/** Writes the product of a column of row weights and a row of column weights: one map, one tap. */
const writeTap = (
  matrix: Float32Array,
  columns: number,
  first: number,
  rows: Float32Array,
  cols: Float32Array,
  of: Taps,
  [h, w]: readonly [number, number],
): void => {
  for (let y = 0; y < of.height; y++) {
    rows.subarray(y * h, (y + 1) * h).forEach((weight, p) => {
      if (weight === 0) return;
      for (let x = 0; x < of.width; x++) {
        const base = (y * of.width + x) * columns + first + p * w;
        for (let q = 0; q < w; q++) matrix[base + q] = weight * (cols[x * w + q] ?? 0);
      }
    });
  }
};

const tapsMatrix = (of: Taps): Float32Array => {
  const [kh, kw] = of.kernel;
  const columns = of.sizes.reduce((sum, [h, w]) => sum + kh * kw * h * w, 0);
  const matrix = new Float32Array(of.height * of.width * columns);
  let first = 0;
  for (const size of of.sizes) {
    const down = interpolation(size[0], of.height, of.alignCorners);
    const across = interpolation(size[1], of.width, of.alignCorners);
    for (let i = 0; i < kh; i++) {
      const rows = shiftedRows(down, size[0], of.height, i - of.offset[0]);
      for (let j = 0; j < kw; j++, first += size[0] * size[1]) {
        const cols = shiftedRows(across, size[1], of.width, j - of.offset[1]);
        writeTap(matrix, columns, first, rows, cols, of, size);
      }
    }
  }
  return matrix;
};

const axisTapsMatrix = ({ sizes, taps, offset, n, alignCorners }: AxisTaps): Float32Array => {
  const columns = sizes.reduce((sum, size) => sum + taps * size, 0);
  const matrix = new Float32Array(n * columns);
  let first = 0;
  for (const size of sizes) {
    const upsampling = interpolation(size, n, alignCorners);
    for (let tap = 0; tap < taps; tap++, first += size) {
      const rows = shiftedRows(upsampling, size, n, tap - offset);
      for (let i = 0; i < n; i++)
        matrix.set(rows.subarray(i * size, (i + 1) * size), i * columns + first);
    }
  }
  return matrix;
};

const numbersOf = (content: Content, shape: Shape): ArrayLike<number> => {
  switch (content.kind) {
    case "fill":
      return new Float32Array(product(shape)).fill(content.value);
    case "values":
      return content.values;
    case "pooling":
      return poolingMatrix(content.bins, content.height, content.width);
    case "cells":
      return selectionMatrix(content.bins, content.size);
    case "interpolation":
      return interpolation(content.size, content.n, content.alignCorners);
    case "taps":
      return tapsMatrix(content);
    case "axis taps":
      return axisTapsMatrix(content);
    case "winograd":
      return winogradMatrix(content.tile, content.side);
  }
};

/** The numbers of a constant, row by row. */
export const valuesOf = (content: Content, shape: Shape): ArrayLike<number> => {
  const values = numbersOf(content, shape);
  invariant(
    values.length === product(shape),
    () => `a ${content.kind} constant does not fill [${shape}]`,
  );
  return values;
};
