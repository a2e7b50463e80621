/** 16-bit floats: each is itself, and what lies between two becomes the nearer. */

import { describe, expect, it } from "vitest";
import { toHalf } from "../../src/tensorflow/graph-model.js";

/** What a half is worth, by its parts: exact in 64 bits. */
const worth = (bits: number): number => {
  const [exponent, mantissa] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
};

describe("a 16-bit float", () => {
  it("is itself again, each of the finite ones", () => {
    for (let bits = 0; bits < 0x7c00; bits++) {
      expect(toHalf(worth(bits))).toBe(bits);
      expect(toHalf(worth(bits | 0x8000))).toBe(bits | 0x8000);
    }
  });

  it("is the nearest, and of two equally near the even one", () => {
    for (const bits of [0, 1, 2, 1022, 1023, 1024, 1025, 0x3c00, 0x3c01, 0x7bfe]) {
      const [low, high] = [worth(bits), worth(bits + 1)];
      const middle = (low + high) / 2;
      expect(toHalf(middle)).toBe(bits % 2 === 0 ? bits : bits + 1);
      expect(toHalf(middle + (high - low) / 16)).toBe(bits + 1);
      expect(toHalf(middle - (high - low) / 16)).toBe(bits);
    }
  });

  it("is infinite from 65520 on", () => {
    expect(toHalf(65519)).toBe(0x7bff);
    expect(toHalf(65520)).toBe(0x7c00);
    expect(toHalf(-1e9)).toBe(0xfc00);
  });
});
