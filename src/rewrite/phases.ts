/**
 * Images cut into blocks: an image and a grid enter; its pixels leave, by their place in the block and by the phase of
 * the dilation that they belong to. A dilated convolution is one plain convolution a phase.
 */

import { pad, reshape, slice, transpose } from "../graph/compose.js";
import { type Node, shapeOf } from "../graph/op.js";
import type { Shape } from "../graph/type.js";

/** Blocks of tile×tile pixels, each `dilation` apart: `rows`×`columns` of them in each of dilation² phases an image. */
export interface Grid {
  readonly tile: number;
  readonly dilation: number;
  readonly images: number;
  readonly rows: number;
  readonly columns: number;
}

/** As many blocks as cover `[N, H, W, …]`. */
export const gridOver = ([images, h, w]: Shape, tile: number, dilation: number): Grid => ({
  tile,
  dilation,
  images,
  rows: Math.ceil(h / (tile * dilation)),
  columns: Math.ceil(w / (tile * dilation)),
});

/** Images that each have one phase. */
export const phases = ({ dilation, images }: Grid): number => dilation * dilation * images;

/** Blocks of all phases. */
export const blockCount = (grid: Grid): number => phases(grid) * grid.rows * grid.columns;

/**
 * `[N, H, W, C]` → `[tile, tile, phases, rows, columns, C]`, zeros around: `top` and `left` before the image, and to
 * `more` blocks after those that the grid has.
 */
export const inBlocks = (
  x: Node,
  grid: Grid,
  { top, left }: { readonly top: number; readonly left: number },
  more: number,
): Node => {
  const [n, h, w, c] = shapeOf(x);
  const { tile, dilation } = grid;
  const [rows, columns] = [grid.rows + more, grid.columns + more];
  const step = tile * dilation;
  const [bottom, right] = [rows * step - h - top, columns * step - w - left];
  const around = pad(x, [0, top, left, 0], [0, bottom, right, 0]);
  const cut = reshape(around, [n, rows, tile, dilation, columns, tile, dilation, c]);
  const byPlace = transpose(cut, [2, 5, 3, 6, 0, 1, 4, 7]);
  return reshape(byPlace, [tile, tile, phases(grid), rows, columns, c]);
};

/** The inverse: `[tile, tile, phases, rows, columns, C]` → the part of `shape` that begins at `top` and `left`. */
export const fromBlocks = (
  blocks: Node,
  { tile, dilation, images }: Grid,
  { top, left }: { readonly top: number; readonly left: number },
  shape: Shape,
): Node => {
  const [, , , rows, columns, c] = shapeOf(blocks);
  const apart = reshape(blocks, [tile, tile, dilation, dilation, images, rows, columns, c]);
  const inOrder = transpose(apart, [4, 5, 0, 2, 6, 1, 3, 7]);
  const step = tile * dilation;
  return slice(
    reshape(inOrder, [images, rows * step, columns * step, c]),
    [0, top, left, 0],
    shape,
  );
};
