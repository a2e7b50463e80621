/** Each option of a training, three steps long, against PyTorch: losses, weights, statistics, momentum, averages. */

import { describe, expect, it } from "vitest";
import { ignoredOf } from "../../src/language/labels.js";
import { train } from "./course.js";
import { type Option, options } from "./options.js";
import { askable, compare, source } from "./oracle.js";
import { report } from "./report.js";
import { labels } from "./scene.js";

const labelsFor = ({ experiment: { data, train: of }, uneven }: Option): Uint8Array => {
  const { batch, crop } = of;
  const even = labels(batch, ...crop, data.classes.length);
  const size = even.length / batch;
  // No image has all classes, and the later ones come in later images.
  const inFirst = (i: number): boolean => i < size && i % 5 > 0;
  return uneven ? even.map((c, i) => (inFirst(i) || i >= 3 * size ? ignoredOf(2) : c)) : even;
};

describe(`three steps with an option, against ${source}`, () => {
  it.each(askable(options))(
    "$name",
    async (option) => {
      const { losses, state, answer } = await train(option, [0.02, 0.015, 0.01], labelsFor(option));
      const off = losses.map((terms, step) => compare(terms, answer[`loss${step}`]!).relative);
      const names = Object.keys(answer).filter((key) => !key.startsWith("loss"));
      expect(names.toSorted()).toEqual(
        [...state.keys()].filter((key) => key !== "step").toSorted(),
      );
      const worst = (ends: RegExp): number =>
        Math.max(
          ...names
            .filter((name) => ends.test(name))
            .map((name) => compare(state.get(name)!, answer[name]!).relative),
        );
      const [momentum, rest] = [worst(/\/momentum$/), worst(/^[^/]*(\/average)?$/)];
      report("options", option.title, Math.max(...off), momentum, rest);
      expect(Math.max(...off)).toBeLessThan(1e-5);
      expect(momentum).toBeLessThan(5e-4);
      expect(rest).toBeLessThan(1e-5);
    },
    120_000,
  );
});
