import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { largestShare, warper } from "../../src/data/augment.js";
import type { Labelled } from "../../src/data/sample.js";
import type { Sides } from "../../src/language/geometry.js";
import type { Augmentation } from "../../src/normalize/experiment.js";
import { centreCrop, decide } from "../../src/plan/augment.js";
import { carriedOut, compared, mean } from "./sequence.js";

const padding = [124, 116, 104];

/** A picture of soft waves and round regions, as smooth as a photograph and as sharp as its labels. */
function scene(height: number, width: number, phase = 0): Labelled {
  const image = new Uint8Array(3 * height * width);
  const labels = new Uint8Array(height * width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      for (let k = 0; k < 3; k++)
        image[3 * i + k] =
          128 + 100 * Math.sin(x / (9 + k) + phase) * Math.cos(y / (11 - k) - phase);
      labels[i] = Math.floor(2 + Math.sin(x / 17 + phase) + Math.sin(y / 13));
    }
  return { image, labels, height, width };
}

const draw = (pipeline: readonly Augmentation[], index: number, size: Sides, crop: Sides) =>
  decide({ pipeline, seed: 11, epoch: 0, index, size, crop, mean });

describe("the fused pass equals the sequence of separate ones", () => {
  const semseg: readonly Augmentation[] = [
    { op: "scale", min: 0.5, max: 2, aspect: 1.3, step: null, base: null },
    { op: "rotate", min: -10, max: 10, probability: 0.5, border: "mean" },
    { op: "blur", probability: 0.5 },
    { op: "mirror", probability: 0.5 },
  ];
  it("for the whole pipeline: 2 grey levels on average, labels but for boundaries", () => {
    for (let index = 0; index < 12; index++) {
      const source = scene(73, 91, index);
      const decision = draw(semseg, index, [73, 91], [65, 81]);
      const { difference, wrong, pixels } = compared(source, decision);
      expect(pixels).toBeGreaterThan(300);
      expect(difference, JSON.stringify(decision.drawn)).toBeLessThan(2);
      expect(wrong).toBe(0);
    }
  });

  it.each<[string, Augmentation, number]>([
    ["scale", { op: "scale", min: 0.5, max: 2, aspect: 1, step: null, base: null }, 0.6],
    ["rotate", { op: "rotate", min: -60, max: 60, probability: 1, border: "mean" }, 0.6],
    ["blur", { op: "blur", probability: 1 }, 1e-9],
    ["mirror", { op: "mirror", probability: 1 }, 1e-9],
  ])("for %s alone, to rounding", (_, op, limit) => {
    for (let index = 0; index < 4; index++) {
      const { difference, wrong } = compared(
        scene(50, 61, index),
        draw([op], index, [50, 61], [41, 65]),
      );
      expect(difference).toBeLessThan(limit);
      expect(wrong).toBe(0);
    }
  });
});

