/**
 * The closed list of operations. `Ops` names each with its attributes; every meaning of an operation (type, cost,
 * gradient, TensorFlow form) is a total table over `OpName`, so that adding one makes `tsc` list what to extend.
 */

import type { Content } from "./constant.js";
import { type DType, ofRank, type Shape, type Sizes, type Type, type Types } from "./type.js";
import type { Initial, Role, Site } from "./variable.js";

/** Rows and columns added around an image, filled with what leaves the result alone (0; −∞ in max pooling). */
export interface Padding {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** Square strides and dilations: PSPNet has no others. */
export interface Window {
  readonly stride: number;
  readonly dilation: number;
  readonly padding: Padding;
}

/** Rows and columns of a pooling window, and its steps. */
export interface Pool {
  readonly size: readonly [height: number, width: number];
  readonly stride: readonly [height: number, width: number];
  readonly padding: Padding;
}

/** Of a batch norm, and of how many replicas it looks at the images. */
export interface Normalising {
  readonly epsilon: number;
  readonly replicas?: number;
}

/** How replicas divide a value. */
export interface Shared {
  readonly axis: number;
  readonly replicas: number;
}

export type Unary = "negate" | "exp" | "log" | "sqrt" | "reciprocal";
export type Binary = "add" | "subtract" | "multiply" | "divide" | "maximum" | "minimum";
export type Comparison = "equal" | "less" | "greaterEqual";

export interface Ops {
  // Leaves.
  input: { readonly name: string; readonly dtype: DType; readonly shape: Shape };
  variable: {
    readonly name: string;
    readonly dtype: "f32" | "bf16" | "i32";
    readonly shape: Shape;
    readonly role: Role;
    /** Of what stands outside the network, `null`. */
    readonly site: Site | null;
    readonly initial: Initial;
  };
  constant: { readonly dtype: DType; readonly shape: Shape; readonly content: Content };
  /** Output `index` of an operation that has several; output 0 is the operation itself. */
  part: { readonly index: number };

  // Layers. Images are `[N, H, W, C]`.
  /** (x, kernel) → y */
  convolution: Window;
  /** (kernel, dy) → dx of `shape` */
  convolutionInputGradient: Window & { readonly shape: Shape };
  /** (x, dy) → dkernel of `shape` */
  convolutionKernelGradient: Window & { readonly shape: Shape };
  /** (x, kernel `[h, w, 1, C]`) → y: each channel by a kernel of its own */
  depthwise: Window;
  /** (kernel, dy) → dx of `shape` */
  depthwiseInputGradient: Window & { readonly shape: Shape };
  /** (x, dy) → dkernel of `shape` */
  depthwiseKernelGradient: Window & { readonly shape: Shape };
  /**
   * (x, scale, shift) → y = scale·(x − mean)/√(variance + epsilon) + shift, and that mean and biased variance of each
   * channel over N, H and W, f32 `[C]`; over the images of all `replicas`, where they are told
   */
  batchNorm: Normalising;
  /** (dy, x, scale, mean, variance) → dx, dscale, dshift; mean and variance are those that the norm of x gave */
  batchNormGradient: Normalising;
  /** (x, scale, shift, mean, variance) → y with the statistics given */
  batchNormInference: { readonly epsilon: number };
  relu: Record<never, never>;
  /** (dy, y) → dx */
  reluGradient: Record<never, never>;
  /** min(max(x, 0), 6) */
  relu6: Record<never, never>;
  /** (dy, y) → dx */
  relu6Gradient: Record<never, never>;
  maxPool: Pool;
  /** (x, y, dy) → dx; the first of equal maxima takes all */
  maxPoolGradient: Pool;
  /** Bilinear. With `alignCorners` the corner pixels' centres coincide; without it the corners of the areas do. */
  resize: { readonly height: number; readonly width: number; readonly alignCorners: boolean };
  /** (dy, x) → dx; of x only the size is read */
  resizeGradient: { readonly alignCorners: boolean };
  softmax: Record<never, never>;
  /** (logits `[P, C]`, labels i32 `[P]` in 0…C−1) → loss `[P]`, and its gradient `[P, C]` */
  crossEntropy: Record<never, never>;

  // Algebra.
  /** `[…, M, K]` × `[…, K, N]`; a matrix without batch meets every element of a batch. */
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  unary: { readonly kind: Unary };
  binary: { readonly kind: Binary };
  compare: { readonly kind: Comparison };
  /** (condition, a, b) of one shape */
  select: Record<never, never>;
  /** Largest along the last axis, which stays as 1. */
  largest: Record<never, never>;
  /** The same value, through which no gradient flows. */
  stop: Record<never, never>;
  /** (x, event) → x, not before `event` is there: for when a value is made, not for what it is. */
  after: Record<never, never>;
  sum: { readonly axes: readonly number[]; readonly keep: boolean };
  broadcast: { readonly shape: Shape };
  cast: { readonly dtype: DType };

