/** Safetensors hold what they were given, bit for bit, and damaged ones say so. */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Failed, valueOrThrow } from "../../src/diagnostic/failure.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/weights/safetensors.js";
import type { Tensor } from "../../src/weights/tensor.js";

const small: ReadonlyMap<string, Tensor> = new Map<string, Tensor>([
  ["b.kernel", { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, -0, 1e-40, 3e38) }],
  ["a.scale", { shape: [2], data: Float32Array.of(0.1, 0.2) }],
  ["step", { shape: [], data: Int32Array.of(7) }],
  ["bytes", { shape: [3], data: Uint8Array.of(1, 2, 255) }],
  ["empty", { shape: [0, 4], data: new Float32Array(0) }],
]);

const failureOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof Failed) return `${error.failure.message}: ${error.failure.reason}`;
    throw error;
  }
  return "none";
};

/** The bytes with another header over the same tensors. */
const withHeader = (change: (header: Record<string, Entry>) => void): Uint8Array => {
  const bytes = Buffer.from(encodeSafetensors(small));
  const long = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + long)) as Record<string, Entry>;
  delete header.__metadata__;
  change(header);
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, bytes.subarray(8 + long)]);
};

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: number[];
}

const read = (bytes: Uint8Array) => valueOrThrow(decodeSafetensors(bytes, "w.safetensors"));

describe("safetensors", () => {
  test("give back every bit, whatever the order and the alignment", () => {
    const tensor = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }).chain((shape) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const bits = fc.uint32Array({ minLength: size, maxLength: size });
      return bits.map((words): Tensor => ({ shape, data: new Int32Array(words.buffer) }));
    });
    const names = fc.string({ minLength: 1 }).filter((name) => !name.startsWith("__"));
    fc.assert(
      fc.property(fc.array(fc.tuple(names, tensor)), fc.string(), (entries, word) => {
        const tensors = new Map(entries);
        const bytes = encodeSafetensors(tensors, { word });
        const shifted = new Uint8Array(bytes.length + 1);
        shifted.set(bytes, 1);
        const back = read(shifted.subarray(1));
        expect(back.metadata.word).toBe(word);
        expect(new Map([...back.tensors].sort())).toEqual(new Map([...tensors].sort()));
        expect(encodeSafetensors(new Map([...tensors].reverse()), { word })).toEqual(bytes);
      }),
      { numRuns: 60 },
    );
  });

  test("keep types, negative zero and the smallest numbers", () => {
    const { tensors } = read(encodeSafetensors(small));
    for (const [name, { shape, data }] of small) {
      expect(tensors.get(name)!.shape).toEqual(shape);
      expect(Buffer.from(tensors.get(name)!.data.buffer)).toEqual(Buffer.from(data.buffer));
      expect(tensors.get(name)!.data.constructor).toBe(data.constructor);
    }
  });

  test("stand in the file sorted, with data from a multiple of 8 on", () => {
    const bytes = Buffer.from(encodeSafetensors(small, { note: "ü" }));
    const long = Number(bytes.readBigUInt64LE());
    expect((8 + long) % 8).toBe(0);
    const header = JSON.parse(bytes.toString("utf8", 8, 8 + long)) as Record<string, Entry>;
    const names = ["__metadata__", ...[...small.keys()].sort()];
    expect(Object.keys(header)).toEqual(names);
    expect(header["a.scale"]).toEqual({ dtype: "F32", shape: [2], data_offsets: [0, 8] });
  });

  test("cut short anywhere are refused", () => {
    const bytes = encodeSafetensors(small);
    for (let length = 0; length < bytes.length; length += 5)
      expect(failureOf(() => read(bytes.subarray(0, length)))).toMatch(/no intact safetensors/);
  });

  test("with any one bit turned are refused, or read the same", () => {
    const bytes = encodeSafetensors(small);
    const position = fc.integer({ min: 0, max: bytes.length * 8 - 1 });
    fc.assert(
      fc.property(position, (bit) => {
        const turned = Uint8Array.from(bytes);
        turned[bit >> 3]! ^= 1 << (bit & 7);
        const said = failureOf(() => {
          const { tensors } = read(turned);
          // A turned bit in a name or a shape of equal size is what no checksum of the data can see.
          expect([...tensors.values()].flatMap(({ data }) => [...data]).length).toBe(12);
        });
        expect(said).toMatch(/^none$|w\.safetensors/);
      }),
    );
  });

  test.each<[string, (header: Record<string, Entry>) => void, RegExp]>([
    ["a gap", (h) => (h["b.kernel"]!.data_offsets = [12, 36]), /does not fill/],
    ["an overlap", (h) => (h["b.kernel"]!.data_offsets = [4, 28]), /does not fill/],
    ["another size", (h) => (h["b.kernel"]!.shape = [2, 4]), /does not fill/],
    ["a negative size", (h) => (h["b.kernel"]!.shape = [-2, -3]), /describes b\.kernel/],
    [
      "too much",
      (h) => (h.z = { dtype: "F32", shape: [9], data_offsets: [39, 75] }),
      /ends within z/,
    ],
    ["too little", (h) => delete h.step, /4 bytes follow/],
    ["another type", (h) => (h.step!.dtype = "F8_E4M3"), /step as F8/],
    ["a prototype's name", (h) => (h.step!.dtype = "constructor"), /step as constructor/],
    ["no offsets", (h) => Reflect.deleteProperty(h.step!, "data_offsets"), /describes step/],
  ])("whose header claims %s are refused", (_, change, said) => {
    expect(failureOf(() => read(withHeader(change)))).toMatch(said);
  });

  test("that claim a huge header, or have none, are refused", () => {
    expect(failureOf(() => read(new Uint8Array(64).fill(255)))).toMatch(/header claims/);
    expect(failureOf(() => read(readFileSync("package.json")))).toMatch(/no intact/);
    expect(failureOf(() => read(new Uint8Array(8)))).toMatch(/no JSON/);
  });
});
