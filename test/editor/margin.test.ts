/** What stands beside a spec's text: costs, defaults, commands, folds. */

import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { costs } from "../../src/editor/consequences.js";
import { hoverAt } from "../../src/editor/hover.js";
import { answerTo, costHint, defaultHints, foldsOf, lensesOf } from "../../src/editor/margin.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { isFrugal, trainingStep } from "../../src/plan/step.js";
import { sizesOn } from "../../src/tensorflow/target.js";
import { child, typed, world } from "./typed.js";

describe("costs", () => {
  test("stand behind the first line, once they are known, and not of a spec with mistakes", () => {
    const { document } = child("train: {crop: 97} # small\n|");
    expect(costHint(document, () => undefined)).toBeUndefined();
    const hint = costHint(document, costs.of);
    expect(document.text.slice(0, hint?.at)).toBe("extends: minimal.yaml");
    expect(hint?.text).toMatch(/^[\d.]+ M parameters · [\d.]+ GMAC · [\d.]+ GiB$/);
    expect(costHint(child("train: {crop: 33}|").document, costs.of)).toBeUndefined();
  });

  test("name the largest batch, which fits where one more does not", () => {
    const { document, offset } = child("train: {ba|tch: 3}");
    const told = hoverAt(document, offset)?.markdown ?? "";
    const [, limit, batch] = /largest batch for (\d+\.\d) GiB is (\d+)/.exec(told) ?? [];
    const result = document.check.result;
    if (E.isLeft(result)) throw new Error("has mistakes");
    const needs = (size: number): number => {
      const { experiment } = result.right;
      const train: Experiment["train"] = { ...experiment.train, batch: size };
      const sized = { ...experiment, train };
      return sizesOn()(trainingStep(sized), isFrugal(sized)).total;
    };
    expect(needs(Number(batch))).toBeLessThanOrEqual(Number(limit) * 2 ** 30);
    expect(needs(Number(batch) + 1)).toBeGreaterThan(Number(limit) * 2 ** 30);
  });
});

describe("defaults", () => {
  test("stand behind each map that leaves some, without what is written", () => {
    const { document } = child("model:\n  pyramid:\n    bins: [1]\n|");
    const hints = defaultHints(document);
    const behind = (line: string) =>
      hints.find(({ at }) => document.text.slice(0, at).endsWith(line));
    expect(behind("  pyramid:")?.tooltip).toContain("pool: average");
    expect(behind("  pyramid:")?.tooltip).not.toContain("bins");
    expect(hints.every(({ text }) => text.length <= 100)).toBe(true);
  });
});

describe("commands", () => {
  test("are of the spec and of each variant that is one", () => {
    const { document } = child(
      "variants:\n  a: {train.batch: 2}\n  b: {matrix: {train.seed: [1, 2]}}\n|",
    );
    expect(lensesOf(document).map(({ title, variant }) => [title, variant])).toEqual([
      ["plan", null],
      ["compare with parent", null],
      ["plan", "a"],
      ["compare with the spec", "a"],
    ]);
    expect(lensesOf(typed("|").document)).toEqual([]);
  });

  test("answer of the text as it stands, or say why not", () => {
    const { document } = child("train: {batch: 5}\n|");
    const compared = answerTo(world, document, { kind: "compare", variant: null });
    expect(E.isRight(compared) && compared.right).toMatch(/train\.batch +\d+ +5/);
    const wrong = child("train: {crop: 33}\n|").document;
    const refused = answerTo(world, wrong, { kind: "plan", variant: null });
    expect(refused).toEqual(E.left("spec.yaml has mistakes, and no plan until they are gone"));
    const alone = typed("pspc: 1\n|").document;
    expect(E.isLeft(answerTo(world, alone, { kind: "compare", variant: null }))).toBe(true);
  });
});

test("folds are what stands below a key on further lines", () => {
  const text = "model:\n  pyramid: {bins: [1]}\ntrain: {batch: 1}\n";
  expect(foldsOf(text).map(({ start, end }) => text.slice(start, end))).toEqual([
    "model:\n  pyramid: {bins: [1",
  ]);
});