describe("a warp", () => {
  const source = scene(40, 50);
  it("of no augmentation copies the window", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 50 }), (h, w) => {
        const decision = centreCrop([40, 50], [h, w]);
        const [left, top] = decision.drawn.offset;
        const { image, labels } = carriedOut(source, decision);
        for (const [x, y] of [
          [0, 0],
          [w - 1, 0],
          [0, h - 1],
          [w - 1, h - 1],
        ] as const) {
          const [i, j] = [y * w + x, (y + top) * 50 + x + left];
          expect(labels[i]).toBe(source.labels[j]);
          expect(image.slice(3 * i, 3 * i + 3)).toEqual(source.image.slice(3 * j, 3 * j + 3));
        }
      }),
      { numRuns: 30 },
    );
  });

  it("mirrored twice gives the picture back", () => {
    const mirrored = (picture: Labelled): Labelled => ({
      ...picture,
      ...carriedOut(picture, draw([{ op: "mirror", probability: 1 }], 0, [40, 50], [40, 50])),
    });
    expect(mirrored(source)).not.toEqual(source);
    expect(mirrored(mirrored(source))).toEqual(source);
  });

  it("gives padding the mean and the ignored label, blurred or not", () => {
    const pipeline: Augmentation[] = [{ op: "blur", probability: 1 }];
    const { image, labels } = carriedOut(source, draw(pipeline, 0, [40, 50], [47, 50]));
    expect(Array.from(image.subarray(0, 3))).toEqual(padding);
    const rows = Array.from({ length: 47 }, (_, y) => labels[y * 50 + 20]);
    expect(rows.filter((label) => label === 255).length).toBe(7);
    expect(rows.slice(0, 3)).toEqual([255, 255, 255]);
    expect(rows[3]).not.toBe(255);
  });

  it("ignores exactly the pixels that a rotation takes from beyond the picture", () => {
    const white: Labelled = {
      ...source,
      image: new Uint8Array(6000).fill(255),
      labels: new Uint8Array(2000),
    };
    const pipeline: Augmentation[] = [
      { op: "rotate", min: 30, max: 30, probability: 1, border: "mean" },
    ];
    const { image, labels } = carriedOut(white, draw(pipeline, 0, [40, 50], [40, 50]));
    expect(labels.includes(255) && labels.includes(0)).toBe(true);
    for (let i = 0; i < labels.length; i++)
      expect(image[3 * i]).toBe(labels[i] === 255 ? padding[0] : 255);
  });

  it("blurs a single point into the kernel", () => {
    const image = new Uint8Array(3 * 49);
    image[3 * 24 + 1] = 255;
    const point: Labelled = { image, labels: new Uint8Array(49), height: 7, width: 7 };
    const blurred = carriedOut(
      point,
      draw([{ op: "blur", probability: 1 }], 0, [7, 7], [7, 7]),
    ).image;
    const green = Array.from({ length: 7 }, (_, x) => blurred[3 * (3 * 7 + x) + 1]);
    expect(green).toEqual([0, 6, 24, 36, 24, 6, 0].map((n) => Math.round((n * 255) / 256)));
    expect(blurred.every((value, i) => i % 3 === 1 || value === 0)).toBe(true);
  });

  it("of any decision stays within the classes and writes every pixel", () => {
    const pipeline: Augmentation[] = [
      { op: "scale", min: 0.02, max: 3, aspect: 2, step: null, base: null },
      { op: "rotate", min: -180, max: 180, probability: 0.8, border: "mean" },
      { op: "blur", probability: 0.5 },
      { op: "jitter", brightness: 0.9, contrast: 0.9, saturation: 0.9, probability: 1 },
    ];
    const allowed = new Set([...source.labels, 255]);
    fc.assert(
      fc.property(fc.nat(), (index) => {
        const decision = draw(pipeline, index, [40, 50], [33, 29]);
        const labels = new Uint8Array(33 * 29).fill(77);
        warper([33, 29], mean)(source, decision, new Uint8Array(3 * 33 * 29), labels);
        expect([...new Set(labels)].filter((label) => !allowed.has(label))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

describe("colour jitter", () => {
  const grey: Labelled = {
    image: new Uint8Array(12).fill(100),
    labels: new Uint8Array(4),
    height: 2,
    width: 2,
  };
  it("of no strength changes nothing, and of saturation leaves grey alone", () => {
    const still: Augmentation = {
      op: "jitter",
      brightness: 0,
      contrast: 0,
      saturation: 0,
      probability: 1,
    };
    expect(carriedOut(scene(9, 9), draw([still], 1, [9, 9], [9, 9])).image).toEqual(
      scene(9, 9).image,
    );
    const vivid = draw([{ ...still, saturation: 0.9 }], 1, [2, 2], [2, 2]);
    expect(carriedOut(grey, vivid).image).toEqual(grey.image);
  });

  it("of brightness multiplies within its strength", () => {
    for (let index = 0; index < 20; index++) {
      const jitter: Augmentation = {
        op: "jitter",
        brightness: 0.5,
        contrast: 0,
        saturation: 0,
        probability: 1,
      };
      const value = carriedOut(grey, draw([jitter], index, [2, 2], [2, 2])).image[0]!;
      expect(value).toBeGreaterThanOrEqual(50);
      expect(value).toBeLessThanOrEqual(150);
    }
  });
});

describe("the share of a crop's largest class", () => {
  it("is that of the crop as it is warped, to what a fourth of rows and columns tells", () => {
    const pipeline: Augmentation[] = [
      { op: "scale", min: 0.5, max: 2, aspect: 1, step: null, base: null },
      { op: "rotate", min: -10, max: 10, probability: 0.5, border: "mean" },
      { op: "mirror", probability: 0.5 },
    ];
    for (let index = 0; index < 8; index++) {
      const source = scene(160, 200, index);
      const decision = draw(pipeline, index, [160, 200], [121, 121]);
      const { labels } = carriedOut(source, decision);
      const counts = new Map<number, number>();
      for (const l of labels) if (l !== 255) counts.set(l, (counts.get(l) ?? 0) + 1);
      const counted = [...counts.values()];
      const exact = Math.max(...counted) / counted.reduce((a, b) => a + b);
      // About 900 samples of regions some 50 pixels wide.
      expect(Math.abs(largestShare(source)(decision) - exact)).toBeLessThan(0.03);
    }
  });

  it("is 1 where nothing counts", () => {
    const ignored: Labelled = { ...scene(20, 20), labels: new Uint8Array(400).fill(255) };
    expect(largestShare(ignored)(centreCrop([20, 20], [9, 9]))).toBe(1);
  });
});

it("a border of its own colour shows beyond a turned picture, and padding keeps the mean", () => {
  const white: Labelled = {
    image: new Uint8Array(3 * 40 * 40).fill(255),
    labels: new Uint8Array(1600),
    height: 40,
    width: 40,
  };
  const turn: Augmentation = { op: "rotate", min: 45, max: 45, probability: 1, border: [1, 2, 3] };
  const { image, labels } = carriedOut(white, draw([turn], 0, [40, 40], [44, 40]));
  expect([...image.subarray(0, 3)]).toEqual(padding);
  expect([...image.subarray(3 * 2 * 40, 3 * 2 * 40 + 3)]).toEqual([1, 2, 3]);
  expect(labels[2 * 40]).toBe(255);
});
