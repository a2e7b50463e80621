/** The estimated memory of a process, held against the system's own account of one. */

import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { largest } from "../../src/plan/footprint.js";

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
