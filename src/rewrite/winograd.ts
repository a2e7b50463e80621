/**
 * Winograd's convolutions: a 3×3 convolution without stride, or a gradient of one, as one product of matrices for each
 * place of a tile. That takes 2.25 or 4 times fewer multiply-accumulates, between transforms that only add.
 *
 * A dilated convolution is one convolution for every phase of its dilation, so that phases count as pictures.
 */

import { pipe } from "fp-ts/lib/function.js";
import { map, none, type Option, some } from "fp-ts/lib/Option.js";
import {
  after,
  broadcast,
  cast,
  concat,
  constant,
  convolution,
  depthwise,
  matmul,
  onArgs,
  pad,
  padding,
  reshape,
  slice,
  transpose,
} from "../graph/compose.js";
import {
  type Node,
  type NodeOf,
  type Padding,
  shapeOf,
  sizesOf,
  typeOf,
  type Window,
} from "../graph/op.js";
import { ofRank, product, type Shape, type Sizes } from "../graph/type.js";
import { inputFilters, pieces, type Side, type Tile, winogradMatrix } from "../graph/winograd.js";
import { blockCount, fromBlocks, type Grid, gridOver, inBlocks, phases } from "./phases.js";
import { opposite } from "./products.js";
import type { Rewrite } from "./rewrite.js";

/** How many places a tile of the input has. */
export const placesOf = (tile: Tile): number => (tile + 2) ** 2;

const matrix = (tile: Tile, side: Side): Node => {
  const places = placesOf(tile);
  const shape: Readonly<Record<Side, Shape>> = {
    input: [places, places],
    kernel: [places, 9],
    "turned kernel": [places, 9],
    output: [tile * tile, places],
  };
  return constant({ kind: "winograd", tile, side }, "f32", ...shape[side]);
};

/** Overlapping tiles of x, transformed: `[(tile+2)², tiles, C]`. */
export const inputTiles = (x: Node, tile: Tile, grid: Grid, before: Padding): Node => {
  const { rows, columns } = grid;
  const cut = inBlocks(x, grid, before, 1);
  const [, , , c] = sizesOf(x, 4);
  const parts = pieces(tile).map(({ after, planes }) => {
    const met = slice(cut, [0, 0, 0, ...after, 0], [...planes, phases(grid), rows, columns, c]);
    return reshape(met, [product(planes), blockCount(grid) * c]);
  });
  const tiles = matmul(matrix(tile, "input"), concat(parts, 0));
  return reshape(tiles, [placesOf(tile), blockCount(grid), c]);
};

/**
 * `[3, 3, C, K]` → `[(tile+2)², C, K]`. Weights are there when a step begins: whoever asks for this waits with it, so
 * that not all layers' are alive at once.
 */
export const kernelTiles = (kernel: Node, tile: Tile, side: "kernel" | "turned kernel"): Node => {
  const [, , c, k] = sizesOf(kernel, 4);
  const taps = reshape(kernel, [9, c * k]);
  return reshape(matmul(matrix(tile, side), taps), [placesOf(tile), c, k]);
};

/**
 * Images whose padding is a whole number of pixels of each phase: `[phases, rows, columns, C]`, and how many zeros are
 * still missing before them.
 */
const phasesOf = (
  x: Node,
  { dilation: d, padding: { top, left } }: Window,
): { readonly images: Node; readonly top: number; readonly left: number } => {
  if (d === 1) return { images: x, top, left };
  const [n, h, w, c] = sizesOf(x, 4);
  const [above, before] = [top % d, left % d];
  const [rows, columns] = [Math.ceil((h + above) / d), Math.ceil((w + before) / d)];
  const around = pad(
    x,
    [0, above, before, 0],
    [0, rows * d - h - above, columns * d - w - before, 0],
  );
  const cut = transpose(reshape(around, [n, rows, d, columns, d, c]), [2, 4, 0, 1, 3, 5]);
  const images = reshape(cut, [d * d * n, rows, columns, c]);
  return { images, top: (top - above) / d, left: (left - before) / d };
};

/**
 * One map a place of a tile, `[phases, rows, columns, C]` each: a depthwise convolution that steps from tile to tile is
 * the input's transform.
 */
