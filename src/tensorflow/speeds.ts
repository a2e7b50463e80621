/**
 * What an operation costs on a machine, from a handful of numbers: how fast it multiplies matrices and convolves, at
 * three sizes and in two number formats, how fast it moves bytes, and what a call costs. They rank the forms of a layer
 * (rewrite/forms.ts), and foretell no times.
 */

import { type Node, type OpName, shapeOf, typeOf } from "../graph/op.js";
import { bytesOf, product } from "../graph/type.js";
import { isLayer, type Layer, macsOfLayer, shapesOf } from "../rewrite/forms.js";

/** Channels, or the smallest side of a product, at which speeds are known; between them they are interpolated. */
export const SIZES = [16, 64, 512] as const;
/** Gigaflops at each of the sizes. */
export type Rates = readonly [number, number, number];

export const NUMBERS = ["f32", "bf16"] as const;
export type Numbers = (typeof NUMBERS)[number];

/** Products of matrices, and the target's own kernels of convolutions, with a 1×1 kernel and with a wider one. */
export const KINDS = [
  "product",
  "convolution 1×1",
  "convolution",
  "input gradient 1×1",
  "input gradient",
  "kernel gradient 1×1",
  "kernel gradient",
] as const;
export type Kind = (typeof KINDS)[number];

/** Of those, the layers: pspc's own kernels compute them by tiles. */
export const LAYERS = ["convolution", "input gradient", "kernel gradient"] as const;
export type LayerKind = (typeof LAYERS)[number];

export interface Speeds {
  /** Nanoseconds of an operation as such. */
  readonly call: number;
  /** Nanoseconds a byte that is read or written in order, and out of order. */
  readonly move: number;
  readonly turn: number;
  /** Nanoseconds a byte of a kernel's gradient, beside the arithmetic: its own order is not TensorFlow's. */
  readonly reorder: Readonly<Record<Numbers, number>>;
  /** Nanoseconds of a layer in TensorFlow's own kernel as such, and in pspc's, beside those of an operation. */
  readonly start: Readonly<Record<Numbers | "tiles", Readonly<Record<LayerKind, number>>>>;
  readonly rates: Readonly<Record<Numbers, Readonly<Record<Kind, Rates>>>>;
  /** Of the products of pspc's own kernels for Winograd's tiles, which are f32 whatever is read and written; where they were there to be measured. */
  readonly tiles?: Readonly<Record<LayerKind, Rates>>;
}

/** A table by the kind of arithmetic. */
export const byKind = <A>(of: (kind: Kind) => A): Record<Kind, A> =>
  Object.fromEntries(KINDS.map((kind) => [kind, of(kind)])) as Record<Kind, A>;

export const byLayer = <A>(of: (kind: LayerKind) => A): Record<LayerKind, A> =>
  Object.fromEntries(LAYERS.map((kind) => [kind, of(kind)])) as Record<LayerKind, A>;

/** What is done with the numbers of an operation's arguments and results. */
const work: Readonly<Record<OpName, "nothing" | "moved" | "turned" | "multiplied">> = {
  input: "nothing",
  variable: "nothing",
  constant: "nothing",
  part: "moved",
  convolution: "multiplied",
  convolutionInputGradient: "multiplied",
  convolutionKernelGradient: "multiplied",
  depthwise: "moved",
  depthwiseInputGradient: "moved",
  depthwiseKernelGradient: "moved",
  batchNorm: "moved",
  batchNormGradient: "moved",
  batchNormInference: "moved",
  relu: "moved",
  reluGradient: "moved",
  relu6: "moved",
  relu6Gradient: "moved",
  maxPool: "moved",
  maxPoolGradient: "moved",
  resize: "moved",
  resizeGradient: "moved",
  softmax: "moved",
  crossEntropy: "moved",
  matmul: "multiplied",
  unary: "moved",
  binary: "moved",
  compare: "moved",
  select: "moved",
  largest: "moved",
  stop: "nothing",
  after: "nothing",
  sum: "moved",
  broadcast: "moved",
  cast: "moved",
  reshape: "nothing",
  transpose: "turned",
  concat: "moved",
  slice: "moved",
  pad: "moved",
  reverse: "turned",
  gather: "moved",
  kthSmallest: "moved",
  argmax: "moved",
  bincount: "moved",
  uniform: "moved",
  across: "moved",
  share: "moved",
  spread: "moved",
};

