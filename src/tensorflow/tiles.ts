/**
 * Winograd's convolutions by pspc's own kernels (scripts/setup/kernels): what rewrite/winograd.ts composes is recognised,
 * and is one operation here. Where set-up made no kernels, the composed form is computed as it stands: it is their law.
 */

import { type Node, shapeOf, sizesOf, typeOf } from "../graph/op.js";
import { ofRank, type Types } from "../graph/type.js";
import { type Tile, transforms } from "../graph/winograd.js";
import { type Layer, shapesOf } from "../rewrite/forms.js";
import { blockCount, type Grid, gridOver } from "../rewrite/phases.js";
import {
  inputTiles,
  kernelGradientOf,
  kernelTiles,
  outputOf,
  placesOf,
} from "../rewrite/winograd.js";
import { type Attributes, type Emitter, type TensorName, told } from "./emitter.js";
import { type LegalArguments, type LegalOps, legal, type Tiling } from "./op.js";
import { type Made, type Make, same } from "./pattern.js";
import type { TilingCost } from "./speeds.js";

/** Channels that the kernels take together. */
const BLOCK = 16;
/** Bytes of transformed tiles that they make at once, and the fewest tiles that are worth reading a kernel for. */
const [ROOM, FEWEST] = [48 * 2 ** 20, 96];

const isCut = (channels: number | undefined): boolean =>
  channels !== undefined && channels > 0 && channels % BLOCK === 0;

/** Whether the kernels take a layer, in the form of tiles. */
export const isTiled = (layer: Layer & Node): boolean => {
  const { x, kernel, y } = shapesOf(layer);
  return (
    typeOf(layer).dtype === "f32" &&
    isCut(kernel[2]) &&
    isCut(kernel[3]) &&
    x[1] === y[1] &&
    x[2] === y[2]
  );
};

/** Of all tiles, in equal parts. */
const atOnce = (tile: Tile, grid: Grid, channels: number): number => {
  const most = Math.max(FEWEST, Math.floor(ROOM / (4 * placesOf(tile) * channels)));
  const all = blockCount(grid);
  return Math.ceil(all / Math.ceil(all / most));
};

/** The first node that is none of `ops`, through which only one argument leads. */
const through = (node: Node, ops: readonly Node["op"][]): Node => {
  const [arg] = node.args;
  return arg !== undefined && ops.includes(node.op) ? through(arg, ops) : node;
};

/** A product by one of Winograd's matrices. */
const transformed = (node: Node) => {
  if (node.op !== "matmul") return undefined;
  const [by, of] = node.args;
  const content = by.op === "constant" ? by.attributes.content : undefined;
  return content?.kind === "winograd" ? { tile: content.tile, side: content.side, of } : undefined;
};

interface Cut {
  readonly x: Node;
  readonly dilation: number;
  readonly top: number;
  readonly left: number;
}

/** What tiles are cut from: an image, padded, its rows and columns divided, its blocks gathered by place. */
const cutIn = (tiles: Node): Cut | undefined => {
  const made = transformed(through(tiles, ["reshape"]));
  const [piece] = made?.of.args ?? [];
  if (piece === undefined) return undefined;
  const gathered = through(piece, ["reshape", "slice"]);
  const [divided] = gathered.op === "transpose" ? gathered.args : [];
  if (divided?.op !== "reshape") return undefined;
  const { shape } = divided.attributes;
  const [around] = divided.args;
  const padded = around.op === "pad" ? around : undefined;
  const [, top = 0, left = 0] = padded?.attributes.before ?? [];
  return { x: padded?.args[0] ?? around, dilation: shape[3] ?? 0, top, left };
};

const paddingOf = ({ top, left }: Cut) => ({ top, left, bottom: 0, right: 0 });

interface Found {
  readonly root: Node;
  readonly make: (bias: readonly Node[], relu: boolean) => Make;
}

