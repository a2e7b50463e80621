import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Confusion, count, fromCounts, monoid, scores } from "../../src/metric/scores.js";

const C = 4;
const confusion = fc
  .array(fc.nat(1000), { minLength: C * C, maxLength: C * C })
  .map((counts) => fromCounts(counts, C));
const { concat, empty } = monoid(C);

/** The same pixels with the classes renamed: class c becomes names[c]. */
const renamed = ({ classes, counts }: Confusion, names: readonly number[]): Confusion => {
  const moved = new Float64Array(counts.length);
  for (let t = 0; t < classes; t++)
    for (let p = 0; p < classes; p++)
      moved[names[t]! * classes + names[p]!] = counts[t * classes + p]!;
  return { classes, counts: moved };
};

describe("the confusion matrix is a monoid", () => {
  it("associates, commutes and has an identity", () => {
    fc.assert(
      fc.property(confusion, confusion, confusion, (x, y, z) => {
        expect(concat(concat(x, y), z)).toEqual(concat(x, concat(y, z)));
        expect(concat(x, y)).toEqual(concat(y, x));
        expect(concat(x, empty)).toEqual(x);
        expect(concat(empty, x)).toEqual(x);
      }),
    );
  });

  it("counts a whole as the sum of its parts", () => {
    const pixels = fc.array(fc.tuple(fc.constantFrom(0, 1, 2, 3, 255), fc.nat(C - 1)));
    fc.assert(
      fc.property(pixels, fc.nat(), (drawn, at) => {
        const counted = (part: [number, number][]) =>
          count(
            Uint8Array.from(part, ([t]) => t),
            Uint8Array.from(part, ([, p]) => p),
            C,
          );
        const middle = drawn.length === 0 ? 0 : at % drawn.length;
        const parts = concat(counted(drawn.slice(0, middle)), counted(drawn.slice(middle)));
        expect(parts).toEqual(counted(drawn));
      }),
    );
  });

  it("leaves ignored pixels out, and puts truth in rows", () => {
    const counted = count(Uint8Array.of(0, 1, 255, 1), Uint8Array.of(0, 0, 1, 1), 2);
    expect(Array.from(counted.counts)).toEqual([1, 0, 1, 1]);
  });

  it("refuses a prediction outside the classes", () => {
    expect(() => count(Uint8Array.of(0), Uint8Array.of(2), 2)).toThrow("class 2 of 2");
  });
});

describe("scores", () => {
  it("of a small matrix are those computed by hand", () => {
    // Class 0: 3 of 4 found, 1 of class 1's taken. Class 1: 5 of 6 found.
    const { iou, accuracy, ...means } = scores(fromCounts([3, 1, 1, 5], 2), "zero");
    expect(iou).toEqual([3 / 5, 5 / 7]);
    expect(accuracy).toEqual([3 / 4, 5 / 6]);
    expect(means.pixel_accuracy).toBeCloseTo(0.8, 12);
    expect(means.mean_accuracy).toBeCloseTo((3 / 4 + 5 / 6) / 2, 12);
    expect(means.miou).toBeCloseTo((3 / 5 + 5 / 7) / 2, 12);
    expect(means.frequency_weighted_iou).toBeCloseTo(0.4 * (3 / 5) + 0.6 * (5 / 7), 12);
  });

  it("do not depend on how the classes are numbered", () => {
    const names = fc.shuffledSubarray([0, 1, 2, 3], { minLength: C });
    fc.assert(
      fc.property(confusion, names, fc.constantFrom("zero", "skip", "one"), (x, order, absent) => {
        const [before, now] = [scores(x, absent), scores(renamed(x, order), absent)];
        for (const score of ["miou", "pixel_accuracy", "frequency_weighted_iou"] as const)
          if (before[score] === null) expect(now[score]).toBe(null);
          else expect(now[score]).toBeCloseTo(before[score], 12);
        expect(order.map((name) => now.iou[name])).toEqual(before.iou);
      }),
    );
  });

  it("lie between 0 and 1, and IoU never exceeds accuracy", () => {
    fc.assert(
      fc.property(confusion, (x) => {
        const { iou, accuracy, pixel_accuracy } = scores(x, "zero");
        if (pixel_accuracy === null) return expect(x.counts.every((n) => n === 0)).toBe(true);
        expect(pixel_accuracy).toBeGreaterThanOrEqual(0);
        expect(pixel_accuracy).toBeLessThanOrEqual(1);
        iou.forEach((value, c) => {
          expect(value).toBeLessThanOrEqual(accuracy[c]! + 1e-12);
        });
        return undefined;
      }),
    );
  });

  it.each([
    ["zero", 2 / 3, 0],
    ["skip", 1, null],
    ["one", 1, 1],
  ] as const)("of an absent class under %s", (absent, miou, third) => {
    const perfect = fromCounts([4, 0, 0, 0, 2, 0, 0, 0, 0], 3);
    expect(scores(perfect, absent).miou).toBeCloseTo(miou, 12);
    expect(scores(perfect, absent).iou[2]).toBe(third);
  });

  it("of nothing are none, whatever is said of absent classes", () => {
    for (const absent of ["zero", "skip", "one"] as const)
      expect(scores(empty, absent)).toEqual({
        miou: null,
        mean_accuracy: null,
        pixel_accuracy: null,
        frequency_weighted_iou: null,
        iou: Array.from({ length: C }, () => null),
        accuracy: Array.from({ length: C }, () => null),
        absent: Array.from({ length: C }, () => true),
      });
  });

  it("say which classes neither labels nor predictions hold", () => {
    expect(scores(fromCounts([4, 0, 0, 0, 0, 0, 0, 2, 0], 3), "one").absent).toEqual([
      false,
      false,
      false,
    ]);
    expect(scores(fromCounts([4, 0, 0, 0, 2, 0, 0, 0, 0], 3), "one").absent).toEqual([
      false,
      false,
      true,
    ]);
  });
});
