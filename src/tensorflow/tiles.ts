/**
 * Winograd's convolutions by pspc's own kernels (scripts/setup/kernels): what rewrite/winograd.ts composes is recognised,
 * and is one operation here. Where set-up made no kernels, the composed form is computed as it stands: it is their law.
 */

import { type Node, shapeOf, sizesOf, typeOf } from "../graph/op.js";
import { product, sameShape } from "../graph/type.js";
import type { Tile } from "../graph/winograd.js";
import { widened } from "../rewrite/half-precision.js";
import { type Grid, gridOver } from "../rewrite/phases.js";
import { inputTiles, kernelGradientOf, kernelTiles, outputOf } from "../rewrite/winograd.js";
import { legal, type Tiling } from "./op.js";
import { type Made, type Make, same } from "./pattern.js";
import { isCut, turns } from "./tiling.js";

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

/** A convolution by tiles, or the gradient of one's input: what it is made of, and as what it stands in the graph. */
interface Found {
  readonly root: Node;
  readonly x: Node;
  readonly kernel: Node;
  readonly attributes: Tiling & { readonly turned: boolean };
}

/** What comes behind a convolution in its kernel: a bias, another image of its shape, a ReLU. */
interface Behind {
  readonly bias: readonly Node[];
  readonly added: readonly Node[];
  readonly relu: boolean;
}
const nothing: Behind = { bias: [], added: [], relu: false };

const convolutionOf =
  ({ root, x, kernel, attributes }: Found, { bias, added, relu }: Behind): Make =>
  (to) =>
    legal(
      "tiles",
      { ...attributes, relu, biases: bias.length, added: added.length },
      [to(x), to(kernel), ...bias.map(to), ...added.map(to)],
      root.types,
    );

interface FoundGradient {
  readonly root: Node;
  readonly x: Node;
  readonly dy: Node;
  readonly attributes: Tiling;
}

const kernelGradient =
  ({ root, x, dy, attributes }: FoundGradient): Make =>
  (to) =>
    legal("tilesGradient", attributes, [to(x), to(dy)], root.types);

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
  return kernel !== undefined && kernel !== tiles && isCut(channels) && isCut(outputs)
    ? (widened(kernel) ?? kernel)
    : undefined;
};

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
  const tiling = tilingOf(cut, tile, grid, [sizesOf(cut.x, 4)[3], sizesOf(root, 4)[3]]);
  return { root, x: cut.x, kernel: weights, attributes: { ...tiling, turned } };
};

const tilingOf = (
  { dilation, top, left }: Cut,
  tile: Tile,
  grid: Grid,
  channels: readonly [number, number],
): Tiling => ({ tile, dilation, top, left, ...turns(tile, grid, channels) });

const isSquare = (x: Node, y: Node): boolean => {
  const [n, h, w, c] = shapeOf(x);
  const [m, height, width, k] = shapeOf(y);
  return n === m && h === height && w === width && isCut(c) && isCut(k);
};

/** The gradient of a convolution's kernel. */
const gradientAt = (root: Node): FoundGradient | undefined => {
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
  const tiling = tilingOf(cut, tile, grid, [sizesOf(cut.x, 4)[3], sizesOf(dy, 4)[3]]);
  return { root, x: cut.x, dy, attributes: tiling };
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

/** Of bf16 the kernels take the numbers as they are, add in f32 as the composed form does, and round once. */
const convolutionOfHalves = (root: Node, { x, kernel, ...found }: Found): Found | undefined => {
  const [image, weights] = [widened(x), widened(kernel)];
  return image && weights ? { ...found, root, x: image, kernel: weights } : undefined;
};

const gradientOfHalves = (
  root: Node,
  { x, dy, attributes, ...found }: FoundGradient,
): FoundGradient | undefined => {
  const [image, gradient] = [widened(x), widened(dy)];
  // The sums before they are rounded.
  const bytes = attributes.bytes + 4 * product(shapeOf(root));
  const by = { ...attributes, bytes };
  return image && gradient ? { ...found, root, x: image, dy: gradient, attributes: by } : undefined;
};

/** What was found, and what of it is rounded at once by the one who asks for it. */
const withHalves = <A extends { readonly root: Node }>(
  found: readonly A[],
  nodes: readonly Node[],
  isAlone: (node: Node) => boolean,
  halves: (root: Node, of: A) => A | undefined,
): readonly A[] => {
  const rootOf = new Map(found.map((one) => [one.root, one]));
  const rounded = nodes.flatMap((node) => {
    const [arg] = node.op === "cast" && typeOf(node).dtype === "bf16" ? node.args : [];
    const one = arg && isAlone(arg) ? rootOf.get(arg) : undefined;
    return (one && halves(node, one)) ?? [];
  });
  return [...found, ...rounded];
};

/** A convolution and what is behind it, up to a node. */
interface End {
  readonly one: Found;
  readonly behind: Behind;
}

/** Convolutions with what is behind them, where nobody else asks for what is before. */
const endsIn = (
  nodes: readonly Node[],
  found: readonly Found[],
  isAlone: (node: Node) => boolean,
): ReadonlyMap<Node, End> => {
  const ends = new Map<Node, End>(found.map((one) => [one.root, { one, behind: nothing }]));
  const behind = (node: Node): End | undefined => {
    const before = (arg: Node): End | undefined => (isAlone(arg) ? ends.get(arg) : undefined);
    if (node.op === "relu") {
      const end = before(node.args[0]);
      return end && { ...end, behind: { ...end.behind, relu: true } };
    }
    if (node.op !== "binary" || node.attributes.kind !== "add") return undefined;
    const [a, b] = node.args;
    const after = (x: Node, other: Node): End | undefined => {
      const end = before(x);
      if (end === undefined || end.behind.relu || end.behind.added.length > 0) return undefined;
      if (sameShape(shapeOf(other), shapeOf(x)))
        return { ...end, behind: { ...end.behind, added: [other] } };
      const isBias = shapeOf(other).length === 1 && shapeOf(other)[0] === shapeOf(x)[3];
      return isBias && end.behind.bias.length === 0
        ? { ...end, behind: { ...end.behind, bias: [other] } }
        : undefined;
    };
    return after(a, b) ?? after(b, a);
  };
  for (const node of nodes) {
    const end = behind(node);
    if (end !== undefined) ends.set(node, end);
  }
  return ends;
};

/** Each value that one of pspc's own kernels for tiles computes. */
export const tilesIn = (nodes: readonly Node[], uses: ReadonlyMap<Node, number>): Made => {
  const isAlone = (node: Node): boolean => uses.get(node) === 1;
  const convolutions = nodes.flatMap((node) =>
    node.op === "slice" || node.op === "reshape" ? (convolutionAt(node) ?? []) : [],
  );
  const found = withHalves(convolutions, nodes, isAlone, convolutionOfHalves);
  const gradients = nodes.flatMap((node) => gradientAt(node) ?? []);
  return [
    ...[...endsIn(nodes, found, isAlone)].map(
      ([node, { one, behind }]) => [node, convolutionOf(one, behind)] as const,
    ),
    ...withHalves(gradients, nodes, isAlone, gradientOfHalves).map(
      (one) => [one.root, kernelGradient(one)] as const,
    ),
  ];
};
