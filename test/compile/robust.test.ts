/** Whatever is thrown at it, a check ends: in an experiment or in diagnostics with places that exist. */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { expect, test } from "vitest";
import type { Check } from "../../src/compile.js";
import { errorsIn } from "../../src/diagnostic/diagnostic.js";
import { check, minimal, shown } from "../golden/front.js";
import { full } from "../language/full.js";
import { mutated } from "../language/mutate.js";

/** `npm run fuzz` is the long run: 50,000 specs a law, 100,000 in all. */
const numRuns = Number(process.env.ROBUST_RUNS ?? 300);
const seed = Number(process.env.ROBUST_SEED ?? 1);
const patience = 30_000 + numRuns * 100;

/** A check, and the milliseconds of CPU that went by, those of other threads included. */
const timed = (text: string): readonly [checked: Check, milliseconds: number] => {
  const started = process.cpuUsage();
  const checked = check({ "spec.yaml": text, "minimal.yaml": minimal });
  const { user, system } = process.cpuUsage(started);
  return [checked, (user + system) / 1000];
};

const ends = (text: string): void => {
  const [checked, first] = timed(text);
  // A collection of garbage falls on whoever is there; a spec that takes long takes long again.
  expect(first < 1000 ? first : timed(text)[1]).toBeLessThan(1000);
  expect(E.isLeft(checked.result)).toBe(errorsIn(checked.diagnostics).length > 0 && isOwn(checked));
  for (const { primary, related } of checked.diagnostics) {
    for (const { at } of [primary, ...related]) {
      const source = checked.sources.get(at?.file ?? "");
      expect(source).toBeDefined();
      expect(at!.start).toBeGreaterThanOrEqual(0);
      expect(at!.end).toBeGreaterThanOrEqual(at!.start);
      expect(at!.end).toBeLessThanOrEqual(source!.length);
    }
  }
  expect(shown(checked)).not.toContain("undefined");
};

/** Errors in variants that nobody asked for leave the result alone. */
const isOwn = ({ diagnostics }: Check): boolean =>
  errorsIn(diagnostics).some((d) => !d.notes.some((n) => n.startsWith("in the variant")));

test("values changed at random", { timeout: patience }, () => {
  const law = fc.property(mutated(JSON.parse(JSON.stringify(full))), (value) =>
    ends(JSON.stringify(value, null, 1)),
  );
  fc.assert(law, { numRuns, seed });
});

const real = ["specs/base/cityscapes.yaml", "specs/ablation-ade20k.yaml", "specs/camvid.yaml"].map(
  (file) => readFileSync(file, "utf8").replace(/^extends:.*$/m, "extends: minimal.yaml"),
);

const edits = fc.array(
  fc.tuple(
    fc.nat(4000),
    fc.nat(6),
    fc.oneof(
      fc.string({ maxLength: 4, unit: "binary" }),
      fc.constantFrom(
        "\t",
        "\n",
        ": ",
        "- ",
        "[",
        "}",
        "*",
        "&a ",
        "!",
        "#",
        "'",
        '"',
        "|",
        "\r",
        "\u0000",
        "<<: ",
      ),
    ),
  ),
  { minLength: 1, maxLength: 5 },
);

test("texts changed at random", { timeout: patience }, () => {
  const law = fc.property(fc.constantFrom(...real), edits, (text, changes) =>
    ends(
      changes.reduce((t, [at, cut, put]) => {
        const i = at % (t.length + 1);
        return t.slice(0, i) + put + t.slice(i + cut);
      }, text),
    ),
  );
  fc.assert(law, { numRuns, seed });
});
