/** The verdict in every case: what it says of seeds, ties, nulls, one variant and missing ones. */

import { describe, expect, test } from "vitest";
import { type Contender, verdict } from "../../src/report/verdict.js";

const of = (name: string, ...scores: readonly number[]): Contender => ({
  name,
  scores: scores.map((points) => points / 100),
  evaluated: true,
  finished: true,
});
const unscored = (name: string): Contender => ({ ...of(name), evaluated: false });

describe("the verdict", () => {
  test.each<[string, readonly Contender[], string]>([
    ["no run", [], "No run yet."],
    ["one variant", [of("fcn", 57.5)], "fcn reaches 57.5 mIoU with one seed."],
    [
      "one variant, several seeds",
      [of("fcn", 54, 60, 57)],
      "fcn reaches 57.0 mIoU: 54.0 to 60.0 over 3 seeds.",
    ],
    [
      "one seed",
      [of("fcn", 60), of("pspnet", 86.7)],
      "pspnet beats fcn by 26.7 mIoU; one seed, so small differences mean nothing.",
    ],
    [
      "a baseline that is the best",
      [of("fcn", 86.7), of("pspnet", 60)],
      "fcn beats pspnet by 26.7 mIoU; one seed, so small differences mean nothing.",
    ],
    [
      "ranges that do not overlap",
      [of("fcn", 54, 60, 57), of("pspnet", 87, 88, 89)],
      "pspnet beats fcn by 31.0 mIoU; their ranges over 3 seeds do not overlap.",
    ],
    [
      "ranges that overlap",
      [of("fcn", 54, 60, 57), of("pspnet", 59, 61, 60)],
      "pspnet is ahead of fcn by 3.0 mIoU; their ranges over 3 seeds overlap, so that these do not tell them apart.",
    ],
    [
      "ranges that touch, which overlap",
      [of("fcn", 50, 60), of("pspnet", 60, 70)],
      "pspnet is ahead of fcn by 10.0 mIoU; their ranges over 2 seeds overlap, so that these do not tell them apart.",
    ],
    [
      "other numbers of seeds",
      [of("fcn", 54, 60), of("pspnet", 87, 88, 89)],
      "pspnet beats fcn by 31.0 mIoU; their ranges over 3 and 2 seeds do not overlap.",
    ],
    [
      "one seed of one of them",
      [of("fcn", 57), of("pspnet", 87, 88, 89)],
      "pspnet beats fcn by 31.0 mIoU; fcn has one seed, so small differences mean nothing.",
    ],
    [
      "a tie",
      [of("fcn", 60.01), of("pspnet", 60.03)],
      "pspnet and fcn tie at 60.0 mIoU; one seed, so small differences mean nothing.",
    ],
    [
      "three, of which the best is not the baseline",
      [of("fcn", 50, 51), of("pspnet", 80, 82), of("no-aux", 79, 81)],
      "pspnet beats fcn by 30.5 mIoU; their ranges over 2 seeds do not overlap. It is the best of 3. Next is no-aux: 1.0 mIoU behind, and their ranges overlap.",
    ],
    [
      "three, of which the baseline is the best",
      [of("pspnet", 80), of("fcn", 50), of("no-aux", 79)],
      "pspnet beats no-aux by 1.0 mIoU; one seed, so small differences mean nothing. None of the other 2 beats it.",
    ],
    [
      "three, of which the best ties with the baseline",
      [of("fcn", 80), of("pspnet", 80), of("no-aux", 79)],
      "fcn and pspnet tie at 80.0 mIoU; one seed, so small differences mean nothing.",
    ],
    [
      "a baseline without a score",
      [unscored("fcn"), of("pspnet", 80), of("no-aux", 79), of("small", 70)],
      "pspnet beats no-aux by 1.0 mIoU; one seed, so small differences mean nothing. It is the best of 3. Not scored yet: fcn.",
    ],
    [
      "a missing variant",
      [of("fcn", 60), unscored("pspnet")],
      "fcn reaches 60.0 mIoU with one seed. Not scored yet: pspnet.",
    ],
    [
      "a variant that still trains",
      [of("fcn", 60), { ...of("pspnet", 50), finished: false }],
      "fcn beats pspnet by 10.0 mIoU; one seed, so small differences mean nothing. Still training: pspnet.",
    ],
    [
      "a variant for which nothing counts",
      [of("fcn", 60), of("pspnet")],
      "fcn reaches 60.0 mIoU with one seed. No pixel of val counts for pspnet.",
    ],
    ["null everywhere", [of("fcn"), of("pspnet")], "Nothing is measured: no pixel of val counts."],
    ["nothing yet", [of("fcn"), unscored("pspnet")], "Nothing is scored on val yet."],
  ])("of %s", (_, contenders, said) => {
    expect(verdict(contenders, "val")).toBe(said);
  });

  test("names no more variants than can be read", () => {
    const many = Array.from({ length: 30 }, (_, i) => unscored(`v${i}`));
    expect(verdict([of("fcn", 60), ...many], "val")).toMatch(/v11 and 18 more\.$/);
  });
});
