/** The loops of a warp in WebAssembly's vector instructions (vectors.wat): the same bits as those of loops.ts, sooner. */

import { readFileSync } from "node:fs";
import { reflect } from "./blur.js";
import { type Loops, type MakeLoops, plain, plainIn } from "./loops.js";

/** Vector loops where this machine has the instructions, else those of TypeScript. */
export const fastest = (): MakeLoops => vectors() ?? plain;

/** `null` where the machine, or Node as it was started, has no such instructions. */
export const vectors = (): MakeLoops | null => {
  if (typeof WebAssembly === "undefined") return null;
  const bytes = readFileSync(new URL("./vectors.wasm", import.meta.url));
  if (!WebAssembly.validate(bytes)) return null;
  const module = new WebAssembly.Module(bytes);
  return (words) => {
    const { exports } = new WebAssembly.Instance(module);
    exports.memory.grow(Math.ceil((4 * words) / PAGE));
    return vectorsIn(plainIn(exports.memory.buffer), exports);
  };
};

const PAGE = 65536;

/** Pixels of a vector of words, and of one of bytes: what has fewer is left to TypeScript. */
const [FEW, SOME] = [4, 16];

const vectorsIn = (plain: Loops, fast: Exports): Loops => ({
  ...plain,
  pack(image, labels, to, count) {
    if (count < SOME) plain.pack(image, labels, to, count);
    else fast.pack(image, labels, 4 * to, count);
  },
  unpack(from, image, labels, count) {
    if (count < SOME) plain.unpack(from, image, labels, count);
    else fast.unpack(4 * from, image, labels, count);
  },
  interpolate(from, u, v, du, dv, to, count) {
    if (count < FEW) plain.interpolate(from, u, v, du, dv, to, count);
    else fast.interpolate(4 * from.origin, 4 * from.stride, u, v, du, dv, 4 * to, count);
  },
  stretchRow(row, first, weight, to, count) {
    if (count < FEW) plain.stretchRow(row, first, weight, to, count);
    else fast.stretchRow(4 * row, 4 * first, 4 * weight, 4 * to, count);
  },
  mixRows(upper, lower, weight, to, count) {
    if (count < FEW) plain.mixRows(upper, lower, weight, to, count);
    else fast.mixRows(4 * upper, 4 * lower, weight, 4 * to, count);
  },
  blur(from, region, window, target, room) {
    const [width, height] = [region.right - region.left, region.bottom - region.top];
    const [left, count] = [window.left - region.left, window.right - window.left];
    if (count < FEW) return plain.blur(from, region, window, target, room);
    for (let y = window.top; y < window.bottom; y++) {
      const row = (dy: number) => 4 * (from + reflect(y - region.top + dy, height) * width);
      const to = 4 * (target.origin + y * target.stride + window.left);
      fast.blurRow(row(-2), row(-1), row(0), row(1), row(2), width, 4 * room, left, to, count);
    }
  },
});

/** As vectors.wat exports them; addresses are in bytes. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  pack(image: number, labels: number, to: number, count: number): void;
  unpack(from: number, image: number, labels: number, count: number): void;
  interpolate(pixels: number, stride: number, ...fixed: readonly number[]): void;
  stretchRow(row: number, first: number, weight: number, to: number, count: number): void;
  mixRows(upper: number, lower: number, weight: number, to: number, count: number): void;
  blurRow(...rowsAndPlaces: readonly number[]): void;
}

/** As much of it as this file needs: Node's own types leave WebAssembly to the browser's. */
declare const WebAssembly: {
  readonly validate: (bytes: Uint8Array) => boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
};
