/** The peak of memory: it rises with what is held, and falls with a reset where the system can. */

import { expect, test } from "vitest";
import { peakMemory, resetPeakMemory } from "../../src/runtime/memory.js";

const MB = 1024 * 1024;

test("the peak holds what was touched, though it is gone", () => {
  resetPeakMemory();
  const before = peakMemory();
  const touched = (): number => new Uint8Array(200 * MB).fill(1)[199 * MB]!;
  expect(touched()).toBe(1);
  expect(before).toBeGreaterThan(10 * MB);
  expect(peakMemory() - before).toBeGreaterThan(150 * MB);
});
