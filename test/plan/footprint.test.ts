/** The estimated memory of a process, held against the system's own account of one. */

import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { largest, largestBatch } from "../../src/plan/budget.js";
import { trainingStep } from "../../src/plan/step.js";
import { sizesOn } from "../../src/tensorflow/target.js";
import { type Differs, tiny } from "../oracle/experiment.js";

describe("the largest that fits", () => {
  it("is found for whatever grows", () => {
    const growing = fc.tuple(
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      fc.double({ min: 0.5, max: 2, noNaN: true }),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
    );
    fc.assert(
      fc.property(growing, fc.double({ min: 0, max: 1e6, noNaN: true }), ([a, power, b], limit) => {
        const needs = (n: number): number => b + a * n ** power;
        const most = largest(needs, limit);
        expect(most === 0 || needs(most) <= limit).toBe(true);
        expect(most === 2 ** 16 || needs(most + 1) > limit).toBe(true);
      }),
    );
  });

  it("takes a few looks where memory is nearly a line", () => {
    let looks = 0;
    const needs = (n: number): number => {
      looks += 1;
      return 900 + 55 * n + (n % 3);
    };
    expect(largest(needs, 8000)).toBe(129);
    expect(looks).toBeLessThanOrEqual(5);
  });
});

const sizes = sizesOn();

describe("a step's memory", () => {
  const state = (train: NonNullable<Differs["train"]>): number =>
    sizes(trainingStep(tiny({ train })), false).state;
  const plain = state({});
  // Weights and momentum are two of a kind; the statistics and the step's counter stand apart.
  const oneOfEach = state({ ema: 0.9 }) - plain;

  it("holds one more of each weight to gather or to average, and no momentum of what stands still", () => {
    expect(oneOfEach).toBeGreaterThan(0);
    expect(state({ batch: 4, accumulate: 2 }) - plain).toBe(oneOfEach);
    expect(state({ batch: 4, accumulate: 2, ema: 0.9 }) - plain).toBe(2 * oneOfEach);
    const frozen = { freeze: { stages: 2, norm: "none" } } as const;
    const [still, averaged] = [state(frozen), state({ ...frozen, ema: 0.9 })];
    const learning = averaged - still;
    expect(plain - still).toBe(oneOfEach - learning);
    expect(learning).toBeGreaterThan(0);
  });

  it("fits a batch of several times the size where it comes in parts, a multiple of them", () => {
    const experiment = (accumulate: number) => tiny({ train: { accumulate, crop: [65, 65] } });
    const bytes = 0.6 * 2 ** 30;
    const most = [1, 2, 3].map((accumulate) => largestBatch(experiment(accumulate), bytes, sizes));
    expect(most[0]).toBeGreaterThan(10);
    expect(most[1]! % 2).toBe(0);
    expect(most[2]! % 3).toBe(0);
    expect(most[1]! / most[0]!).toBeGreaterThan(1.5);
    expect(most[2]! / most[0]!).toBeGreaterThan(2);
    expect(largestBatch(experiment(2), 1, sizes)).toBe(0);
    const { train, ...rest } = experiment(3);
    const needs = (batch: number) =>
      sizes(trainingStep({ ...rest, train: { ...train, batch } }), false).total;
    expect(needs(most[2]!)).toBeLessThanOrEqual(bytes);
    expect(needs(most[2]! + 3)).toBeGreaterThan(bytes);
  });
});

describe.skipIf(process.platform !== "linux")("the estimate", () => {
  it.each([
    [["train.batch=2", "train.crop=89"]],
    [["model.backbone.resnet=18", "train.batch=2", "train.crop=137", "model.pyramid=none"]],
  ])(
    "is within 15 % of the measured peak: %s",
    (overrides) => {
      const words = ["bench/memory.mjs", "--one", "specs/camvid.yaml", ...overrides];
      const answer = execFileSync(process.execPath, words, {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      const { estimate, peak } = JSON.parse(answer);
      expect(estimate / peak).toBeGreaterThan(0.85);
      expect(estimate / peak).toBeLessThan(1.15);
    },
    240_000,
  );
});
