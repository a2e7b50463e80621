/** What `show` prints is a spec that means the same. */

import { posix } from "node:path";
import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { experimentDifferences } from "../../src/normalize/difference.js";
import { resolved as absolute } from "../../src/normalize/extend.js";
import { show } from "../../src/normalize/show.js";
import { check, checkChild, shown } from "../golden/front.js";
import { full } from "../language/full.js";
import { type Json, mutated } from "../language/mutate.js";

const needed = [
  "pspc",
  "data",
  "train",
  "root",
  "classes",
  "iterations",
  "block",
  "blocks",
  "range",
  "every",
  "max_share",
];

/** The spec with any of its keys left out: what is needed stays. */
const pruned = (value: Json): fc.Arbitrary<Json> => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return fc.constant(value);
  const entries = Object.entries(value).map(([key, inner]) =>
    fc
      .tuple(pruned(inner), fc.nat(2))
      .map(([kept, chance]) => (chance > 0 || needed.includes(key) ? [[key, kept] as const] : [])),
  );
  return fc.tuple(...entries).map((kept) => Object.fromEntries(kept.flat()));
};

const { variants: _, ...written } = full;
const plain: Json = JSON.parse(JSON.stringify(written));

/** Prints the spec and reads it back; whether it was one at all. */
const roundTrip = (value: Json): boolean => {
  const first = check({ "spec.yaml": stringify(value) });
  if (E.isLeft(first.result)) return false;
  const text = show(first.result.right, first.sources);
  const second = check({ "spec.yaml": text });
  if (E.isLeft(second.result)) throw new Error(`${text}\n${shown(second)}`);
  const [before, after] = [first.result.right, second.result.right];
  expect(after.experiment).toEqual(before.experiment);
  expect(experimentDifferences(after.experiment, before.experiment)).toEqual([]);
  const valuesIn = ({ origins }: typeof before) =>
    [...origins].map(([path, { value }]) => [path, value]);
  expect(valuesIn(after)).toEqual(valuesIn(before));
  return true;
};

test("the order of a record's keys is no difference", () => {
  const { result } = check({ "spec.yaml": stringify(plain) });
  if (E.isLeft(result)) throw new Error("the full spec is right");
  const { experiment } = result.right;
  const turned = (value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map)
      ? Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, each]) => [key, turned(each)]),
        )
      : Array.isArray(value)
        ? value.map(turned)
        : value;
  const other = turned(experiment) as typeof experiment;
  expect(Object.keys(other.train)).not.toEqual(Object.keys(experiment.train));
  expect(experimentDifferences(experiment, other)).toEqual([]);
});

describe("a printed spec means the same", () => {
  test("whatever is left out", () => {
    let held = 0;
    fc.assert(
      fc.property(pruned(plain), (value) => {
        held += roundTrip(value) ? 1 : 0;
      }),
      { numRuns: 150, seed: 1 },
    );
    expect(held).toBeGreaterThan(15);
  });

  test("whatever is changed", () => {
    let held = 0;
    fc.assert(
      fc.property(mutated(plain), (value) => {
        held += roundTrip(value) ? 1 : 0;
      }),
      { numRuns: 150, seed: 2 },
    );
    expect(held).toBeGreaterThan(30);
  });

  test.each([
    "train: {augment: none}",
    "data: {images: {}}",
    "train: {augment: []}",
    "train: {augment: [jitter, {rotate: [-5, 5]}, {crop: {max_share: 0.5}}]}",
    "train: {memory: {budget: 6GiB}}",
    "model: {backbone: {weights: resnet50-deep.pth}}",
    "data: {labels: {colours: {sky: [1, 2, 3], road: [4, 5, 6], car: [[7, 8, 9], [0, 0, 1]]}}}",
    "data: {layout: folders, train: {images: i, labels: l}, val: {images: i, labels: l, suffix: _m}}",
    "model: {backbone: {stem: conv7}}",
    "evaluate: {overlap: 0.25, long_side: 512}",
  ])("%s", (text) => {
    const first = checkChild(text);
    if (E.isLeft(first.result)) throw new Error(shown(first));
    const second = check({ "spec.yaml": show(first.result.right, first.sources) });
    if (E.isLeft(second.result)) throw new Error(shown(second));
    expect(second.result.right.experiment).toEqual(first.result.right.experiment);
  });
});

test("prints everything of an augmentation, each value with its origin", () => {
  const checked = checkChild("train:\n  augment: [jitter, {rotate: [-5, 5]}]\n");
  if (E.isLeft(checked.result)) throw new Error(shown(checked));
  const text = show(checked.result.right, checked.sources);
  const lines = text.split("\n").map((line) => line.replace(/ +# /, " # "));
  const from = lines.indexOf("  augment:");
  expect(lines.slice(from, from + 10)).toEqual([
    "  augment:",
    "    - jitter:",
    "        brightness: 0.4 # default: PaddleSeg's and torchvision's usual strength",
    "        contrast: 0.4 # default: PaddleSeg's and torchvision's usual strength",
    "        saturation: 0.4 # default: PaddleSeg's and torchvision's usual strength",
    "        probability: 1 # default: every image, as in torchvision",
    "    - rotate:",
    "        range: [-5, 5] # spec.yaml:3",
    "        probability: 0.5 # default: semseg `util/transform.py`",
    "        border: mean # default: semseg `tool/train.py`",
  ]);
});

test("files are found beside the file that names them, as POSIX joins paths", () => {
  const step = fc.constantFrom("a", "b", "..", ".", "", "c.d");
  const path = fc.array(step, { minLength: 1, maxLength: 5 }).map((steps) => steps.join("/"));
  const file = fc.tuple(path, fc.constantFrom("", "/")).map(([name, root]) => `${root}${name}/x`);
  const cwd = path.map((name) => posix.resolve("/", name));
  const law = fc.property(
    cwd,
    file,
    fc.tuple(path, fc.constantFrom("", "/")),
    (from, spec, [name, root]) => {
      const written = `${root}${name}` || ".";
      const beside = posix.isAbsolute(written) ? written : posix.join(posix.dirname(spec), written);
      expect(absolute(from, spec, written)).toBe(posix.resolve(from, beside));
    },
  );
  fc.assert(law, { numRuns: 2000, seed: 1 });
});

test("a value that stands for a whole map is where it is written", () => {
  const text = "train: {augment: [{rotate: [-5, 5]}]}\n";
  const checked = checkChild(text);
  const { result, sources } = checked;
  if (E.isLeft(result)) throw new Error(shown(checked));
  const written = (path: string): string | undefined => {
    const origin = result.right.origins.get(path)?.origin;
    if (origin?.kind !== "written") return undefined;
    return sources.get(origin.span.file)?.slice(origin.span.start, origin.span.end);
  };
  expect(written("train.augment[0].rotate.range")).toBe("[-5, 5]");
  expect(written("train.augment[0].rotate.border")).toBeUndefined();
});
