/**
 * Images cut into blocks of pixels, by the phase of the dilation that they belong to: a dilated convolution is one plain
 * convolution for each phase, and Winograd's tiles are such blocks too.
 */

import { getOrElse, none, type Option, some } from "fp-ts/lib/Option.js";
import {
  apply,
  padding as around,
  convolution,
  pad,
  reshape,
  slice,
  transpose,
} from "../graph/compose.js";
import { type Node, shapeOf, sizesOf, type Window } from "../graph/op.js";
import { ofRank, type Shape, type Sizes } from "../graph/type.js";
import type { Rewrite } from "./rewrite.js";

/** Blocks of tile×tile pixels, each `dilation` apart: `rows`×`columns` of them in each of dilation² phases an image. */
export interface Grid {
  readonly tile: number;
  readonly dilation: number;
  readonly images: number;
  readonly rows: number;
  readonly columns: number;
}

/** As many blocks as cover `[N, H, W, C]`. */
export const gridOver = ([images, h, w]: Sizes[4], tile: number, dilation: number): Grid => ({
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
  const [n, h, w, c] = sizesOf(x, 4);
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
  const [rows, columns, c] = ofRank(shapeOf(blocks).slice(3), 3);
  const apart = reshape(blocks, [tile, tile, dilation, dilation, images, rows, columns, c]);
  const inOrder = transpose(apart, [4, 5, 0, 2, 6, 1, 3, 7]);
  const step = tile * dilation;
  return slice(
    reshape(inOrder, [images, rows * step, columns * step, c]),
    [0, top, left, 0],
    shape,
  );
};

const plain: Window = { stride: 1, dilation: 1, padding: around(0) };

const isOurs = ([kh, kw]: Sizes[4], { stride, dilation }: Window): boolean =>
  kh === kw && stride === 1 && dilation > 1;

/** One picture a phase: `[phases, rows, columns, C]`. */
const pictures = (blocks: Node): Node => reshape(blocks, shapeOf(blocks).slice(2));
const blocksOf = (images: Node): Node => reshape(images, [1, 1, ...shapeOf(images)]);

const shown = (x: Node, grid: Grid, padding: Window["padding"], size: number): Node =>
  pictures(inBlocks(x, grid, padding, size - 1));

const unstrided = (node: Node): Option<Node> => {
  if (node.op === "convolution") {
    const { attributes, args } = node;
    const [x, kernel] = args;
    const sizes = sizesOf(kernel, 4);
    if (!isOurs(sizes, attributes)) return none;
    const grid = gridOver(sizesOf(node, 4), 1, attributes.dilation);
    const met = shown(x, grid, attributes.padding, sizes[0]);
    const y = convolution(met, kernel, plain);
    return some(fromBlocks(blocksOf(y), grid, { top: 0, left: 0 }, shapeOf(node)));
  }
  if (node.op === "convolutionKernelGradient") {
    const { attributes, args } = node;
    const [x, dy] = args;
    const sizes = ofRank(attributes.shape, 4);
    if (!isOurs(sizes, attributes)) return none;
    const grid = gridOver(sizesOf(dy, 4), 1, attributes.dilation);
    const met = shown(x, grid, attributes.padding, sizes[0]);
    const inPhases = pictures(inBlocks(dy, grid, { top: 0, left: 0 }, 0));
    return some(apply(node.op, { ...plain, shape: attributes.shape }, [met, inPhases]));
  }
  if (node.op !== "convolutionInputGradient") return none;
  const { attributes, args } = node;
  const [kernel, dy] = args;
  const sizes = sizesOf(kernel, 4);
  if (!isOurs(sizes, attributes)) return none;
  const grid = gridOver(sizesOf(dy, 4), 1, attributes.dilation);
  const inPhases = pictures(inBlocks(dy, grid, { top: 0, left: 0 }, 0));
  const [n, rows, columns] = sizesOf(inPhases, 4);
  const [size, , c] = sizes;
  const shape = [n, rows + size - 1, columns + size - 1, c];
  const dx = apply(node.op, { ...plain, shape }, [kernel, inPhases]);
  return some(fromBlocks(blocksOf(dx), grid, attributes.padding, attributes.shape));
};

/**
 * What a kernel meets whose stride divides its dilation: every stride-th pixel, `[N, ⌈H/s⌉, ⌈W/s⌉, C]`, on which it has
 * no stride, and so much less dilation.
 */
const everyPixel = (x: Node, { stride: s, padding: p }: Window): Node => {
  const [n, h, w, c] = sizesOf(x, 4);
  const [rows, columns] = [
    Math.ceil((h + p.top + p.bottom) / s),
    Math.ceil((w + p.left + p.right) / s),
  ];
  const [below, right] = [rows * s - h - p.top, columns * s - w - p.left];
  const whole = pad(x, [0, p.top, p.left, 0], [0, below, right, 0]);
  const cut = reshape(whole, [n, rows, s, columns, s, c]);
  return reshape(slice(cut, [0, 0, 0, 0, 0, 0], [n, rows, 1, columns, 1, c]), [
    n,
    rows,
    columns,
    c,
  ]);
};

/** Its transpose: zeros between the pixels, and the part of `shape` that they are of. */
const spread = (x: Node, { stride: s, padding: { top, left } }: Window, shape: Shape): Node => {
  const [n, rows, columns, c] = sizesOf(x, 4);
  const apart = reshape(x, [n, rows, 1, columns, 1, c]);
  const between = pad(apart, [0, 0, 0, 0, 0, 0], [0, 0, s - 1, 0, s - 1, 0]);
  return slice(reshape(between, [n, rows * s, columns * s, c]), [0, top, left, 0], shape);
};

const orItself = (node: Node): Node => getOrElse(() => node)(unstrided(node));

const byPhases = (node: Node): Option<Node> => {
  if (!isLayerOp(node)) return none;
  const { stride, dilation } = node.attributes;
  if (stride === 1) return unstrided(node);
  if (dilation === 1 || dilation % stride !== 0) return none;
  const window = { ...plain, dilation: dilation / stride };
  if (node.op === "convolution") {
    const [x, kernel] = node.args;
    return some(orItself(convolution(everyPixel(x, node.attributes), kernel, window)));
  }
  const { shape } = node.attributes;
  if (node.op === "convolutionKernelGradient") {
    const [x, dy] = node.args;
    const met = everyPixel(x, node.attributes);
    return some(orItself(apply(node.op, { ...window, shape }, [met, dy])));
  }
  const [kernel, dy] = node.args;
  const [n, rows, columns] = sizesOf(dy, 4);
  const [kh, kw, c] = sizesOf(kernel, 4);
  const reach = (size: number): number => window.dilation * (size - 1);
  const inner = [n, rows + reach(kh), columns + reach(kw), c];
  const dx = orItself(apply(node.op, { ...window, shape: inner }, [kernel, dy]));
  return some(spread(dx, node.attributes, shape));
};

const isLayerOp = (
  node: Node,
): node is Extract<
  Node,
  { op: "convolution" | "convolutionInputGradient" | "convolutionKernelGradient" }
> =>
  node.op === "convolution" ||
  node.op === "convolutionInputGradient" ||
  node.op === "convolutionKernelGradient";

export const spaceToBatch: Rewrite = {
  name: "space-to-batch",
  law: "a convolution dilated by d is a plain one over each of the image's d² phases; with a stride that divides d, over those phases that it meets",
  rule: byPhases,
};
