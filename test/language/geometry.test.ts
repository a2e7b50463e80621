import fc from "fast-check";
import { expect, test } from "vitest";
import {
  featureSize,
  halve,
  outputStride,
  stageChannels,
  stageSizes,
  stageStrides,
} from "../../src/language/geometry.js";

const dilated = [1, 1, 2, 4] as const;

test("the sizes of the paper's networks", () => {
  expect(stageSizes(473, dilated)).toEqual([119, 60, 60, 60]);
  expect(stageSizes(713, dilated)).toEqual([179, 90, 90, 90]);
  expect(stageSizes(512, dilated)).toEqual([128, 64, 64, 64]);
  expect(stageSizes(473, [1, 1, 1, 1])).toEqual([119, 60, 30, 15]);
});

test("a dilated stage keeps its stride at 1", () => {
  expect(stageStrides([1, 1, 2, 4])).toEqual([1, 2, 1, 1]);
  expect([dilated, [1, 1, 1, 2] as const, [1, 1, 1, 1] as const].map(outputStride)).toEqual([
    8, 16, 32,
  ]);
});

test("channels double from stage to stage", () => {
  expect(stageChannels({ block: "bottleneck", width: 64 })).toEqual([256, 512, 1024, 2048]);
  expect(stageChannels({ block: "basic", width: 32 })).toEqual([32, 64, 128, 256]);
});

test("on the grid, a feature map of n rows spans stride·(n − 1) + 1 pixels", () => {
  const stages = fc.constantFrom(dilated, [1, 1, 1, 2] as const, [1, 1, 1, 1] as const);
  const law = fc.property(fc.integer({ min: 1, max: 200 }), stages, (n, dilations) => {
    expect(featureSize(outputStride(dilations) * (n - 1) + 1, dilations)).toBe(n);
  });
  fc.assert(law);
});

test("halving is what a 3×3 of stride 2 and padding 1 does", () => {
  for (let n = 1; n < 50; n++) expect(halve(n)).toBe(Math.floor((n + 2 - 3) / 2) + 1);
});
