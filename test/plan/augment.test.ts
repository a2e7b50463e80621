import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Augmentation } from "../../src/normalize/experiment.js";
import { type Augmenting, centreCrop, decide } from "../../src/plan/augment.js";
import { apply, compose, identity, mirror } from "../../src/plan/transform.js";

const semseg: readonly Augmentation[] = [
  { op: "scale", min: 0.5, max: 2, aspect: 1, step: null, base: null },
  { op: "rotate", min: -10, max: 10, probability: 0.5, border: "mean" },
  { op: "blur", probability: 0.5 },
  { op: "mirror", probability: 0.5 },
  { op: "jitter", brightness: 0.4, contrast: 0.4, saturation: 0.4, probability: 1 },
];
const asked: Augmenting = {
  pipeline: semseg,
  seed: 1,
  epoch: 2,
  index: 3,
  size: [375, 500],
  crop: [233, 233],
  mean: [123.675, 116.28, 103.53],
};
const drawMany = (change: Partial<Augmenting>, n = 4000) =>
  Array.from({ length: n }, (_, index) => decide({ ...asked, ...change, index }));
type Entries<T> = [keyof T, T[keyof T]][];
const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
const share = (xs: readonly boolean[]) => mean(xs.map(Number));

describe("a decision", () => {
  it("is a function of (seed, epoch, index), and differs with each", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(1000), fc.nat(100_000), (seed, epoch, index) => {
        const now = { ...asked, seed, epoch, index };
        expect(decide(now)).toEqual(decide(now));
        expect(decide({ ...now, seed: seed + 1 })).not.toEqual(decide(now));
        expect(decide({ ...now, epoch: epoch + 1 })).not.toEqual(decide(now));
        expect(decide({ ...now, index: index + 1 })).not.toEqual(decide(now));
      }),
      { numRuns: 50 },
    );
  });

  it("is plain data", () => {
    expect(JSON.parse(JSON.stringify(decide(asked)))).toEqual(decide(asked));
  });

  it("keeps its other draws when an op that moves nothing is dropped", () => {
    const without = semseg.filter(({ op }) => op !== "jitter");
    expect(decide({ ...asked, pipeline: without })).toEqual({ ...decide(asked), colour: null });
  });
});

