/** Affine maps of the plane, and of colours against a jitter written out step by step. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  apply,
  type Colour,
  compose,
  type identity,
  jitter,
  shift,
  turn,
} from "../../src/plan/transform.js";

describe("affine maps", () => {
  const map = fc.tuple(...Array.from({ length: 6 }, () => fc.integer({ min: -9, max: 9 })));
  it("compose as functions do", () => {
    fc.assert(
      fc.property(map, map, fc.integer(), fc.integer(), (f, g, x, y) => {
        const [outer, inner] = [f, g] as unknown as [typeof identity, typeof identity];
        expect(apply(compose(outer, inner), x, y)).toEqual(apply(outer, ...apply(inner, x, y)));
      }),
    );
  });

  it("turn back by the opposite angle, as the platform's sine does to 12 digits", () => {
    for (const degrees of [-180, -90, -10, 0.5, 10, 45, 180]) {
      const there = turn(degrees, 0, 0);
      expect(there[0]).toBeCloseTo(Math.cos((degrees * Math.PI) / 180), 12);
      expect(there[3]).toBeCloseTo(Math.sin((degrees * Math.PI) / 180), 12);
      const back = compose(turn(-degrees, 5, 7), compose(turn(degrees, 5, 7), shift(1, 2)));
      expect(apply(back, 3, 4)).toEqual([4, 6].map((n) => expect.closeTo(n, 9)));
    }
  });
});

type Rgb = readonly [number, number, number];

/** What a colour map makes of a pixel. */
const coloured = (map: Colour, [r, g, b]: Rgb): Rgb => {
  const row = ([x, y, z, constant]: Colour[number]) => x * r + y * g + z * b + constant;
  return [row(map[0]), row(map[1]), row(map[2])];
};

/** ITU-R BT.601, as PIL and OpenCV have it. */
const greyOf = ([r, g, b]: Rgb): number => 0.299 * r + 0.587 * g + 0.114 * b;
const blend = (share: number, a: Rgb, b: Rgb): Rgb => [
  share * a[0] + (1 - share) * b[0],
  share * a[1] + (1 - share) * b[1],
  share * a[2] + (1 - share) * b[2],
];
const flat = (value: number): Rgb => [value, value, value];

/**
 * torchvision's `ColorJitter`, one adjustment after the other: brightness blends with black, contrast with the grey of
 * the picture (here of the dataset's mean, as bright as the picture was made), saturation with the pixel's own grey.
 */
const adjusted = (pixel: Rgb, mean: Rgb, light: number, contrast: number, vivid: number): Rgb => {
  const bright = blend(light, pixel, flat(0));
  const contrasted = blend(contrast, bright, flat(greyOf(blend(light, mean, flat(0)))));
  return blend(vivid, contrasted, flat(greyOf(contrasted)));
};

describe("a jitter of colours", () => {
  const mean: Rgb = [123.675, 116.28, 103.53];
  const byte = fc.integer({ min: 0, max: 255 });
  const pixel = fc.tuple(byte, byte, byte);
  // Doubles would nearly all be tiny.
  const unit = fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000);
  const draws = fc.tuple(unit, unit, unit);
  const strengths = fc.record({ brightness: unit, contrast: unit, saturation: unit });
  const map = (of: { brightness: number; contrast: number; saturation: number }, drawn: Rgb) =>
    jitter(null, { op: "jitter", probability: 1, ...of }, mean, (lane) => drawn[lane]!);
  const near = (expected: Rgb) => expected.map((value) => expect.closeTo(value, 6));

  it("is brightness, then contrast, then saturation", () => {
    fc.assert(
      fc.property(pixel, strengths, draws, (given, of, drawn) => {
        const factor = (strength: number, u: number) => 1 - strength + 2 * strength * u;
        const expected = adjusted(
          given,
          mean,
          factor(of.brightness, drawn[0]),
          factor(of.contrast, drawn[1]),
          factor(of.saturation, drawn[2]),
        );
        expect(coloured(map(of, drawn), given)).toEqual(near(expected));
      }),
    );
  });

  it("follows the one before it", () => {
    fc.assert(
      fc.property(pixel, strengths, draws, draws, (given, of, first, second) => {
        const jittering = { op: "jitter", probability: 1, ...of } as const;
        const both = jitter(map(of, first), jittering, mean, (lane) => second[lane]!);
        const expected = coloured(map(of, second), coloured(map(of, first), given));
        expect(coloured(both, given)).toEqual(near(expected));
      }),
    );
  });

  it("leaves what it must not move: the mean's grey by contrast, every grey by saturation", () => {
    const still = { brightness: 0, contrast: 0, saturation: 0 };
    const grey = flat(greyOf(mean));
    expect(coloured(map({ ...still, contrast: 1 }, [0, 0.9, 0]), grey)).toEqual(near(grey));
    expect(coloured(map({ ...still, saturation: 1 }, [0, 0, 0.1]), flat(40))).toEqual(
      near(flat(40)),
    );
    expect(coloured(map(still, [0.3, 0.6, 0.9]), [1, 2, 3])).toEqual(near([1, 2, 3]));
  });
});
