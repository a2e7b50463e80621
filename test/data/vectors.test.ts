import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, expect, it, vi } from "vitest";
import { assembled } from "../../scripts/vectors.mjs";
import { largestShare, warper } from "../../src/data/augment.js";
import { type MakeLoops, plain } from "../../src/data/loops.js";
import type { Labelled } from "../../src/data/sample.js";
import { fastest, vectors } from "../../src/data/vectors.js";
import type { Augmentation } from "../../src/normalize/experiment.js";
import { type Decision, decide } from "../../src/plan/augment.js";
import { mean } from "./sequence.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

it("vectors.wasm is what vectors.wat says", async () => {
  const stored = readFileSync("src/data/vectors.wasm");
  expect(stored.equals(await assembled())).toBe(true);
});

/** Every path through a warp: columns and rows in turns or one by one, borders, padding, far too small and far too large. */
const pipelines: readonly (readonly Augmentation[])[] = [
  [
    { op: "scale", min: 0.5, max: 2, aspect: 1, step: null, base: null },
    { op: "mirror", probability: 0.5 },
    { op: "blur", probability: 0.5 },
  ],
  [
    { op: "scale", min: 0.5, max: 2, aspect: 1.3, step: null, base: null },
    { op: "rotate", min: -10, max: 10, probability: 1, border: "mean" },
    { op: "blur", probability: 0.5 },
    { op: "mirror", probability: 0.5 },
  ],
  [
    { op: "scale", min: 0.02, max: 3, aspect: 2, step: null, base: null },
    { op: "rotate", min: -180, max: 180, probability: 0.8, border: [1, 2, 3] },
    { op: "blur", probability: 0.5 },
    { op: "jitter", brightness: 0.9, contrast: 0.9, saturation: 0.9, probability: 0.5 },
  ],
];

/** Noise of a congruential generator: a picture has thousands of bytes. */
const noise = (height: number, width: number, seed: number, isWide: boolean): Labelled => {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 16;
  };
  const labels = new (isWide ? Uint16Array : Uint8Array)(height * width).map(next);
  return { image: new Uint8Array(3 * height * width).map(next), labels, height, width };
};

const warped = (make: MakeLoops, source: Labelled, decision: Decision) => {
  const area = decision.crop[0] * decision.crop[1];
  const isWide = source.labels instanceof Uint16Array;
  const into = {
    image: new Uint8Array(3 * area),
    labels: new (isWide ? Uint16Array : Uint8Array)(area),
  };
  warper(decision.crop, mean, make)(source, decision, into.image, into.labels);
  return into;
};

it("vector loops give every bit of a warp that the TypeScript gives", () => {
  const fast = vectors();
  if (fast === null) throw new Error("this machine has no vector instructions");
  const side = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 120 }));
  const sides = fc.tuple(side, side);
  const any = fc.record({
    size: sides,
    crop: sides,
    seed: fc.nat(),
    pipeline: fc.constantFrom(...pipelines),
    isWide: fc.boolean(),
  });
  fc.assert(
    fc.property(any, ({ size, crop, seed, pipeline, isWide }) => {
      const source = noise(...size, seed, isWide);
      const decision = decide(
        { pipeline, seed, epoch: 0, index: 0, size, crop, mean },
        largestShare(source),
      );
      const [found, meant] = [warped(fast, source, decision), warped(plain, source, decision)];
      expect(Buffer.compare(found.image, meant.image)).toBe(0);
      expect(found.labels).toEqual(meant.labels);
    }),
    { numRuns: 100 },
  );
});

it("a room that grew for a larger picture serves smaller ones again", () => {
  const pipeline = pipelines[1] ?? [];
  const warp = warper([31, 37], mean, fastest());
  for (const [index, side] of [20, 90, 33, 140, 20].entries()) {
    const source = noise(side, side + 3, index, false);
    const asked = { pipeline, seed: 5, epoch: 0, index, size: [side, side + 3], mean } as const;
    const decision = decide({ ...asked, crop: [31, 37] });
    const into = { image: new Uint8Array(3 * 31 * 37), labels: new Uint8Array(31 * 37) };
    warp(source, decision, into.image, into.labels);
    expect(into).toEqual(warped(plain, source, decision));
  }
});

it("where there is no WebAssembly, TypeScript does it", () => {
  vi.stubGlobal("WebAssembly", undefined);
  expect(vectors()).toBeNull();
  expect(fastest()).toBe(plain);
});