const filtered = (
  x: Node,
  window: Window,
  tile: Tile,
  { rows, columns }: Grid,
): readonly Node[] => {
  const { images, top, left } = phasesOf(x, window);
  const [, h, w, c] = sizesOf(images, 4);
  const size = tile + 2;
  const padding = {
    top,
    left,
    bottom: tile * rows + 2 - top - h,
    right: tile * columns + 2 - left - w,
  };
  return inputFilters(tile).map((values) => {
    const filter = constant({ kind: "values", values }, "f32", size, size, 1, 1);
    const kernel = broadcast(filter, [size, size, 1, c]);
    return depthwise(images, kernel, { stride: tile, dilation: 1, padding });
  });
};

/** Products of all places `[phases, rows, columns, (tile+2)²·K]` → the image `[N, H, W, K]`. */
const assembled = (products: Node, tile: Tile, grid: Grid, [n, h, w, k]: Sizes[4]): Node => {
  const { dilation: d, rows, columns } = grid;
  const byPlace = reshape(products, [blockCount(grid), placesOf(tile), k]);
  const blocks = matmul(matrix(tile, "output"), byPlace);
  const apart = reshape(blocks, [d, d, n, rows, columns, tile, tile, k]);
  const inOrder = transpose(apart, [2, 3, 5, 0, 4, 6, 1, 7]);
  const whole = reshape(inOrder, [n, rows * tile * d, columns * tile * d, k]);
  return slice(whole, [0, 0, 0, 0], [n, h, w, k]);
};

/** By itself, so that no runtime copies all places to make one. */
const kernelRow = (tile: Tile, place: number): Node => {
  const values = winogradMatrix(tile, "kernel").slice(9 * place, 9 * place + 9);
  return constant({ kind: "values", values }, "f32", 1, 9);
};

const byFilters =
  (tile: Tile, isWorthIt: (sizes: Sizes[4]) => boolean) =>
  (node: Node): Option<Node> => {
    if (node.op !== "convolution") return none;
    const { attributes, args } = node;
    const [x, kernel] = args;
    const sizes = sizesOf(kernel, 4);
    if (!isOurs(sizes, attributes) || !isWorthIt(sizes)) return none;
    const [, , c, k] = sizes;
    const grid = gridOver(sizesOf(node, 4), tile, attributes.dilation);
    const taps = reshape(after(kernel, x), [9, c * k]);
    const pointwise = { stride: 1, dilation: 1, padding: padding(0) };
    const products = filtered(x, attributes, tile, grid).map((map, place) =>
      convolution(map, reshape(matmul(kernelRow(tile, place), taps), [1, 1, c, k]), pointwise),
    );
    return some(assembled(concat(products, 3), tile, grid, sizesOf(node, 4)));
  };

/**
 * The same where convolutions, plain and depthwise, are the fastest kernels, for kernels that are `isWorthIt`: all but the
 * last transform are layers.
 */
export const winogradByFilters = (
  tile: Tile,
  isWorthIt: (kernel: Sizes[4]) => boolean,
): Rewrite => ({
  name: `winograd-${tile}-by-filters`,
  law: `the transform Bᵀ·x·B of every tile of ${tile}×${tile} is a depthwise convolution with stride ${tile} for each of its places, and the products are 1×1 convolutions`,
  rule: byFilters(tile, isWorthIt),
});

/** Products `[(tile+2)², tiles, K]` → the image `[N, H, W, K]`. */
export const outputOf = (products: Node, tile: Tile, grid: Grid, shape: Shape): Node => {
  const [places, tiles, k] = sizesOf(products, 3);
  const flat = matmul(matrix(tile, "output"), reshape(products, [places, tiles * k]));
  const blocks = reshape(flat, [tile, tile, phases(grid), grid.rows, grid.columns, k]);
  return fromBlocks(blocks, grid, { top: 0, left: 0 }, shape);
};

const isOurs = ([kh, kw]: Sizes[4], { stride, padding, dilation }: Window): boolean =>
  kh === 3 &&
  kw === 3 &&
  stride === 1 &&
  Object.values(padding).every((n) => n >= 0 && n <= 2 * dilation);