  // Moving things.
  reshape: { readonly shape: Shape };
  transpose: { readonly permutation: readonly number[] };
  concat: { readonly axis: number };
  slice: { readonly begin: readonly number[]; readonly size: Shape };
  /** Zeros around: per axis how many before and after. */
  pad: { readonly before: readonly number[]; readonly after: readonly number[] };
  reverse: { readonly axis: number };
  /** (table `[K, …]`, indices i32) → table's rows */
  gather: Record<never, never>;

  // Counting and chance.
  /** f32 `[P]` → the k-th smallest, counted from 1, `[]` */
  kthSmallest: { readonly k: number };
  /** Index of the largest along the last axis, the first of equals. */
  argmax: Record<never, never>;
  /** i32 `[P]` in 0…size−1 → how often each occurs, i32 `[size]` */
  bincount: { readonly size: number };
  /** (step i32 []) → uniform on [0, 1), a function of (seed, stream, step) */
  uniform: { readonly shape: Shape; readonly seed: number; readonly stream: number };

  // Over replicas, each of which runs the same graph on its own images. Of one replica they change nothing.
  /** The sum of x over all replicas, the same in each. */
  across: { readonly replicas: number };
  /** x, the same in all, → this replica's part of it: of `replicas` equal ones along `axis`, in order. */
  share: Shared;
  /** This replica's part → all of x, with zeros in the places of the others. */
  spread: Shared;
}

/** The arguments of each operation, as references of one kind: nodes, numbers of values, types. */
export interface Arguments<Ref> {
  input: readonly [];
  variable: readonly [];
  constant: readonly [];
  part: readonly [whole: Ref];
  convolution: readonly [x: Ref, kernel: Ref];
  convolutionInputGradient: readonly [kernel: Ref, dy: Ref];
  convolutionKernelGradient: readonly [x: Ref, dy: Ref];
  depthwise: readonly [x: Ref, kernel: Ref];
  depthwiseInputGradient: readonly [kernel: Ref, dy: Ref];
  depthwiseKernelGradient: readonly [x: Ref, dy: Ref];
  batchNorm: readonly [x: Ref, scale: Ref, shift: Ref];
  batchNormGradient: readonly [dy: Ref, x: Ref, scale: Ref, mean: Ref, variance: Ref];
  batchNormInference: readonly [x: Ref, scale: Ref, shift: Ref, mean: Ref, variance: Ref];
  relu: readonly [x: Ref];
  reluGradient: readonly [dy: Ref, y: Ref];
  relu6: readonly [x: Ref];
  relu6Gradient: readonly [dy: Ref, y: Ref];
  maxPool: readonly [x: Ref];
  maxPoolGradient: readonly [x: Ref, y: Ref, dy: Ref];
  resize: readonly [x: Ref];
  resizeGradient: readonly [dy: Ref, x: Ref];
  softmax: readonly [logits: Ref];
  crossEntropy: readonly [logits: Ref, labels: Ref];
  matmul: readonly [a: Ref, b: Ref];
  unary: readonly [x: Ref];
  binary: readonly [a: Ref, b: Ref];
  compare: readonly [a: Ref, b: Ref];
  select: readonly [condition: Ref, a: Ref, b: Ref];
  largest: readonly [x: Ref];
  stop: readonly [x: Ref];
  after: readonly [x: Ref, event: Ref];
  sum: readonly [x: Ref];
  broadcast: readonly [x: Ref];
  cast: readonly [x: Ref];
  reshape: readonly [x: Ref];
  transpose: readonly [x: Ref];
  concat: readonly [first: Ref, ...others: Ref[]];
  slice: readonly [x: Ref];
  pad: readonly [x: Ref];
  reverse: readonly [x: Ref];
  gather: readonly [table: Ref, indices: Ref];
  kthSmallest: readonly [x: Ref];
  argmax: readonly [x: Ref];
  bincount: readonly [x: Ref];
  uniform: readonly [step: Ref];
  across: readonly [x: Ref];
  share: readonly [x: Ref];
  spread: readonly [x: Ref];
}

/** Operations have attributes and arguments: whoever lacks its arguments is named here. */
type Complete<A extends Readonly<Record<keyof Ops, readonly unknown[]>>> = keyof Ops & keyof A;
export type OpName = Complete<Arguments<unknown>>;

/** One result an argument. Sound: as many leave as entered. */
export const mapArgs = <K extends OpName, A, B>(
  args: Arguments<A>[K],
  f: (arg: A, index: number) => B,
): Arguments<B>[K] => (args as readonly A[]).map(f) as unknown as Arguments<B>[K];

/** An operation applied to arguments; immutable, shared by reference. `types` holds one type an output. */
export interface NodeOf<K extends OpName> {
  readonly op: K;
  readonly attributes: Ops[K];
  readonly args: Arguments<Node>[K];
  readonly types: Types;
}

export type Node = { [K in OpName]: NodeOf<K> }[OpName];

export type Variable = NodeOf<"variable">;

/** Type of a node's first output. */
export const typeOf = (node: Node): Type => node.types[0];
export const shapeOf = (node: Node): Shape => node.types[0].shape;
/** `sizesOf(image, 4)` is `[N, H, W, C]`. */
export const sizesOf = <R extends keyof Sizes>(node: Node, rank: R): Sizes[R] =>
  ofRank(shapeOf(node), rank);
