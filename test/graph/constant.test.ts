/** Constants by meaning: adaptive cells, pooling and interpolation matrices, and what they must add up to. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cell, cellLength, cellRows, valuesOf } from "../../src/graph/constant.js";

const cells = (bins: number, n: number) => Array.from({ length: bins }, (_, i) => cell(i, bins, n));
const rowsOf = (values: ArrayLike<number>, width: number): number[][] =>
  Array.from({ length: values.length / width }, (_, i) =>
    Array.from(values).slice(i * width, (i + 1) * width),
  );
const total = (row: readonly number[]): number => row.reduce((a, b) => a + b, 0);
const sizes = fc.integer({ min: 1, max: 40 });

describe("adaptive cells", () => {
  // PyTorch's AdaptivePooling.h, on maps that the bins do not divide.
  it.each([
    [6, 59, "0-10 9-20 19-30 29-40 39-50 49-59"],
    [6, 97, "0-17 16-33 32-49 48-65 64-81 80-97"],
    [3, 64, "0-22 21-43 42-64"],
    [6, 60, "0-10 10-20 20-30 30-40 40-50 50-60"],
  ])("of %i over %i", (bins, n, wanted) => {
    expect(
      cells(bins, n)
        .map(([start, end]) => `${start}-${end}`)
        .join(" "),
    ).toBe(wanted);
  });

  it("cover every pixel, and repeat to one length within themselves", () => {
    fc.assert(
      fc.property(sizes, sizes, (a, b) => {
        const [bins, n] = [Math.min(a, b), Math.max(a, b)];
        const covered = new Set(
          cells(bins, n).flatMap(([start, end]) =>
            Array.from({ length: end - start }, (_, i) => start + i),
          ),
        );
        expect(covered.size).toBe(n);
        const [rows, length] = [cellRows(bins, n), cellLength(bins, n)];
        expect(rows).toHaveLength(bins * length);
        cells(bins, n).forEach(([start, end], i) => {
          const own = rows.slice(i * length, (i + 1) * length);
          expect(Math.min(...own)).toBe(start);
          expect(Math.max(...own)).toBe(end - 1);
        });
      }),
    );
  });
});

describe("constant matrices", () => {
  it("of pooling are means: rows sum to 1, over their cells alone", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 6, max: 13 }),
        fc.integer({ min: 6, max: 13 }),
        (bins, height, width) => {
          const rows = bins.reduce((sum, bin) => sum + bin * bin, 0);
          const values = valuesOf({ kind: "pooling", bins, height, width }, [rows, height * width]);
          for (const row of rowsOf(values, height * width)) {
            expect(total(row)).toBeCloseTo(1, 5);
            const share = Math.max(...row);
            expect(row.every((value) => value === 0 || value === share)).toBe(true);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it("of interpolation are means of two neighbours", () => {
    fc.assert(
      fc.property(sizes, sizes, fc.boolean(), (size, n, alignCorners) => {
        const values = valuesOf({ kind: "interpolation", size, n, alignCorners }, [n, size]);
        for (const row of rowsOf(values, size)) {
          expect(total(row)).toBeCloseTo(1, 5);
          expect(row.filter((value) => value !== 0).length).toBeLessThanOrEqual(2);
        }
      }),
    );
  });

  it("of cells choose one row each", () => {
    const values = valuesOf({ kind: "cells", bins: 2, size: 5 }, [6, 5]);
    expect(rowsOf(values, 5).map((row) => row.indexOf(1))).toEqual([0, 1, 2, 2, 3, 4]);
    expect(rowsOf(values, 5).every((row) => total(row) === 1)).toBe(true);
  });
});
