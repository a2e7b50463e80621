/** The boundary F-score: its definition in plain loops, its laws, and cases done by hand. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  boundaries,
  boundaryMonoid,
  boundaryScores,
  type ClassMap,
} from "../../src/metric/boundary.js";

const C = 3;
const [height, width] = [7, 9];
const map = fc
  .array(fc.constantFrom(0, 0, 0, 1, 1, 2), {
    minLength: height * width,
    maxLength: height * width,
  })
  .map((values) => Uint8Array.from(values));
const holed = fc
  .tuple(map, fc.array(fc.nat(height * width - 1), { maxLength: 9 }))
  .map(([values, holes]) => values.map((c, i) => (holes.includes(i) ? 255 : c)));
const of = (values: Uint8Array): ClassMap => ({ values, height, width });
const tolerances = fc.constantFrom(0, 0.1, 0.2, 0.3);

/** One class at a time, every boundary pixel against every other: the definition, word for word. */
const byDefinition = (truth: Uint8Array, found: Uint8Array, c: number, share: number): number => {
  const points = (values: Uint8Array): readonly (readonly [number, number])[] =>
    [...values].flatMap((value, i) => {
      const [y, x] = [Math.floor(i / width), i % width];
      const around = [
        [y - 1, x],
        [y + 1, x],
        [y, x - 1],
        [y, x + 1],
      ] as const;
      const inside = around.filter(([v, u]) => v >= 0 && v < height && u >= 0 && u < width);
      const isEdge = inside.some(([v, u]) => {
        const other = v * width + u;
        return truth[other] !== 255 && values[other] !== c;
      });
      return value === c && truth[i] !== 255 && isEdge ? [[y, x] as const] : [];
    });
  const [a, b] = [points(truth), points(found)];
  const limit = share * Math.hypot(height, width);
  const part = (from: typeof a, to: typeof a): number =>
    from.filter(([y, x]) => to.some(([v, u]) => Math.hypot(y - v, x - u) <= limit)).length /
    Math.max(1, from.length);
  const [recall, precision] = [part(a, b), part(b, a)];
  if (a.length + b.length === 0) return Number.NaN;
  return recall + precision === 0 ? 0 : (2 * recall * precision) / (recall + precision);
};

describe("boundaries", () => {
  it("are matched as the definition says", () => {
    fc.assert(
      fc.property(holed, map, tolerances, (truth, found, share) => {
        const { f, images } = boundaries(of(truth), found, C, share);
        for (let c = 0; c < C; c++) {
          const wanted = byDefinition(truth, found, c, share);
          expect(images[c]).toBe(Number.isNaN(wanted) ? 0 : 1);
          if (!Number.isNaN(wanted)) expect(f[c]).toBeCloseTo(wanted, 12);
        }
      }),
    );
  });

  it("score 1 where the maps agree, the same either way round, and never less with more tolerance", () => {
    fc.assert(
      fc.property(map, map, (one, other) => {
        const at = (share: number, a = one, b = other) => boundaries(of(a), b, C, share);
        expect(at(0, one, one).f).toEqual(at(0, one, one).images);
        expect(at(0.2, other, one)).toEqual(at(0.2));
        for (const [c, value] of at(0.1).f.entries())
          expect(at(0.3).f[c]).toBeGreaterThanOrEqual(value);
      }),
    );
  });

  it("do not depend on how the classes are numbered", () => {
    fc.assert(
      fc.property(map, map, fc.shuffledSubarray([0, 1, 2], { minLength: C }), (a, b, names) => {
        const renamed = (values: Uint8Array) => values.map((c) => names[c]!);
        const [before, now] = [
          boundaries(of(a), b, C, 0.1),
          boundaries(of(renamed(a)), renamed(b), C, 0.1),
        ];
        expect(names.map((name) => now.f[name])).toEqual([...before.f]);
      }),
    );
  });

  it("one pixel off count within a tolerance of one pixel, and not without", () => {
    const half = (from: number) =>
      Uint8Array.from({ length: height * width }, (_, i) => (i % width < from ? 0 : 1));
    const pixel = 1 / Math.hypot(height, width);
    expect([...boundaries(of(half(4)), half(5), 2, 1.001 * pixel).f]).toEqual([1, 1]);
    expect([...boundaries(of(half(4)), half(5), 2, 0.999 * pixel).f]).toEqual([0, 0]);
  });

  it("of a class that one map alone draws score 0, and of one that none draws nothing", () => {
    const one = new Uint8Array(height * width);
    const other = one.map((_, i) => (i === 20 ? 1 : 0));
    const { f, images } = boundaries(of(one), other, C, 0.1);
    expect([...f]).toEqual([0, 0, 0]);
    expect([...images]).toEqual([1, 1, 0]);
    expect(boundaryScores({ f, images })).toEqual({ mean: 0, classes: [0, 0, null] });
  });
});

describe("boundary scores", () => {
  it("are a monoid over images, and means over those that hold the class", () => {
    const { concat, empty } = boundaryMonoid(C);
    const drawn = fc.tuple(map, map).map(([a, b]) => boundaries(of(a), b, C, 0.1));
    fc.assert(
      fc.property(drawn, drawn, (x, y) => {
        expect(concat(x, y)).toEqual(concat(y, x));
        expect(concat(x, empty)).toEqual(x);
        const { classes, mean } = boundaryScores(concat(x, y));
        expect(mean).toBeGreaterThanOrEqual(0);
        expect(mean).toBeLessThanOrEqual(1);
        for (const [c, value] of classes.entries()) {
          const images = x.images[c]! + y.images[c]!;
          expect(value).toEqual(images === 0 ? null : (x.f[c]! + y.f[c]!) / images);
        }
      }),
    );
  });
});