describe("the draws are semseg's", () => {
  const decisions = drawMany({});
  it("scales uniformly in [0.5, 2], alike on both axes", () => {
    const factors = decisions.map(({ drawn }) => drawn.scale[0]);
    expect(decisions.every(({ drawn }) => drawn.scale[0] === drawn.scale[1])).toBe(true);
    expect(mean(factors)).toBeCloseTo(1.25, 1);
    expect(share(factors.map((f) => f < 0.875))).toBeCloseTo(0.25, 1);
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.5);
    expect(Math.max(...factors)).toBeLessThan(2);
  });

  it("rotates every second time, uniformly within ±10°", () => {
    const turned = decisions.filter(({ drawn }) => drawn.degrees !== 0);
    expect(turned.length / decisions.length).toBeCloseTo(0.5, 1);
    const degrees = turned.map(({ drawn }) => drawn.degrees);
    expect(Math.abs(mean(degrees))).toBeLessThan(0.5);
    expect(share(degrees.map((d) => Math.abs(d) < 5))).toBeCloseTo(0.5, 1);
    expect(Math.max(...degrees.map(Math.abs))).toBeLessThan(10);
  });

  it("blurs and mirrors every second time, each by itself", () => {
    expect(share(decisions.map(({ blur }) => blur))).toBeCloseTo(0.5, 1);
    expect(share(decisions.map(({ drawn }) => drawn.mirrored))).toBeCloseTo(0.5, 1);
    expect(share(decisions.map(({ blur, drawn }) => blur && drawn.mirrored))).toBeCloseTo(0.25, 1);
  });

  it("scales in even steps, both ends among them, as PaddleSeg's `linspace`", () => {
    const step = { op: "scale", min: 0.5, max: 2, aspect: 1, step: 0.25, base: null } as const;
    const factors = drawMany({ pipeline: [step] }).map(({ drawn }) => drawn.scale[0]);
    const counts = new Map<number, number>();
    for (const factor of factors) counts.set(factor, (counts.get(factor) ?? 0) + 1);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]);
    for (const count of counts.values()) expect(count / factors.length).toBeCloseTo(1 / 7, 1);
  });

  it("scales to factors of a base size, whichever side of the picture is the longer", () => {
    const pipeline = [
      { op: "scale", min: 0.5, max: 2, aspect: 1, step: null, base: [512, 2048] },
    ] as const;
    const sizes = (size: Augmenting["size"]) =>
      drawMany({ pipeline, size, crop: [8, 8] }, 500).map(({ canvas }) => [
        canvas.bottom - canvas.top,
        canvas.right - canvas.left,
      ]);
    const [wide, high] = [sizes([300, 400]), sizes([400, 300])];
    expect(wide.every(([h = 0]) => h >= 256 && h < 1024)).toBe(true);
    expect(wide.every(([h = 0, w = 0]) => Math.abs(w - (h * 4) / 3) <= 1)).toBe(true);
    expect(high).toEqual(wide.map(([h, w]) => [w, h]));
  });

  it("distorts each quantity every second time, within its range, contrast on either side", () => {
    const pipeline = [
      { op: "distort", brightness: 32, contrast: [0.5, 1.5], saturation: [0.6, 1.2], hue: 36 },
    ] as const;
    const drawn = drawMany({ pipeline }).flatMap(({ distortion }) => distortion ?? []);
    expect(drawn).toHaveLength(4000);
    expect(share(drawn.map(({ contrastLast }) => contrastLast))).toBeCloseTo(0.5, 1);
    const ranges = { brightness: [-32, 32], contrast: [0.5, 1.5], saturation: [0.6, 1.2] } as const;
    for (const [key, [low, high]] of Object.entries(ranges) as Entries<typeof ranges>) {
      const values = drawn.flatMap((each) => each[key] ?? []);
      expect(values.length / drawn.length).toBeCloseTo(0.5, 1);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThan(high);
      expect((mean(values) - low) / (high - low)).toBeCloseTo(0.5, 1);
    }
    const hues = drawn.flatMap(({ hue }) => hue ?? []);
    expect([...new Set(hues)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 36 }, (_, i) => i - 18),
    );
  });

  it("cuts at every offset alike, the last included", () => {
    const offsets = drawMany({ pipeline: [], size: [12, 10], crop: [8, 8] }).map(
      ({ drawn }) => drawn.offset,
    );
    const tops = offsets.map(([, y]) => y);
    expect([...new Set(tops)].sort()).toEqual([0, 1, 2, 3, 4]);
    for (const top of [0, 4]) expect(share(tops.map((t) => t === top))).toBeCloseTo(0.2, 1);
    expect([...new Set(offsets.map(([x]) => x))].sort()).toEqual([0, 1, 2]);
  });

  it("stretches by an aspect, keeping the area", () => {
    const stretched = drawMany(
      { pipeline: [{ op: "scale", min: 1, max: 1, aspect: 2, step: null, base: null }] },
      500,
    );
    for (const { drawn } of stretched) {
      expect(drawn.scale[0] * drawn.scale[1]).toBeCloseTo(1, 12);
      expect(drawn.scale[0] / drawn.scale[1]).toBeGreaterThanOrEqual(0.5);
      expect(drawn.scale[0] / drawn.scale[1]).toBeLessThanOrEqual(2);
    }
  });
});

describe("padding", () => {
  it("is split half before and the rest behind", () => {
    const { canvas } = centreCrop([5, 6], [8, 9]);
    expect(canvas).toEqual({ top: 1, bottom: 6, left: 1, right: 7 });
  });

  it("is added only on an axis that is shorter than the crop", () => {
    const { canvas } = decide({ ...asked, pipeline: [], size: [100, 500] });
    expect([canvas.top, canvas.bottom]).toEqual([66, 166]);
    expect(canvas.left).toBeLessThanOrEqual(0);
    expect(canvas.right).toBeGreaterThanOrEqual(233);
  });
});

