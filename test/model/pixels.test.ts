/** The Dice loss against its plain definition, and what stands under ignored pixels against nothing. */

import { expect, test } from "vitest";
import { cast, exp, input, sum } from "../../src/graph/compose.js";
import { number } from "../../src/graph/graph.js";
import { ignoredOf } from "../../src/language/labels.js";
import { diceLoss, membership } from "../../src/model/pixels.js";
import { fillNormal } from "../../src/plan/random.js";
import { evaluate } from "../oracle/reference.js";

const [N, C, H, W] = [2, 3, 5, 4];
const PIXELS = H * W;

/** Three classes in the first image, two in the second; a third of the pixels are ignored. */
const labels = Array.from({ length: N * PIXELS }, (_, i) =>
  i % 3 === 1 ? ignoredOf(C) : Math.floor(i / 7) % (i < PIXELS ? 3 : 2),
);
const logits = new Float32Array(N * C * PIXELS);
fillNormal(logits, 1, "logits", 2);

const ours = (values: ArrayLike<number>): number => {
  const logits = input("logits", "f32", N, C, H, W);
  const exponentials = exp(logits);
  const given = cast(input("labels", "u8", N, H, W), "i32");
  const members = membership(given, C);
  const pixels = { logits, exponentials, partition: sum(exponentials, [1]), members };
  const loss = diceLoss({ ...pixels, labels: given, batch: given });
  const graph = number({ results: { loss }, updates: [] });
  const root = graph.results.loss!;
  const leaves = new Map<string, ArrayLike<number>>([
    ["logits", values],
    ["labels", labels],
  ]);
  return evaluate(graph, [root], leaves).values[root]![0]![0]!;
};

/** 1 − (2·Σpy + 1) / (Σp² + Σy² + 1) over the pixels `counted` in p and y, averaged over each image's own classes. */
const plain = (values: ArrayLike<number>, counted: (label: number) => boolean): number => {
  const terms: number[] = [];
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++) {
      let [both, mine, theirs] = [0, 0, 0];
      for (let i = 0; i < PIXELS; i++) {
        const label = labels[n * PIXELS + i]!;
        const at = (k: number): number => Math.exp(values[(n * C + k) * PIXELS + i]!);
        const p = at(c) / (at(0) + at(1) + at(2));
        const y = label === c ? 1 : 0;
        both += p * y;
        mine += counted(label) ? p * p : 0;
        theirs += y;
      }
      if (theirs > 0) terms.push(1 - (2 * both + 1) / (mine + theirs + 1));
    }
  return terms.reduce((a, b) => a + b) / terms.length;
};

test("the Dice loss is its definition over the pixels that are not ignored", () => {
  expect(ours(logits)).toBeCloseTo(
    plain(logits, (label) => label !== ignoredOf(C)),
    6,
  );
  // mmsegmentation's has the ignored pixels in Σp²: another loss.
  expect(Math.abs(ours(logits) - plain(logits, () => true))).toBeGreaterThan(0.03);
});

test("what is under ignored pixels changes nothing", () => {
  const changed = logits.map((value, i) => {
    const pixel = Math.floor(i / (C * PIXELS)) * PIXELS + (i % PIXELS);
    return labels[pixel] === ignoredOf(C) ? -3 * value : value;
  });
  expect(changed).not.toEqual(logits);
  expect(ours(changed)).toBeCloseTo(ours(logits), 12);
});
