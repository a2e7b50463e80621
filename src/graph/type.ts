/** The type of a value in the IR: an element type and a static shape. */

import { invariant } from "../diagnostic/invariant.js";

export type DType = "f32" | "bf16" | "i32" | "u8" | "bool";

/** Sizes, outermost first; images are `[N, H, W, C]`, kernels `[KH, KW, C_in, C_out]`. */
export type Shape = readonly number[];

export interface Type {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One type an output; there is at least one. */
export type Types = readonly [Type, ...Type[]];

export interface Sizes {
  1: readonly [number];
  2: readonly [number, number];
  3: readonly [number, number, number];
  4: readonly [number, number, number, number];
}

/** The sizes of a shape that has `rank` axes. Any other shape is our own mistake. */
export const ofRank = <R extends keyof Sizes>(shape: Shape, rank: R): Sizes[R] => {
  invariant(shape.length === rank, () => `[${shape}] has not ${rank} axes`);
  // Sound: the length was asked.
  return shape as Shape & Sizes[R];
};

export const bytesPerElement: Readonly<Record<DType, number>> = {
  f32: 4,
  bf16: 2,
  i32: 4,
  u8: 1,
  bool: 1,
};

export const product = (sizes: Shape): number => sizes.reduce((a, b) => a * b, 1);

export const bytesOf = (of: Type): number => product(of.shape) * bytesPerElement[of.dtype];

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/** `f32[2,60,60,512]`. */
export const printType = ({ dtype, shape }: Type): string => `${dtype}[${shape.join(",")}]`;

/**
 * Shape of an elementwise result: sizes agree from the last axis on, where 1 stretches.
 * `undefined` where they do not.
 */
export const broadcastShape = (a: Shape, b: Shape): Shape | undefined => {
  const rank = Math.max(a.length, b.length);
  const at = (shape: Shape, axis: number): number => shape[axis - (rank - shape.length)] ?? 1;
  const shape = Array.from({ length: rank }, (_, axis) =>
    at(a, axis) === 1
      ? at(b, axis)
      : at(b, axis) === 1 || at(a, axis) === at(b, axis)
        ? at(a, axis)
        : -1,
  );
  return shape.includes(-1) ? undefined : shape;
};
