/** Tensors: the numbers of every format as those that pspc computes with, exactly or not at all. */

import * as E from "fp-ts/lib/Either.js";
import { invariant } from "../diagnostic/invariant.js";

/** Numbers row by row. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** Bytes a number; names as in safetensors. All formats are little-endian. */
export const sizes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

export type DType = keyof typeof sizes;

export const isDType = (word: string): word is DType => Object.hasOwn(sizes, word);

/** A tensor before its numbers. */
export interface Outline {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A number that 32 bits do not hold. */
export interface Inexact {
  readonly dtype: DType;
  readonly value: number | bigint;
}

/**
 * Numbers of a type in `bytes`, which start at a multiple of 8 in their buffer. Halves widen without loss; of wider
 * types each number must be one that the narrower holds: the first that is not is the left side.
 */
export const numbersOf = (
  dtype: DType,
  bytes: Uint8Array<ArrayBuffer>,
): E.Either<Inexact, Tensor["data"]> => {
  const { buffer, byteOffset } = bytes;
  const count = bytes.length / sizes[dtype];
  switch (dtype) {
    case "F32":
      return E.right(new Float32Array(buffer, byteOffset, count));
    case "I32":
      return E.right(new Int32Array(buffer, byteOffset, count));
    case "U8":
    case "BOOL":
      return E.right(bytes);
    case "I16":
      return E.right(Int32Array.from(new Int16Array(buffer, byteOffset, count)));
    case "I8":
      return E.right(Int32Array.from(new Int8Array(buffer, byteOffset, count)));
    case "F16":
      return E.right(Float32Array.from(new Uint16Array(buffer, byteOffset, count), fromHalf));
    case "BF16":
      return E.right(fromBfloat(new Uint16Array(buffer, byteOffset, count)));
    case "F64":
      return narrowed(new Float64Array(buffer, byteOffset, count));
    case "I64":
      return narrowedIntegers(new BigInt64Array(buffer, byteOffset, count));
  }
};

const narrowed = (wide: Float64Array): E.Either<Inexact, Float32Array> => {
  const value = wide.find((x) => !Object.is(Math.fround(x), x) && !Number.isNaN(x));
  return value === undefined ? E.right(Float32Array.from(wide)) : E.left({ dtype: "F64", value });
};

const narrowedIntegers = (wide: BigInt64Array): E.Either<Inexact, Int32Array> => {
  const value = wide.find((x) => BigInt.asIntN(32, x) !== x);
  return value === undefined
    ? E.right(Int32Array.from(wide, Number))
    : E.left({ dtype: "I64", value });
};

/** The upper half of an f32. */
const fromBfloat = (halves: Uint16Array): Float32Array =>
  new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);

/** IEEE 754 binary16: a sign, five bits of exponent (15 is 0), ten of fraction. */
export const fromHalf = (half: number): number => {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
};

/** What a network's weights are; an integer that no 32-bit float equals is refused. */
export const asFloats = ({ data }: Tensor): E.Either<Inexact, Float32Array> => {
  if (data instanceof Float32Array) return E.right(data);
  const value = data.find((x) => Math.fround(x) !== x);
  return value === undefined ? E.right(Float32Array.from(data)) : E.left({ dtype: "I32", value });
};

/** Axis i of the result is axis `order[i]` of a tensor of four axes. */
export const transposed = (
  { shape, data }: Tensor,
  order: readonly [number, number, number, number],
): { readonly shape: readonly number[]; readonly data: Float32Array } => {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const along = (of: readonly number[], i: 0 | 1 | 2 | 3): number => {
    const value = of[order[i]];
    invariant(value !== undefined, "a kernel has four axes");
    return value;
  };
  const [a, b, c, d] = [along(shape, 0), along(shape, 1), along(shape, 2), along(shape, 3)];
  const [p, q, r, s] = [along(strides, 0), along(strides, 1), along(strides, 2), along(strides, 3)];
  const out = new Float32Array(data.length);
  let at = 0;
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++) {
        const from = i * p + j * q + k * r;
        // Within bounds: both have the product of the four sizes.
        for (let l = 0; l < d; l++) out[at++] = data[from + l * s] as number;
      }
  return { shape: [a, b, c, d], data: out };
};
