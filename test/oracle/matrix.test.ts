/** Logits are PyTorch's with every block, stem, pooling and way of resizing, on maps that the bins do not divide. */

import { describe, expect, it } from "vitest";
import { logitsApart } from "./logits.js";
import { matrix } from "./matrix.js";
import { askable, source } from "./oracle.js";
import { report } from "./report.js";

const rows = matrix.filter(({ forwards }) => askable(forwards).length > 0);

describe(`logits, against ${source}`, () => {
  it.each(rows)(
    "of $title",
    async ({ title, forwards }) => {
      const asked = askable(forwards);
      const found: (number | null)[] = [];
      for (const each of forwards)
        found.push(asked.includes(each) ? (await logitsApart(each)).largest : null);
      report("matrix", title, ...found);
      expect(Math.max(...found.map(Number))).toBeLessThan(1e-4);
    },
    300_000,
  );
});
