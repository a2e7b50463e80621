/** Tensors: the numbers of every format as those that pspc computes with, exactly or not at all, and in any order of axes. */

import { Failed } from "../diagnostic/failure.js";
import { inexact } from "./errors.js";

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

/**
 * Numbers of a type in `bytes`, which start at a multiple of 8 in their buffer. Halves widen without loss; of wider
 * types each number must be one that the narrower holds. @throws Failed where it is not.
 */
export const numbersOf = (
  dtype: DType,
  bytes: Uint8Array,
  file: string,
  name: string,
): Tensor["data"] => {
  const count = bytes.length / sizes[dtype];
  const refuse = (value: number | bigint): never => {
    throw new Failed(inexact(file, name, dtype, value));
  };
  switch (dtype) {
    case "F32":
      return new Float32Array(bytes.buffer, bytes.byteOffset, count);
    case "I32":
      return new Int32Array(bytes.buffer, bytes.byteOffset, count);
    case "U8":
    case "BOOL":
      return bytes;
    case "I16":
      return Int32Array.from(new Int16Array(bytes.buffer, bytes.byteOffset, count));
    case "I8":
      return Int32Array.from(new Int8Array(bytes.buffer, bytes.byteOffset, count));
    case "F16":
      return Float32Array.from(new Uint16Array(bytes.buffer, bytes.byteOffset, count), fromHalf);
    case "BF16":
      return fromBfloat(new Uint16Array(bytes.buffer, bytes.byteOffset, count));
    case "F64":
      return narrowed(new Float64Array(bytes.buffer, bytes.byteOffset, count), refuse);
    case "I64":
      return Int32Array.from(new BigInt64Array(bytes.buffer, bytes.byteOffset, count), (value) =>
        BigInt.asIntN(32, value) === value ? Number(value) : refuse(value),
      );
  }
};

const narrowed = (wide: Float64Array, refuse: (value: number) => never): Float32Array => {
  const narrow = Float32Array.from(wide);
  for (let i = 0; i < wide.length; i++)
    if (!Object.is(narrow[i], wide[i]) && !Number.isNaN(wide[i])) refuse(wide[i]!);
  return narrow;
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

/** What a network's weights are. @throws Failed where an integer is none of f32's. */
export const asFloats = ({ data }: Tensor, file: string, name: string): Float32Array =>
  data instanceof Float32Array
    ? data
    : Float32Array.from(data, (value) => {
        if (Math.fround(value) !== value) throw new Failed(inexact(file, name, "I32", value));
        return value;
      });

type Axes = readonly [number, number, number, number];

/** Axis i of the result is axis `order[i]` of a tensor of four axes. */
export const transposed = (
  { shape, data }: Tensor,
  order: Axes,
): { readonly shape: readonly number[]; readonly data: Float32Array } => {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const [a, b, c, d] = order.map((axis) => shape[axis]!) as [number, number, number, number];
  const [p, q, r, s] = order.map((axis) => strides[axis]!) as [number, number, number, number];
  const out = new Float32Array(data.length);
  let at = 0;
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++) {
        const from = i * p + j * q + k * r;
        for (let l = 0; l < d; l++) out[at++] = data[from + l * s]!;
      }
  return { shape: [a, b, c, d], data: out };
};
