import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LayerSite } from "../../src/graph/variable.js";
import type { Train } from "../../src/normalize/experiment.js";
import { multiplierOf, rate, rateGroups, shuffle, stepsPerEpoch } from "../../src/plan/schedule.js";

const schedule = fc.record({
  base: fc.double({ min: 1e-6, max: 10, noNaN: true }),
  power: fc.double({ min: 0.1, max: 3, noNaN: true }),
  end: fc.constant(0),
});

describe("the poly rate", () => {
  it("starts at base exactly, falls at every step, and ends at its end", () => {
    fc.assert(
      fc.property(
        schedule,
        fc.integer({ min: 2, max: 200_000 }),
        fc.nat(),
        (poly, iterations, n) => {
          const step = n % (iterations - 1);
          expect(rate(poly, iterations, 0)).toBe(poly.base);
          expect(rate(poly, iterations, step + 1)).toBeLessThan(rate(poly, iterations, step));
          expect(rate(poly, iterations, iterations)).toBe(poly.end);
        },
      ),
    );
  });

  it("is semseg's: base·(1 − i/T)^0.9", () => {
    const poly = { base: 0.01, power: 0.9, end: 0 };
    expect(rate(poly, 30_000, 15_000)).toBeCloseTo(0.01 * 0.5 ** 0.9, 15);
    expect(rate(poly, 30_000, 29_999)).toBeCloseTo(0.01 * (1 / 30_000) ** 0.9, 15);
  });

  it("with an end value is mmengine's", () => {
    const poly = { base: 0.01, power: 0.9, end: 1e-4 };
    expect(rate(poly, 100, 0)).toBe(0.01);
    expect(rate(poly, 100, 25)).toBeCloseTo((0.01 - 1e-4) * 0.75 ** 0.9 + 1e-4, 15);
  });

  const told = (differs: Partial<Train["multipliers"]>) => {
    const all = { new: 10, pyramid: 10, head: 10, auxiliary: 10, bias: 10, ...differs };
    return rateGroups({ multipliers: all }).map(({ name, multiplier }) => [name, multiplier]);
  };

  it("multiplies for layers that start from nothing, and tells apart what differs", () => {
    expect(told({})).toEqual([
      ["backbone", 1],
      ["new", 10],
    ]);
    expect(told({ pyramid: 5, bias: 20 })).toEqual([
      ["backbone", 1],
      ["new", 10],
      ["pyramid", 5],
      ["bias", 20],
    ]);
  });

  it("puts every variable into one group", () => {
    const layers: readonly LayerSite[] = [
      { part: "backbone", stage: 0, layer: 1 },
      { part: "backbone", stage: 4, block: 3, layer: "shortcut" },
      { part: "pyramid", bin: 6 },
      { part: "head", layer: "classifier" },
      { part: "auxiliary", layer: "fuse" },
    ];
    const members = layers.flatMap((layer) =>
      (["kernel", "bias"] as const).map((role) => ({ site: { ...layer, word: role }, role })),
    );
    const multipliers = { new: 10, pyramid: 5, head: 10, auxiliary: 10, bias: 20 };
    for (const member of members) {
      const home = rateGroups({ multipliers }).filter(({ has }) => has(member));
      expect(home.map(({ multiplier }) => multiplier)).toEqual([
        multiplierOf({ multipliers }, member),
      ]);
    }
  });
});

describe("the order of samples", () => {
  const sizes = fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 8 }))
    .filter(([samples, batch]) => samples >= batch);

  it("reads each sample once an epoch at most, and all but what fills no batch", () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(20), ([samples, batch], seed, epoch) => {
        const steps = stepsPerEpoch(samples, batch);
        const draw = shuffle(seed, samples, batch);
        const read = Array.from({ length: steps }, (_, i) => draw(epoch * steps + i));
        expect(read.every((step) => step.epoch === epoch)).toBe(true);
        const indices = read.flatMap((step) => step.indices);
        expect(new Set(indices).size).toBe(steps * batch);
        expect(Math.max(...indices)).toBeLessThan(samples);
      }),
      { numRuns: 50 },
    );
  });

  it("does not depend on the steps asked for before", () => {
    const [forward, alone] = [shuffle(9, 30, 4), shuffle(9, 30, 4)];
    for (let step = 0; step < 100; step++) forward(step);
    expect(alone(57)).toEqual(forward(57));
  });
});
