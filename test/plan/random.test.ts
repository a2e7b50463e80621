import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fillNormal,
  fillUniform,
  integer,
  normal,
  permutation,
  philox,
  uniform,
} from "../../src/plan/random.js";

const moments = (xs: ArrayLike<number>) => {
  const mean = Array.from(xs).reduce((a, b) => a + b, 0) / xs.length;
  const central = (k: number) =>
    Array.from(xs).reduce((a, x) => a + (x - mean) ** k, 0) / xs.length;
  return { mean, variance: central(2), skew: central(3), kurtosis: central(4) / central(2) ** 2 };
};

describe("Philox-4x32-10", () => {
  // Known answers of the Random123 distribution.
  it.each([
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [[-1, -1, -1, -1], [-1, -1], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      "d16cfe09 94fdcceb 5001e420 24126ea1",
    ],
  ])("answers %j under %j", (c, k, answer) => {
    const block = philox(c[0]!, c[1]!, c[2]!, c[3]!, k[0]!, k[1]!);
    expect(Array.from(block, (w) => w.toString(16).padStart(8, "0")).join(" ")).toBe(answer);
  });
});

describe("draws", () => {
  it("depend on every argument and on nothing else", () => {
    const base = uniform(1, "augment", 2, 3);
    expect(uniform(1, "augment", 2, 3)).toBe(base);
    const others = [
      uniform(2, "augment", 2, 3),
      uniform(1 + 2 ** 32, "augment", 2, 3),
      uniform(1, "shuffle", 2, 3),
      uniform(1, "augment", 3, 2),
      uniform(1, "augment", 2, 3, 1),
      uniform(1, "augment", 2, 3, 0, 1),
    ];
    expect(new Set([base, ...others]).size).toBe(7);
  });

  it("are uniform", () => {
    const { mean, variance } = moments(Array.from({ length: 20000 }, (_, i) => uniform(7, "u", i)));
    expect(mean).toBeCloseTo(0.5, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
  });

  it("of integers stay below the bound and reach every value", () => {
    const drawn = Array.from({ length: 500 }, (_, i) => integer(6, 3, "dice", i));
    expect([...new Set(drawn)].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe("normals", () => {
  it("have the moments of the normal distribution", () => {
    const out = new Float32Array(200_000);
    fillNormal(out, 5, "conv1/weight", 2);
    const { mean, variance, skew, kurtosis } = moments(out);
    expect(Math.abs(mean)).toBeLessThan(0.015);
    expect(variance).toBeCloseTo(4, 1);
    expect(Math.abs(skew)).toBeLessThan(0.15);
    expect(kurtosis).toBeCloseTo(3, 1);
  });

  it("fill a prefix alike, whatever the length", () => {
    const [short, long] = [new Float32Array(7), new Float32Array(100)];
    fillNormal(short, 5, "w", 1);
    fillNormal(long, 5, "w", 1);
    expect(short).toEqual(long.subarray(0, 7));
    expect(long[0]).toBe(Math.fround(normal(5, "w")));
  });

  it("are the same numbers for ever", () => {
    const out = new Float32Array(4);
    fillNormal(out, 0, "golden", 1);
    expect(Array.from(out)).toMatchInlineSnapshot(`
      [
        -1.5020819902420044,
        0.5308530330657959,
        -0.29661285877227783,
        -0.8224310278892517,
      ]
    `);
  });

  it("of a uniform fill stay in the interval", () => {
    const out = new Float32Array(10_000);
    fillUniform(out, 5, "bias", -0.25, 0.75);
    expect(Math.min(...out)).toBeGreaterThanOrEqual(-0.25);
    expect(Math.max(...out)).toBeLessThan(0.75);
    expect(moments(out).mean).toBeCloseTo(0.25, 2);
  });
});

describe("permutation", () => {
  it("holds every index once, and differs between epochs", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(), fc.nat(1000), (n, seed, epoch) => {
        const order = permutation(n, seed, "shuffle", epoch);
        expect(Array.from(order).sort((a, b) => a - b)).toEqual(
          Array.from({ length: n }, (_, i) => i),
        );
        if (n > 50) expect(order).not.toEqual(permutation(n, seed, "shuffle", epoch + 1));
      }),
      { numRuns: 50 },
    );
  });
});
