/** A budget holds up to its limit, stays exceeded beyond it, and says which resource ran out. */

import { expect, test } from "vitest";
import { budgetFor } from "../../src/source/budget.js";

test("a budget holds to its limit exactly", () => {
  const budget = budgetFor(100, { entries: 3 });
  expect([budget.spend("entries", 2), budget.spend("entries"), budget.overrun()]).toEqual([
    true,
    true,
    null,
  ]);
  expect(budget.spend("entries")).toBe(false);
  expect(budget.spend("bytes")).toBe(false);
  expect(budget.overrun()).toBe("it asks for more than 3 entries, the most allowed for 100 bytes");
});

test("the first resource that runs out is named, and amounts that are none run out", () => {
  const budget = budgetFor(5000, { bytes: 1500, steps: 1 });
  expect(budget.spend("steps", 1)).toBe(true);
  expect(budget.spend("bytes", Number.NaN)).toBe(false);
  expect(budget.spend("steps", 9)).toBe(false);
  expect(budget.overrun()).toMatch(/more than 1,500 bytes, the most allowed for 5,000 bytes/);
  expect(budgetFor(1, {}).spend("bytes", -1)).toBe(false);
});
