/** Our own colours: none is black or twice, as many as there may be classes; a data set's own stay as they are. */

import { describe, expect, test } from "vitest";
import { hexOf, type Palette, palette } from "../../src/data/palette.js";
import { MAX_CLASSES } from "../../src/language/data.js";

const all = (colours: Palette, classes: number): string[] =>
  Array.from({ length: classes }, (_, c) => hexOf(colours, c));

describe("our palette", () => {
  test.each([12, 255, MAX_CLASSES])("has %d colours, none twice", (classes) => {
    expect(new Set(all(palette(null, classes), classes)).size).toBe(classes);
  });

  test("has no black: in each colour, one channel at least is light", () => {
    for (const colour of all(palette(null, MAX_CLASSES), MAX_CLASSES)) {
      const channels = Buffer.from(colour.slice(1), "hex");
      expect(Math.max(...channels)).toBeGreaterThanOrEqual(80);
      expect(channels.reduce((a, b) => a + b)).toBeGreaterThanOrEqual(240);
    }
  });

  test("begins alike, however many classes there are", () => {
    expect(all(palette(null, MAX_CLASSES), 255)).toEqual(all(palette(null, 2), 255));
  });

  test("gives way to a data set's own colours, black too", () => {
    const own = [
      [0, 0, 0],
      [1, 2, 3],
    ] as const;
    expect(all(palette(own, 2), 2)).toEqual(["#000000", "#010203"]);
  });
});
