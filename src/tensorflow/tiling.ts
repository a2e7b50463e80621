/**
 * pspc's own kernels for Winograd's tiles (scripts/setup/kernels): which layers they take and at what cost, how many tiles
 * they take at once, and how they are written as TensorFlow's nodes.
 */

import type { Node } from "../graph/op.js";
import { ofRank, type Types } from "../graph/type.js";
import { type Tile, transforms } from "../graph/winograd.js";
import { type Layer, shapesOf } from "../rewrite/forms.js";
import { blockCount, type Grid, gridOver } from "../rewrite/phases.js";
import { placesOf } from "../rewrite/winograd.js";
import { type Attributes, type Emitter, elementType, type TensorName, told } from "./emitter.js";
import type { LegalArguments, LegalOps, Tiling } from "./op.js";
import type { TilingCost } from "./speeds.js";

/** Channels that the kernels take together. */
const BLOCK = 16;
/** Bytes of transformed tiles that they make at once, and the fewest tiles that are worth reading a kernel for. */
const [ROOM, FEWEST] = [48 * 2 ** 20, 96];

/** Whether pspc's own kernels, of norms too, take so many channels. */
export const isCut = (channels: number | undefined): boolean =>
  channels !== undefined && channels > 0 && channels % BLOCK === 0;

/** Whether the kernels take a layer, in the form of tiles. */
export const isTiled = (layer: Layer & Node): boolean => {
  const { x, kernel, y } = shapesOf(layer);
  return isCut(kernel[2]) && isCut(kernel[3]) && x[1] === y[1] && x[2] === y[2];
};

/** Channels of a kernel whose places stay in a core's caches, bytes of the tiles beside it, and tiles of a product. */
const [SMALL, NEAR, TOGETHER] = [128, 640 * 2 ** 10, 12];

const isSmall = (channels: readonly number[]): boolean => Math.max(...channels) <= SMALL;

/** How many tiles at once: each thread its own where the kernel is small; else of all, in equal parts. */
export const turns = (
  tile: Tile,
  grid: Grid,
  [c, k]: readonly [number, number],
): Pick<Tiling, "alone" | "atOnce" | "bytes"> => {
  const kernel = 4 * placesOf(tile) * c * k;
  const one = 4 * placesOf(tile) * (c + k);
  if (isSmall([c, k])) {
    const atOnce = TOGETHER * Math.max(1, Math.floor(Math.max(NEAR, kernel) / one / TOGETHER));
    return { alone: true, atOnce, bytes: kernel };
  }
  const most = Math.max(FEWEST, Math.floor(ROOM / one));
  const all = blockCount(grid);
  const atOnce = Math.ceil(all / Math.ceil(all / most));
  return { alone: false, atOnce, bytes: one * atOnce };
};

/** Floating-point operations, and bytes that pass through memory. */
export const tilingCost = (layer: Layer, tile: Tile): TilingCost => {
  const { kernel, y } = shapesOf(layer);
  const [n = 0, h = 0, w = 0] = y;
  const [, , c = 0, k = 0] = kernel;
  const places = placesOf(tile);
  const tiles = blockCount(gridOver([n, h, w, k], tile, layer.attributes.dilation));
  return {
    flops: 2 * places * tiles * c * k,
    /** Written once and read once; what one thread takes stays in its caches, and belongs to the products' own time. */
    tiles: isSmall([c, k]) ? 0 : 8 * places * tiles * (c + k),
    kernel: 4 * places * c * k,
  };
};

// As TensorFlow's nodes.

const tiling = ({ tile, dilation, top, left, atOnce, alone }: Tiling): Attributes => ({
  tile: { int: tile },
  dilation: { int: dilation },
  padding: { ints: [top, left] },
  at_once: { int: atOnce },
  alone: { bool: alone },
  cut: { floats: transforms.input(tile).flat() },
});

/** Row by row. */
const transposed = (matrix: readonly (readonly number[])[]): readonly number[] =>
  (matrix[0] ?? []).flatMap((_, column) => matrix.map((row) => row[column] ?? 0));

type Rule<K extends "tiles" | "tilesGradient"> = (
  to: Emitter,
  site: {
    readonly attributes: LegalOps[K];
    readonly args: LegalArguments<TensorName>[K];
    readonly types: Types;
  },
) => TensorName;

export const tilesNode: Rule<"tiles"> = (to, { attributes, args, types: [type] }) => {
  const { tile, turned, relu, biases, added } = attributes;
  const [, height, width] = ofRank(type.shape, 4);
  const made = to.emit("PspcTiles", args, {
    ...elementType(type),
    ...tiling(attributes),
    size: { ints: [height, width] },
    turned: { bool: turned },
    relu: { bool: relu },
    biases: { int: biases },
    added: { int: added },
    lay: { floats: transforms.output(tile).flat() },
    taps: { floats: transforms.kernel(tile).flat() },
  });
  return told(to, made, type);
};

export const tilesGradientNode: Rule<"tilesGradient"> = (
  to,
  { attributes, args, types: [type] },
) => {
  const { tile } = attributes;
  const made = to.emit("PspcTilesGradient", args, {
    ...elementType(type),
    ...tiling(attributes),
    lay: { floats: transposed(transforms.output(tile)) },
    taps: { floats: transposed(transforms.kernel(tile)) },
  });
  return told(to, made, type);
};