/** What the products read: a kernel that was transformed before, or one from which its tiles are made here. */
const kernelIn = (tiles: Node, tile: Tile, turned: boolean): Node | undefined => {
  const made = transformed(through(tiles, ["reshape"]));
  const side = turned ? "turned kernel" : "kernel";
  const [kernel] = made?.of.op === "reshape" ? made.of.args : [];
  const isOurs =
    made?.side === side &&
    kernel !== undefined &&
    shapeOf(kernel).length === 4 &&
    same([kernelTiles(kernel, tile, side)], [tiles], new Set([kernel]));
  if (isOurs) return kernel;
  return turned ? undefined : tiles;
};

/** The kernel of which pspc's own makes these tiles as it needs them: as fast, and a quarter of the bytes. */
export const kernelOfTiles = (tiles: Node): Node | undefined => {
  const made = transformed(through(tiles, ["reshape"]));
  const kernel = made && kernelIn(tiles, made.tile, false);
  const [, , channels, outputs] = kernel === undefined ? [] : shapeOf(kernel);
  return kernel !== tiles && isCut(channels) && isCut(outputs) ? kernel : undefined;
};

/** A convolution, or the gradient of one's input. */
const convolutionAt = (root: Node): Found | undefined => {
  const made = transformed(through(root, ["slice", "reshape", "transpose"]));
  const products = made?.side === "output" ? through(made.of, ["reshape"]) : undefined;
  if (made === undefined || products?.op !== "matmul" || shapeOf(root).length !== 4) return;
  const { tile } = made;
  const [tiles, kernel] = products.args;
  const cut = cutIn(tiles);
  if (cut === undefined || !isSquare(cut.x, root)) return;
  const grid = gridOver(sizesOf(root, 4), tile, cut.dilation);
  const { attributes } = products;
  const again = outputOf(
    { ...products, args: [inputTiles(cut.x, tile, grid, paddingOf(cut)), kernel] },
    tile,
    grid,
    shapeOf(root),
  );
  const turned = attributes.transposeB;
  const weights = kernelIn(kernel, tile, turned);
  if (weights === undefined || !same([again], [root], new Set([cut.x, kernel]))) return;
  const channels = sizesOf(cut.x, 4)[3] + sizesOf(root, 4)[3];
  const tiling = tilingOf(cut, tile, grid, channels);
  const make: Found["make"] = (bias, relu) => (to) =>
    legal(
      "tiles",
      { ...tiling, turned, relu },
      [to(cut.x), to(weights), ...bias.map(to)],
      root.types,
    );
  return { root, make };
};

const tilingOf = (
  { dilation, top, left }: Cut,
  tile: Tile,
  grid: Grid,
  channels: number,
): Tiling => {
  const count = atOnce(tile, grid, channels);
  const bytes = 4 * placesOf(tile) * count * channels;
  return { tile, dilation, top, left, atOnce: count, bytes };
};

const isSquare = (x: Node, y: Node): boolean => {
  const [n, h, w, c] = shapeOf(x);
  const [m, height, width, k] = shapeOf(y);
  return n === m && h === height && w === width && isCut(c) && isCut(k);
};

/** The gradient of a convolution's kernel. */
const gradientAt = (root: Node): readonly [Node, Make] | undefined => {
  const made = transformed(through(root, ["reshape"]));
  if (made?.side !== "kernel" || root.op !== "reshape" || shapeOf(root).length !== 4) return;
  const { tile } = made;
  const products = through(made.of, ["reshape"]);
  if (products.op !== "matmul") return;
  const [tiles, spread] = products.args;
  const cut = cutIn(tiles);
  const dy = gradientOf(spread);
  if (cut === undefined || dy === undefined || !isSquare(cut.x, dy)) return;
  const grid = gridOver(sizesOf(dy, 4), tile, cut.dilation);
  const again = inputTiles(cut.x, tile, grid, paddingOf(cut));
  const whole = kernelGradientOf(again, dy, tile, grid, shapeOf(root));
  if (!same([whole], [root], new Set([cut.x, dy]))) return;
  const tiling = tilingOf(cut, tile, grid, sizesOf(cut.x, 4)[3] + sizesOf(dy, 4)[3]);
  return [root, (to) => legal("tilesGradient", tiling, [to(cut.x), to(dy)], root.types)];
};

