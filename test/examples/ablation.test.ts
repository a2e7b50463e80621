/** The ablation: its spec is right, its tables know every variant, and a finding is judged by its seeds. */

import { readFileSync } from "node:fs";
import { left, right } from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { drawPlaces } from "../../examples/ablation/places.mjs";
import { tables } from "../../examples/ablation/tables.mjs";
import { CLASSES } from "../../examples/context-scenes/classes.mjs";
import { SIZE } from "../../examples/context-scenes/scene.mjs";
import { checkStill } from "../../src/compile.js";
import { failure } from "../../src/diagnostic/failure.js";

const entry = "examples/ablation/ablation.yaml";
const places = "examples/ablation/places.yaml";
const read = (path: string) => {
  try {
    return right(readFileSync(path, "utf8"));
  } catch (error) {
    return left(failure(`cannot read ${path}`, String(error)));
  }
};
const checkIn = (spec: string, variant?: string) =>
  checkStill({ cwd: process.cwd(), read })({ entry: spec, variant });
const check = (variant?: string) => checkIn(entry, variant);
const { diagnostics, result, variants } = check();

const row = (variant: string, ...mious: readonly number[]) => ({
  variant,
  evaluations: mious.map((miou) => ({ miou, pixel_accuracy: 0.9 })),
});

describe("the ablation's spec", () => {
  it("is accepted without a remark, in every variant", () => {
    expect(diagnostics).toEqual([]);
    for (const variant of variants) expect(check(variant).diagnostics).toEqual([]);
  });

  it("speaks of the classes and the size that the generator draws", () => {
    if (result._tag === "Left") throw new Error("the spec is not accepted");
    const { data, train } = result.right.experiment;
    expect(data.classes).toEqual(CLASSES);
    expect(train.crop).toEqual([SIZE, SIZE]);
  });
});

describe("the world of places", () => {
  const [HALVES, INDICES] = [[0.3, 0.7], Array.from({ length: 12 }, (_, i) => i)];
  const scenes = INDICES.map((index) => drawPlaces(0, "train", index));
  /** What the plain is called at the lower edge of each half. */
  const plains = scenes.map(({ size, label }) =>
    HALVES.map((share) => CLASSES[label[(size - 1) * size + Math.round(share * size)] ?? 0]),
  );

  it("is asked by the same variants", () => {
    const { diagnostics: found, variants: asked } = checkIn(places);
    expect(found).toEqual([]);
    expect(asked).toEqual(variants);
    for (const variant of asked) expect(checkIn(places, variant).diagnostics).toEqual([]);
  });

  it("is a function of seed, split and number, of the size of a crop", () => {
    expect(drawPlaces(0, "train", 3)).toEqual(scenes[3]);
    expect(drawPlaces(0, "val", 3)).not.toEqual(scenes[3]);
    expect(drawPlaces(1, "train", 3)).not.toEqual(scenes[3]);
    expect(scenes.every(({ size }) => size === SIZE)).toBe(true);
  });

  it("has a world in each half, so that a picture holds one or two", () => {
    const kinds = new Set(plains.map((names) => new Set(names).size));
    expect([...kinds].sort()).toEqual([1, 2]);
    expect(new Set(plains.flat())).toEqual(new Set(["water", "road", "bed"]));
  });

  it("tells a half by what most of its landmarks are, and none alone", () => {
    const landmark = { water: "boat", road: "building", bed: "window" } as const;
    for (const [i, { size, label }] of scenes.entries()) {
      const above = [...label].slice(0, Math.floor(0.26 * size) * size);
      const seen = new Set(above.map((index) => CLASSES[index]));
      for (const name of Object.values(landmark)) expect(seen, `${name} in ${i}`).toContain(name);
    }
  });

  it("shows things of other sizes where it scores than where it trains", () => {
    const area = (split: string) =>
      INDICES.map((index) => {
        const { label } = drawPlaces(0, split, index);
        return label.filter((one) => ["boat", "car", "toy"].includes(CLASSES[one] ?? "")).length;
      });
    const spread = (areas: readonly number[]) => Math.max(...areas) / Math.min(...areas);
    expect(spread(area("val"))).toBeGreaterThan(spread(area("train")));
  });
});

describe("the ablation's tables", () => {
  it("hold every variant of the spec, and no other", () => {
    for (const variant of variants)
      expect(tables([row(variant, 0.5)]), variant).toMatch(/\| \*\*50\.0\*\* \|/);
    const all = tables(variants.map((variant) => row(variant, 0.5, 0.6, 0.7)));
    expect(all.match(/\*\*60\.0\*\* \| 50\.0 to 70\.0/g)).toHaveLength(9 + 5 + 6 + 4);
    expect(all.match(/seeds disagree/g)).toHaveLength(14);
  });

  it("judge a finding where three seeds agree", () => {
    const helps = (...after: readonly number[]) =>
      tables([
        row("auxiliary_none", ...after.map(() => 0.5)),
        row("auxiliary_weight-0.4", ...after),
      ]);
    expect(helps(0.51, 0.52, 0.53)).toContain("| +2.0 | +1.0, +2.0, +3.0 | **holds** |");
    expect(helps(0.49, 0.49, 0.48)).toContain("the reverse");
    expect(helps(0.49, 0.51, 0.52)).toContain("seeds disagree");
    expect(helps(0.51)).toContain("too few seeds");
  });
});