export const bytes = (node: Node): number => bytesOf(typeOf(node));
/** Read and written. */
export const moved = (node: Node): number =>
  bytes(node) + node.args.reduce((sum, arg) => sum + bytes(arg), 0);

const kindsOf: Readonly<Record<Layer["op"], LayerKind>> = {
  convolution: "convolution",
  convolutionInputGradient: "input gradient",
  convolutionKernelGradient: "kernel gradient",
};

export const layerKind = (layer: Layer): LayerKind => kindsOf[layer.op];

export const kindOf = (layer: Layer): Kind => {
  const [rows, columns] = shapesOf(layer).kernel;
  const name = layerKind(layer);
  return rows === 1 && columns === 1 ? `${name} 1×1` : name;
};

/** Arithmetic by its kind and size; none where an operation only moves. */
const arithmetic = (node: Node) => {
  if (isLayer(node)) {
    const [, , from = 1, to = 1] = shapesOf(node).kernel;
    return { kind: kindOf(node), size: Math.sqrt(from * to), flops: 2 * macsOfLayer(node) };
  }
  if (node.op !== "matmul") return null;
  const [rows = 1, columns = 1] = shapeOf(node).slice(-2);
  const inner = shapeOf(node.args[0]).at(node.attributes.transposeA ? -2 : -1) ?? 1;
  const flops = 2 * inner * product(shapeOf(node));
  return { kind: "product" as const, size: Math.min(rows, columns, inner), flops };
};

/** Along the logarithms of both; beyond the sizes that are known the speed stays. */
export const rateAt = ([small, middle, large]: Rates, size: number): number => {
  const [least, between, most] = SIZES;
  const at = Math.min(Math.max(size, least), most);
  const [from, to, a, b] =
    at <= between ? [least, between, small, middle] : [between, most, middle, large];
  const share = Math.log(at / from) / Math.log(to / from);
  return a * (b / a) ** share;
};

/** Of TensorFlow's own convolutions, where pspc's kernels were not measured: what they had on an EPYC with AVX-512. */
const TYPICAL_TILES: Rates = [0.34, 0.6, 0.72];

/** Of a layer cut into tiles: floating-point operations, and bytes (`tilingCost` in tensorflow/tiling.ts). */
export interface TilingCost {
  readonly flops: number;
  readonly tiles: number;
  readonly kernel: number;
}

/** What pspc's own kernels take of a layer beside its products: a kernel's tiles are read, or made on the way. */
export const tiledMoves = (
  layer: Layer,
  { tiles, kernel }: TilingCost,
  { call, move, start }: Pick<Speeds, "call" | "move" | "start">,
): number => {
  const { dtype } = typeOf(layer);
  const seen = Object.values(shapesOf(layer)).map((shape) => bytesOf({ dtype, shape }));
  const begun = call + start.tiles[layerKind(layer)];
  return begun + move * (seen.reduce((sum, one) => sum + one, 0) + tiles + kernel);
};

/** What a convolution or a gradient of one takes in pspc's own kernels (tensorflow/tiles.ts). */
export const tiledNanoseconds = (layer: Layer, cost: TilingCost, speeds: Speeds): number => {
  const [, , from = 1, to = 1] = shapesOf(layer).kernel;
  const size = Math.sqrt(from * to);
  const { tiles, rates: known } = speeds;
  const rate = tiles
    ? rateAt(tiles[layerKind(layer)], size)
    : rateAt(TYPICAL_TILES, size) * rateAt(known.f32[kindOf(layer)], size);
  return tiledMoves(layer, cost, speeds) + cost.flops / rate;
};

export const nanoseconds = (node: Node, speeds: Speeds): number => {
  const kind = work[node.op];
  if (kind === "nothing") return 0;
  if (kind === "turned") return speeds.call + speeds.turn * moved(node);
  const passes = speeds.call + speeds.move * moved(node);
  const found = arithmetic(node);
  if (found === null) return passes;
  const numbers = typeOf(node).dtype === "bf16" ? "bf16" : "f32";
  const start = isLayer(node) ? speeds.start[numbers][layerKind(node)] : 0;
  const again = node.op === "convolutionKernelGradient" ? speeds.reorder[numbers] * bytes(node) : 0;
  return (
    passes + start + again + found.flops / rateAt(speeds.rates[numbers][found.kind], found.size)
  );
};
