/**
 * Counter-based randomness: numbers as functions of a seed, the name of a stream and up to four counters.
 *
 * Nothing is remembered between draws, so a resumed run, or a run with other workers, draws the same
 * numbers. Philox-4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) in 32-bit
 * integers; normals use + − × ÷ and sqrt alone, which IEEE 754 rounds alike on every machine.
 */

import { invariant } from "../diagnostic/invariant.js";

export type StreamName = string | number;

/** Up to four counters, such as `(epoch, index)`. Missing ones are 0. */
export type Counters = readonly [a?: number, b?: number, c?: number, d?: number];

/** Uniform in [0, 1), a multiple of 2⁻⁵³. */
export function uniform(
  seed: number,
  stream: StreamName,
  ...[a = 0, b = 0, c = 0, d = 0]: Counters
) {
  philox(a, b, c, d, seed, streamKey(seed, stream));
  return unit();
}

/** Uniform integer in [0, bound). */
export function integer(bound: number, seed: number, stream: StreamName, ...counters: Counters) {
  invariant(Number.isInteger(bound) && bound > 0, `integer below ${bound}`);
  return Math.floor(uniform(seed, stream, ...counters) * bound);
}

/** Standard normal; at most 6.3 away from 0, as 32 bits choose it. */
export function normal(
  seed: number,
  stream: StreamName,
  ...[a = 0, b = 0, c = 0, d = 0]: Counters
) {
  philox(a, b, c, d, seed, streamKey(seed, stream));
  return quantile(words[0]!);
}

/** A permutation of 0…n−1 (Fisher–Yates). The fourth counter counts the draws and is not the caller's. */
export function permutation(
  n: number,
  seed: number,
  stream: StreamName,
  ...[a = 0, b = 0, c = 0]: readonly [a?: number, b?: number, c?: number]
): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  const key = streamKey(seed, stream);
  for (let i = n - 1; i > 0; i--) {
    philox(a, b, c, i, seed, key);
    const j = Math.floor(unit() * (i + 1));
    const moved = order[i]!;
    order[i] = order[j]!;
    order[j] = moved;
  }
  return order;
}

/** Fills `out` with normals of mean 0 and deviation `std`; element i depends on (seed, stream, i) alone. */
export function fillNormal(out: Float32Array, seed: number, stream: StreamName, std: number): void {
  const key = streamKey(seed, stream);
  for (let i = 0; i < out.length; i++) {
    if ((i & 3) === 0) philox(i >>> 2, 0, 0, 0, seed, key);
    out[i] = quantile(words[i & 3]!) * std;
  }
}

/** Fills `out` with uniforms in [low, high]; element i depends on (seed, stream, i) alone. */
export function fillUniform(
  out: Float32Array,
  seed: number,
  stream: StreamName,
  low: number,
  high: number,
): void {
  const key = streamKey(seed, stream);
  const unit = (high - low) * 2 ** -24;
  for (let i = 0; i < out.length; i++) {
    if ((i & 3) === 0) philox(i >>> 2, 0, 0, 0, seed, key);
    out[i] = low + (words[i & 3]! >>> 8) * unit;
  }
}

const TWO_TO_MINUS_53 = 2 ** -53;

/** The last block drawn: scratch, written and read within one call. */
const words = new Uint32Array(4);

/** 53 bits of the block as a fraction. */
const unit = (): number => ((words[0]! >>> 5) * 67108864 + (words[1]! >>> 6)) * TWO_TO_MINUS_53;

/** The second key word: the stream's name (FNV-1a), with the bits of a seed beyond 32. */
function streamKey(seed: number, stream: StreamName): number {
  const high = Math.floor(seed / 2 ** 32) | 0;
  if (typeof stream === "number") return stream ^ high;
  let hash = 0x811c9dc5;
  for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193);
  return hash ^ high;
}

/** One Philox-4x32-10 block of counter (c0, c1, c2, c3) under key (k0, k1), left in `words`. */
export function philox(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number) {
  let x0 = c0 | 0;
  let x1 = c1 | 0;
  let x2 = c2 | 0;
  let x3 = c3 | 0;
  let key0 = k0 | 0;
  let key1 = k1 | 0;
  for (let round = 0; round < 10; round++) {
    const high0 = highProduct(x0, 0xd251, 0x1f53);
    const high1 = highProduct(x2, 0xcd9e, 0x8d57);
    const low0 = Math.imul(x0, 0xd2511f53);
    const low1 = Math.imul(x2, 0xcd9e8d57);
    x0 = high1 ^ x1 ^ key0;
    x2 = high0 ^ x3 ^ key1;
    x1 = low1;
    x3 = low0;
    key0 = (key0 + 0x9e3779b9) | 0;
    key1 = (key1 + 0xbb67ae85) | 0;
  }
  words[0] = x0;
  words[1] = x1;
  words[2] = x2;
  words[3] = x3;
  return words;
}

/** Upper 32 bits of `x` times the constant `high·2¹⁶ + low`, by halves: no partial sum leaves 32 bits. */
function highProduct(x: number, high: number, low: number): number {
  const x0 = x & 0xffff;
  const x1 = x >>> 16;
  const middle = (Math.imul(x1, low) + (Math.imul(x0, low) >>> 16)) | 0;
  const carry = (Math.imul(x0, high) + (middle & 0xffff)) >>> 16;
  return (Math.imul(x1, high) + (middle >>> 16) + carry) | 0;
}

/**
 * The normal quantile of p = (word + ½)/2³² to 6 digits: Wichura's rational approximation
 * (AS 241, Applied Statistics 37, 1988). 32 bits never reach its far tail, which is left out.
 */
function quantile(word: number): number {
  const q = (word + 0.5) * 2 ** -32 - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const r = 0.180625 - q * q;
    return (
      (q * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)) /
      (((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1)
    );
  }
  const odd = q < 0 ? 2 * word + 1 : 2 ** 33 - 2 * word - 1;
  const r = Math.sqrt(33 * Math.LN2 - logarithm(odd)) - 1.6;
  const x =
    (((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777) /
    ((0.12021132975 * r + 0.7370016425) * r + 1);
  return q < 0 ? -x : x;
}

/** ln n of an integer in [1, 2³⁰) by the series of artanh; `Math.log`'s last bit may differ between machines. */
function logarithm(n: number): number {
  const exponent = 31 - Math.clz32(n);
  const mantissa = n / (1 << exponent);
  const t = (mantissa - Math.SQRT2) / (mantissa + Math.SQRT2);
  const s = t * t;
  const series = 1 + s * (1 / 3 + s * (1 / 5 + s * (1 / 7 + s * (1 / 9 + s / 11))));
  return 2 * t * series + (exponent + 0.5) * Math.LN2;
}
