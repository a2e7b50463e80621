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
});

/** What torch.optim.lr_scheduler of PyTorch 2.13 gives for 40 steps of base 0.1, a warm-up joined by its SequentialLR. */
const byTorch: readonly (readonly [string, Train["schedule"], Readonly<Record<number, number>>])[] =
  [
    [
      "CosineAnnealingLR(40, eta_min=0.001)",
      { kind: "cosine", base: 0.1, end: 0.001 },
      {
        0: 0.1,
        1: 0.09984740801978985,
        13: 0.07636367895343947,
        20: 0.0505,
        39: 0.0011525919802101658,
      },
    ],
    [
      "MultiStepLR([10, 25], gamma=0.2)",
      { kind: "milestones", base: 0.1, at: [10, 25], factor: 0.2 },
      { 0: 0.1, 9: 0.1, 10: 0.02, 24: 0.02, 25: 0.004, 39: 0.004 },
    ],
    [
      "LinearLR(0.01, total_iters=7), then MultiStepLR([10, 25], gamma=0.2)",
      {
        kind: "warmup",
        steps: 8,
        from: 0.01,
        schedule: { kind: "milestones", base: 0.1, at: [10, 25], factor: 0.2 },
      },
      {
        0: 0.001,
        1: 0.01514285714285714,
        4: 0.05757142857142856,
        7: 0.1,
        8: 0.1,
        17: 0.1,
        18: 0.02,
        32: 0.02,
        33: 0.004,
      },
    ],
    [
      "LinearLR(0.01, total_iters=7), then PolynomialLR(32, power=0.9)",
      { kind: "warmup", steps: 8, from: 0.01, schedule: { base: 0.1, power: 0.9, end: 0 } },
      {
        0: 0.001,
        7: 0.1,
        8: 0.1,
        9: 0.09718305427226986,
        20: 0.06550764934180985,
        39: 0.00441941738241592,
      },
    ],
    [
      "LinearLR(0.25, total_iters=1), then CosineAnnealingLR(38)",
      { kind: "warmup", steps: 2, from: 0.25, schedule: { kind: "cosine", base: 0.1, end: 0 } },
      {
        0: 0.025,
        1: 0.1,
        2: 0.1,
        3: 0.0998292246503335,
        20: 0.05412896727362662,
        39: 0.00017077534966650768,
      },
    ],
    ["no scheduler", { kind: "constant", base: 0.1 }, { 0: 0.1, 1: 0.1, 39: 0.1 }],
  ];

describe("other schedules are PyTorch's", () => {
  it.each(byTorch)("%s", (_, of, rates) => {
    for (const [step, wanted] of Object.entries(rates))
      expect(rate(of, 40, Number(step)), step).toBeCloseTo(wanted, 13);
  });
});

describe("rates of groups", () => {
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