/** The image whose blocks were spread over the places. */
const gradientOf = (spread: Node): Node | undefined => {
  const made = transformed(through(spread, ["reshape"]));
  if (made?.side !== "output") return undefined;
  const gathered = through(made.of, ["reshape"]);
  const [divided] = gathered.op === "transpose" ? gathered.args : [];
  const [around] = divided?.op === "reshape" ? divided.args : [];
  return around?.op === "pad" ? around.args[0] : around;
};

/** Convolutions with the bias and the ReLU behind them, where nobody else asks for what is before. */
export const tilesIn = (nodes: readonly Node[], uses: ReadonlyMap<Node, number>): Made => {
  const found = nodes.flatMap((node) => {
    const one = node.op === "slice" || node.op === "reshape" ? convolutionAt(node) : undefined;
    return one === undefined ? [] : [one];
  });
  const rootOf = new Map(found.map((one) => [one.root, one]));
  const biased = new Map<Node, Make>();
  const isAlone = (node: Node): boolean => uses.get(node) === 1;
  const biasOf = (node: Node): readonly [Found, Node] | undefined => {
    if (node.op !== "binary" || node.attributes.kind !== "add") return undefined;
    const [x, bias] = node.args;
    const one = rootOf.get(x);
    const isBias = shapeOf(bias).length === 1 && shapeOf(bias)[0] === shapeOf(x)[3];
    return one !== undefined && isBias && isAlone(x) ? [one, bias] : undefined;
  };
  for (const node of nodes) {
    const plain = node.op === "relu" ? node.args[0] : node;
    const isSeen = node.op === "relu" && !isAlone(plain);
    const [one, bias] = biasOf(plain) ?? [rootOf.get(plain)];
    if (one === undefined || isSeen || (plain === node && bias === undefined)) continue;
    biased.set(node, one.make(bias === undefined ? [] : [bias], node.op === "relu"));
  }
  const gradients = nodes.flatMap((node) => {
    const made = gradientAt(node);
    return made === undefined ? [] : [made];
  });
  const plain = found.map(({ root, make }) => [root, make([], false)] as const);
  return [...plain, ...biased, ...gradients];
};

/** Tiles, and the bytes of transformed ones of input and output. */
export const tilingCost = (layer: Layer, tile: Tile): TilingCost => {
  const { kernel, y } = shapesOf(layer);
  const [n = 0, h = 0, w = 0] = y;
  const [, , c = 0, k = 0] = kernel;
  const places = placesOf(tile);
  const tiles = blockCount(gridOver([n, h, w, k], tile, layer.attributes.dilation));
  return {
    flops: 2 * places * tiles * c * k,
    /** Written once and read once. */
    tiles: 8 * places * tiles * (c + k),
    kernel: 4 * places * c * k,
  };
};

// As TensorFlow's nodes.

const tiling = ({ tile, dilation, top, left, atOnce }: Tiling): Attributes => ({
  tile: { int: tile },
  dilation: { int: dilation },
  padding: { ints: [top, left] },
  at_once: { int: atOnce },
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
  const { tile, turned, relu } = attributes;
  const [x, kernel, ...bias] = args;
  const [, height, width] = ofRank(type.shape, 4);
  const made = to.emit("PspcTiles", [x, kernel, ...bias], {
    ...tiling(attributes),
    size: { ints: [height, width] },
    turned: { bool: turned },
    relu: { bool: relu },
    biases: { int: bias.length },
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
    ...tiling(attributes),
    lay: { floats: transposed(transforms.output(tile)) },
    taps: { floats: transposed(transforms.kernel(tile)) },
  });
  return told(to, made, type);
};
