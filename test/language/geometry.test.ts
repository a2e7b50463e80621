import fc from "fast-check";
import { expect, test } from "vitest";
import { stageChannels } from "../../src/language/family.js";
import {
  featureSize,
  halve,
  outputStride,
  type Strided,
  stageSizes,
  usualStrides,
} from "../../src/language/geometry.js";

const strided = (dilations: readonly [number, number, number, number]): Strided => ({
  pool: "max",
  strides: usualStrides(dilations),
});
const dilated = strided([1, 1, 2, 4]);
/** MobileNetV2 halves once in its stem, and again in its first stage. */
const fine: Strided = { pool: "none", strides: [2, 2, 1, 1] };

test("the sizes of the paper's networks", () => {
  expect(stageSizes(473, dilated)).toEqual([119, 60, 60, 60]);
  expect(stageSizes(713, dilated)).toEqual([179, 90, 90, 90]);
  expect(stageSizes(512, dilated)).toEqual([128, 64, 64, 64]);
  expect(stageSizes(473, strided([1, 1, 1, 1]))).toEqual([119, 60, 30, 15]);
});

test("a stem without pooling leaves the rest to the stages", () => {
  expect(stageSizes(473, fine)).toEqual([119, 60, 60, 60]);
  expect(outputStride(fine)).toBe(8);
});

test("a dilated stage keeps its stride at 1", () => {
  expect(usualStrides([1, 1, 2, 4])).toEqual([1, 2, 1, 1]);
  expect([dilated, strided([1, 1, 1, 2]), strided([1, 1, 1, 1])].map(outputStride)).toEqual([
    8, 16, 32,
  ]);
});

test("channels double from stage to stage", () => {
  expect(stageChannels({ block: "bottleneck", width: 64 })).toEqual([256, 512, 1024, 2048]);
  expect(stageChannels({ block: "basic", width: 32 })).toEqual([32, 64, 128, 256]);
  // torchvision's `_make_divisible`, of 24, 32, 96 and 320.
  expect(stageChannels({ block: "inverted", width: 64 })).toEqual([24, 32, 96, 320]);
  expect(stageChannels({ block: "inverted", width: 64 * 0.35 })).toEqual([8, 16, 32, 112]);
  expect(stageChannels({ block: "inverted", width: 64 * 0.75 })).toEqual([24, 24, 72, 240]);
});

test("on the grid, a feature map of n rows spans stride·(n − 1) + 1 pixels", () => {
  const stages = fc.constantFrom(dilated, fine, strided([1, 1, 1, 2]), strided([1, 1, 1, 1]));
  const law = fc.property(fc.integer({ min: 1, max: 200 }), stages, (n, of) => {
    expect(featureSize(outputStride(of) * (n - 1) + 1, of)).toBe(n);
  });
  fc.assert(law);
});

test("halving is what a 3×3 of stride 2 and padding 1 does", () => {
  for (let n = 1; n < 50; n++) expect(halve(n)).toBe(Math.floor((n + 2 - 3) / 2) + 1);
});
