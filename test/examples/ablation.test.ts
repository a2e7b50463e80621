/** The ablation: its spec is right, its tables know every variant, and a finding is judged by its seeds. */

import { readFileSync } from "node:fs";
import { left, right } from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { tables } from "../../examples/ablation/tables.mjs";
import { CLASSES } from "../../examples/context-scenes/classes.mjs";
import { SIZE } from "../../examples/context-scenes/scene.mjs";
import { checkStill } from "../../src/compile.js";
import { failure } from "../../src/diagnostic/failure.js";

const entry = "examples/ablation/ablation.yaml";
const read = (path: string) => {
  try {
    return right(readFileSync(path, "utf8"));
  } catch (error) {
    return left(failure(`cannot read ${path}`, String(error)));
  }
};
const check = (variant?: string) => checkStill({ cwd: process.cwd(), read })({ entry, variant });
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