describe("the map", () => {
  it("of an empty pipeline shifts by the offset", () => {
    const { map, drawn } = decide({ ...asked, pipeline: [] });
    expect(map).toEqual([1, 0, drawn.offset[0], 0, 1, drawn.offset[1]]);
  });

  it("of a mirror done twice is that of none", () => {
    const once: Augmentation = { op: "mirror", probability: 1 };
    expect(decide({ ...asked, pipeline: [once, once] }).map).toEqual(
      decide({ ...asked, pipeline: [] }).map,
    );
    expect(compose(mirror(7), mirror(7))).toEqual(identity);
  });

  it("of a scale sends the canvas's corners to the picture's", () => {
    const { map, canvas } = decide({
      ...asked,
      pipeline: [{ op: "scale", min: 2, max: 2, aspect: 1, step: null, base: null }],
    });
    const [x, y] = apply(map, canvas.left - 0.5, canvas.top - 0.5);
    expect([x, y]).toEqual([-0.5, -0.5].map((n) => expect.closeTo(n, 9)));
    const [right, bottom] = apply(map, canvas.right - 0.5, canvas.bottom - 0.5);
    expect([right, bottom]).toEqual([499.5, 374.5].map((n) => expect.closeTo(n, 9)));
  });

  it("of a rotation turns the content counter-clockwise about (w/2, h/2), as OpenCV's", () => {
    const pipeline: Augmentation[] = [
      { op: "rotate", min: 90, max: 90, probability: 1, border: "mean" },
    ];
    const { map, drawn } = decide({ ...asked, pipeline, size: [300, 300], crop: [300, 300] });
    expect(drawn.degrees).toBe(90);
    expect(apply(map, 150, 150)).toEqual([150, 150].map((n) => expect.closeTo(n, 9)));
    // What is now above the centre was to the right of it.
    expect(apply(map, 150, 140)).toEqual([160, 150].map((n) => expect.closeTo(n, 9)));
  });
});

/** Kolmogorov and Smirnov's distance from the uniform distribution on [low, high]. */
const distance = (values: readonly number[], low: number, high: number): number => {
  const sorted = values.toSorted((a, b) => a - b).map((v) => (v - low) / (high - low));
  return Math.max(
    ...sorted.map((v, i) => Math.max(v - i / sorted.length, (i + 1) / sorted.length - v)),
  );
};

describe("draws are uniform, by Kolmogorov and Smirnov at one in a thousand", () => {
  const decisions = drawMany({});
  const limit = (n: number) => 1.95 / Math.sqrt(n);
  it.each<[string, readonly number[], number, number]>([
    ["factors", decisions.map(({ drawn }) => drawn.scale[0]), 0.5, 2],
    ["angles", decisions.map(({ drawn }) => drawn.degrees).filter((d) => d !== 0), -10, 10],
  ])("%s", (_, values, low, high) => {
    expect(distance(values, low, high)).toBeLessThan(limit(values.length));
  });

  it("offsets, by chi-squared over 16 cells", () => {
    const crops = drawMany({ pipeline: [], size: [23, 23], crop: [8, 8] });
    const cells = new Array<number>(16).fill(0);
    for (const { drawn } of crops) cells[drawn.offset[0]]! += 1;
    const expected = crops.length / 16;
    const chi = cells.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // 15 degrees of freedom exceed 37.7 once in a thousand.
    expect(chi).toBeLessThan(37.7);
  });
});

describe("a crop with a limit on one class's share", () => {
  const limited: Augmenting = { ...asked, pipeline: [{ op: "crop", max_share: 0.75 }] };

  it("takes the first of its draws that keeps the limit, and the tenth in any case", () => {
    const seen: (readonly number[])[] = [];
    const first = decide({ ...asked, pipeline: [] });
    expect(decide(limited, () => 0.75)).toEqual(first);
    const last = decide(limited, ({ drawn }) => {
      seen.push(drawn.offset);
      return 1;
    });
    expect(seen).toHaveLength(9);
    expect(seen[0]).toEqual(first.drawn.offset);
    expect(seen).not.toContainEqual(last.drawn.offset);
    const stops = decide(limited, ({ drawn }) => (`${drawn.offset}` === `${seen[2]}` ? 0.5 : 1));
    expect(stops.drawn.offset).toEqual(seen[2]);
  });

  it("asks nobody where there is no limit", () => {
    const free: Augmenting = { ...asked, pipeline: [{ op: "crop", max_share: 1 }] };
    const nobody = () => {
      throw new Error("asked");
    };
    expect(decide(free, nobody)).toEqual(decide({ ...asked, pipeline: [] }));
  });
});
