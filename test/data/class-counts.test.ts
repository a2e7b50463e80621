import { describe, expect, it } from "vitest";
import { medianFrequency } from "../../src/data/class-counts.js";

describe("median frequency", () => {
  it("gives the median class the weight 1, rarer ones more, absent ones 0", () => {
    // Shares where they occur: 1/2, 1/4, 1/8; their median is 1/4.
    expect(medianFrequency([50, 25, 5, 0], [100, 100, 40, 0])).toEqual([0.5, 1, 2, 0]);
  });

  it("of an even number of classes takes the middle of the two in the middle", () => {
    expect(medianFrequency([1, 3], [4, 4])).toEqual([2, 2 / 3]);
    expect(medianFrequency([0, 0], [0, 0])).toEqual([0, 0]);
  });
});
