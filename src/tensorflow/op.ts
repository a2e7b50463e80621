/** TensorFlow's operations: the neutral ones but norms in training, and what only its kernels compute. */

import { invariant } from "../diagnostic/invariant.js";
import type { Momentum } from "../gradient/descend.js";
import type { GraphOf, Numbered } from "../graph/graph.js";
import type { Arguments, Binary, Ops } from "../graph/op.js";
import type { Types } from "../graph/type.js";
import type { Tile } from "../graph/winograd.js";

export interface LegalOps extends Omit<Ops, "batchNorm" | "batchNormGradient"> {
  /**
   * (x, scale, shift, running mean, running variance) → y; the running statistics after this batch, as `followBatch`
   * has them; and three values that only the gradient's kernel understands.
   */
  fusedNorm: { readonly epsilon: number; readonly keep: number };
  /** (dy, x, scale, the last three outputs of the norm) → dx, dscale, dshift */
  fusedNormGradient: { readonly epsilon: number };
  /** (dy, x, scale, mean, variance, gate?) → dx, dscale, dshift by pspc's own kernel; where the gate is not above 0, dy counts as 0 */
  ownNormGradient: { readonly epsilon: number };
  /** (dy, x, scale, mean, variance) → scale·dy/√(variance + epsilon), Σ dy·x̂ and Σ dy of each channel over these images */
  givenNormGradient: { readonly epsilon: number };
  /** (weight, velocity, gradient, rate) → weight and velocity after `momentumStep`, written in place */
  applyMomentum: Momentum;
  /**
   * (a, b, input) → a + b, where a or b is itself a sum. TensorFlow's optimiser joins neighbouring additions into one
   * AddN, and adds in an order that differs between processes on a busy machine: so do the last bits. It leaves an
   * addition alone that waits for something, so this one waits for an input, which is there from the start.
   */
  addInOrder: Record<never, never>;
  /** (x, bias) → x + bias along the last axis: a kernel of its own, which TensorFlow joins with the convolution before it */
  addBias: Record<never, never>;
  /**
   * (x, kernel, bias?, image?) → a convolution of x without stride, of x's size, by pspc's own kernels, with the bias and
   * the image added. The kernel is `[3, 3, C, K]`, or transformed `[(tile+2)², C, K]`, or turned about `[3, 3, K, C]`.
   */
  tiles: Tiling & {
    readonly turned: boolean;
    readonly relu: boolean;
    readonly biases: number;
    readonly added: number;
  };
  /** (x, dy) → dkernel `[3, 3, C, K]` of such a convolution */
  tilesGradient: Tiling;
  /** (logits) → classes of the enlarged logits, the first of equals, by a kernel that needs `bytes` of room */
  largestOfEnlarged: Ops["resize"] & { readonly bytes: number };
}

/**
 * How pspc's own kernels cut an image (rewrite/winograd.ts), how many tiles they take at once, each thread its own where
 * it is `alone`, and the bytes of those.
 */
export interface Tiling {
  readonly tile: Tile;
  readonly dilation: number;
  readonly top: number;
  readonly left: number;
  readonly atOnce: number;
  readonly alone: boolean;
  readonly bytes: number;
}

export type LegalName = keyof LegalOps;

export interface LegalArguments<Ref>
  extends Omit<Arguments<Ref>, "batchNorm" | "batchNormGradient"> {
  fusedNorm: readonly [x: Ref, scale: Ref, shift: Ref, mean: Ref, variance: Ref];
  fusedNormGradient: readonly [dy: Ref, x: Ref, scale: Ref, kept1: Ref, kept2: Ref, kept3: Ref];
  ownNormGradient: readonly [dy: Ref, x: Ref, scale: Ref, mean: Ref, variance: Ref, ...gate: Ref[]];
  givenNormGradient: readonly [dy: Ref, x: Ref, scale: Ref, mean: Ref, variance: Ref];
  applyMomentum: readonly [weight: Ref, velocity: Ref, gradient: Ref, rate: Ref];
  addInOrder: readonly [a: Ref, b: Ref, input: Ref];
  addBias: readonly [x: Ref, bias: Ref];
  tiles: readonly [x: Ref, kernel: Ref, ...behind: Ref[]];
  tilesGradient: readonly [x: Ref, dy: Ref];
  largestOfEnlarged: readonly [x: Ref];
}

/** One result an argument. Sound: as many leave as entered. */
export const mapLegalArgs = <K extends LegalName, A, B>(
  args: LegalArguments<A>[K],
  f: (arg: A) => B,
): LegalArguments<B>[K] => (args as readonly A[]).map(f) as unknown as LegalArguments<B>[K];

export interface LegalNodeOf<K extends LegalName> {
  readonly op: K;
  readonly attributes: LegalOps[K];
  readonly args: LegalArguments<LegalNode>[K];
  readonly types: Types;
}
export type LegalNode = { [K in LegalName]: LegalNodeOf<K> }[LegalName];
export type LegalValue = Numbered<LegalNode>;
export type LegalGraph = GraphOf<LegalValue>;

export const legal = <K extends LegalName>(
  op: K,
  attributes: LegalOps[K],
  args: LegalArguments<LegalNode>[K],
  types: Types,
): LegalNode =>
  // Sound by construction: K names one member of the union.
  ({ op, attributes, args, types }) as LegalNodeOf<K> & LegalNode;

export const output = (node: LegalNode, index: number): LegalNode => {
  const type = node.types[index];
  invariant(type !== undefined, () => `${node.op} has no output ${index}`);
  return index === 0 ? node : legal("part", { index }, [node], [type]);
};

const constant = (value: number): LegalNode => {
  const scalar = { dtype: "f32", shape: [] } as const;
  return legal("constant", { ...scalar, content: { kind: "fill", value } }, [], [scalar]);
};

/** Whether a decayed weight is added to its gradient; where there is a velocity, it takes the decay in place. */
export const isSummed = ({ decay, momentum }: Momentum): boolean => decay !== 0 && momentum === 0;

/** By the type of the first. */
export const binary = (kind: Binary, a: LegalNode, b: LegalNode | number): LegalNode =>
  legal("binary", { kind }, [a, typeof b === "number" ? constant(b) : b], a.types);

export const times = (x: LegalNode, factor: number): LegalNode => binary("multiply", x, factor);
