/** Constants by meaning, so that a graph prints and hashes without megabytes; what leaves are their numbers. */

import { invariant } from "../diagnostic/invariant.js";
import { product, type Shape } from "./type.js";

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
  /** Rows or columns of a map repeated so that adaptive cells of `bins` get one length: `[bins·length, size]`. */
  | { readonly kind: "cells"; readonly bins: number; readonly size: number };

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

/** The numbers of a constant, row by row. */
export const valuesOf = (content: Content, shape: Shape): ArrayLike<number> => {
  const values =
    content.kind === "fill"
      ? new Float32Array(product(shape)).fill(content.value)
      : content.kind === "values"
        ? content.values
        : content.kind === "pooling"
          ? poolingMatrix(content.bins, content.height, content.width)
          : selectionMatrix(content.bins, content.size);
  invariant(
    values.length === product(shape),
    `a ${content.kind} constant does not fill [${shape}]`,
  );
  return values;
};
