/** The crops that messages propose: the nearest that fit, found again by trying every side. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { featureSize } from "../../src/language/geometry.js";
import type { Model } from "../../src/normalize/experiment.js";
import { leastSide, nearestSizes } from "../../src/rules/crops.js";
import { tiny } from "../oracle/experiment.js";

const modelOf = (bins: readonly number[]): Model => tiny({ pyramid: { bins } }).model;

test("around 512 they are 473 and 521", () => {
  expect(nearestSizes([512, 512], modelOf([1, 2, 3, 6]))).toEqual([
    [473, 473],
    [521, 521],
  ]);
});

test("a side that is right already stays", () => {
  expect(nearestSizes([473, 512], modelOf([1, 2, 3, 6]))).toEqual([
    [473, 473],
    [473, 521],
  ]);
});

test("a crop of one pixel is not proposed", () => {
  expect(nearestSizes([5, 5], modelOf([1]))).toEqual([[9, 9]]);
});

test("bins that no sensible crop suits are left out of account", () => {
  expect(nearestSizes([512, 512], modelOf([7, 11, 13]))).toEqual([
    [505, 505],
    [513, 513],
  ]);
});

test("they are the nearest good sides below and above", () => {
  const bins = fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });
  const law = fc.property(bins, fc.integer({ min: 2, max: 1000 }), (all, n) => {
    const { backbone } = modelOf(all);
    const good = (side: number): boolean =>
      (side - 1) % 8 === 0 && all.every((bin) => featureSize(side, backbone) % bin === 0);
    const sides = Array.from({ length: 2000 }, (_, i) => i + 2).filter(good);
    const expected = good(n)
      ? [n]
      : [...sides.filter((s) => s < n).slice(-1), ...sides.filter((s) => s > n).slice(0, 1)];
    expect(nearestSizes([n, n], modelOf(all)).map(([h]) => h)).toEqual(expected);
  });
  fc.assert(law);
});

test("the least side for a feature map is the least one", () => {
  const model = modelOf([6]);
  const side = leastSide(6, model);
  expect(featureSize(side, model.backbone)).toBe(6);
  expect(featureSize(side - 8, model.backbone)).toBe(5);
});