const convolutionIn = (node: NodeOf<"convolution"> & Node, tile: Tile): Option<Node> => {
  const { attributes, args } = node;
  const [x, kernel] = args;
  if (!isOurs(sizesOf(kernel, 4), attributes)) return none;
  const grid = gridOver(sizesOf(node, 4), tile, attributes.dilation);
  const tiles = inputTiles(x, tile, grid, attributes.padding);
  const products = matmul(tiles, kernelTiles(after(kernel, x), tile, "kernel"));
  return some(outputOf(products, tile, grid, shapeOf(node)));
};

const inputGradientIn = (node: NodeOf<"convolutionInputGradient">, tile: Tile): Option<Node> => {
  const { attributes, args } = node;
  const [kernel, dy] = args;
  if (!isOurs(sizesOf(kernel, 4), attributes)) return none;
  const grid = gridOver(ofRank(attributes.shape, 4), tile, attributes.dilation);
  const before = opposite(attributes.padding, sizesOf(kernel, 4), attributes.dilation);
  const tiles = inputTiles(dy, tile, grid, before);
  const products = matmul(
    tiles,
    kernelTiles(after(kernel, dy), tile, "turned kernel"),
    false,
    true,
  );
  return some(outputOf(products, tile, grid, attributes.shape));
};

/** What `tiles`, those of the input, and the gradient dy `[N, H, W, K]` make of a kernel of `shape`. */
export const kernelGradientOf = (
  tiles: Node,
  dy: Node,
  tile: Tile,
  grid: Grid,
  shape: Shape,
): Node => {
  const [, , c, k] = ofRank(shape, 4);
  const blocks = inBlocks(dy, grid, { top: 0, left: 0 }, 0);
  const byPlace = reshape(blocks, [tile * tile, blockCount(grid) * k]);
  const spread = matmul(matrix(tile, "output"), byPlace, true);
  const products = matmul(tiles, reshape(spread, [placesOf(tile), blockCount(grid), k]), true);
  const taps = matmul(matrix(tile, "kernel"), reshape(products, [placesOf(tile), c * k]), true);
  return reshape(taps, shape);
};

const kernelGradientIn = (node: NodeOf<"convolutionKernelGradient">, tile: Tile): Option<Node> => {
  const { attributes, args } = node;
  const [x, dy] = args;
  if (!isOurs(ofRank(attributes.shape, 4), attributes)) return none;
  const grid = gridOver(sizesOf(dy, 4), tile, attributes.dilation);
  // Not the forward pass's tiles, which would be kept for this: they are larger than x, and soon made.
  const tiles = inputTiles(after(x, dy), tile, grid, attributes.padding);
  return some(kernelGradientOf(tiles, dy, tile, grid, attributes.shape));
};

const inTiles = (node: Node, tile: Tile): Option<Node> => {
  if (node.op === "convolution") return convolutionIn(node, tile);
  if (node.op === "convolutionInputGradient") return inputGradientIn(node, tile);
  return node.op === "convolutionKernelGradient" ? kernelGradientIn(node, tile) : none;
};

/** Transforms that add in bf16 would round again and again: they add in f32, and the result rounds once, as the layer's does. */
const inTilesOfF32 = (node: Node, tile: Tile): Option<Node> =>
  pipe(
    inTiles(
      onArgs(node, (arg) => cast(arg, "f32")),
      tile,
    ),
    map((wide) => cast(wide, "bf16")),
  );

const ruleFor =
  (tile: Tile) =>
  (node: Node): Option<Node> =>
    typeOf(node).dtype === "bf16" ? inTilesOfF32(node, tile) : inTiles(node, tile);

/** A convolution and its two gradients by tiles of tile×tile outputs. */
export const winograd = (tile: Tile): Rewrite => ({
  name: `winograd-${tile}`,
  law: `without stride, ${tile}×${tile} outputs of a 3×3 kernel are Aᵀ[(G·k·Gᵀ) ⊙ (Bᵀ·x·B)]A, summed over channels before the outer transform; the gradients are its transposes`,
  rule: ruleFor(tile),
});
