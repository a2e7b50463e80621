/** Fingerprints are of meaning: equal however a spec is spelt and wherever its data lie, different where it differs. */

import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { Check } from "../../src/compile.js";
import { presets } from "../../src/language/spec.js";
import { semantics } from "../../src/normalize/semantics.js";
import { show } from "../../src/normalize/show.js";
import { type Fingerprint, lower } from "../../src/plan/program.js";
import { check, checkChild, type Files, shown } from "../golden/front.js";
import { full } from "../language/full.js";

const of = (checked: Check): Fingerprint => {
  if (E.isLeft(checked.result)) throw new Error(shown(checked));
  return lower(checked.result.right.experiment).fingerprint;
};
const ofFiles = (files: Files, variant?: string): Fingerprint => of(check(files, variant));
const ofText = (text: string): Fingerprint => ofFiles({ "spec.yaml": text });

const { variants: _, ...spec } = full;
const fingerprint = ofText(stringify(spec));

/** The same maps with their keys in another order; lists keep theirs. */
const permuted = (value: unknown): fc.Arbitrary<unknown> => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return fc.constant(value);
  const entries = fc.tuple(
    ...Object.entries(value).map(([key, inner]) => permuted(inner).map((v) => [key, v] as const)),
  );
  return entries
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }))
    .map((all) => Object.fromEntries(all));
};

describe("one meaning has one fingerprint", () => {
  test("in any order of keys, in YAML and in JSON", () => {
    const law = fc.property(permuted(spec), fc.boolean(), (value, isJson) => {
      expect(ofText(isJson ? JSON.stringify(value) : stringify(value))).toEqual(fingerprint);
    });
    fc.assert(law, { numRuns: 8, seed: 1 });
  });

  const small = `
model: {backbone: {resnet: {block: bottleneck, blocks: [1, 1, 1, 1], width: 8}}}
train: {crop: 41, iterations: 3, batch: 2}`;

  test.each(presets)("of the preset %s and of its fields written out", (preset) => {
    const named = checkChild(`semantics: ${preset}${small}`);
    if (E.isLeft(named.result)) throw new Error(shown(named));
    const written = show(named.result.right, named.sources).replace(/^semantics:.*\n/m, "");
    for (const path of Object.keys(semantics[preset]))
      expect(written).toMatch(new RegExp(`^ +${path.split(".").at(-1)}:`, "m"));
    expect(ofText(written)).toEqual(of(named));
  });

  test("of a variant, of overrides, of a child and of what they amount to", () => {
    const changes = { "train.batch": 6, "model.pyramid.pool": "average" };
    const changed = {
      ...spec,
      train: { ...spec.train, batch: 6 },
      model: {
        ...spec.model,
        pyramid: { bins: [1, 2, 3, 6], pool: "average", reduction: 4, order: "descending" },
      },
    };
    const expected = ofText(stringify(changed));
    expect(expected).not.toEqual(fingerprint);
    const parent = stringify({ ...spec, variants: { other: changes } });
    expect(ofFiles({ "spec.yaml": parent }, "other")).toEqual(expected);
    const typed = Object.entries(changes).map(([path, value]) => `${path}=${value}`);
    expect(of(check({ "spec.yaml": stringify(spec) }, undefined, typed))).toEqual(expected);
    const child = "extends: p.yaml\ntrain: {batch: 6}\nmodel: {pyramid: {pool: average}}\n";
    expect(ofFiles({ "p.yaml": stringify(spec), "spec.yaml": child })).toEqual(expected);
  });

  test("wherever the data and the first weights lie, and whatever is scored", () => {
    const moved = { ...spec, data: { ...spec.data, root: "/elsewhere", val: "other.txt" } };
    expect(ofText(stringify({ ...moved, evaluate: {} }))).toEqual(fingerprint);
    const backbone = { ...spec.model!.backbone, weights: "/far/start.safetensors" };
    const model = { ...spec.model, backbone };
    expect(ofText(stringify({ ...spec, model }))).toEqual(fingerprint);
  });
});

describe("another meaning has another", () => {
  test.each<[string, readonly (keyof Fingerprint)[]]>([
    ["train.seed=8", ["graph", "training"]],
    ["train.iterations=101", ["training"]],
    ["train.augment=[mirror]", ["training"]],
    ["train.schedule.poly.base=0.03", ["training"]],
    ["data.train=other.txt", ["data", "training"]],
    ["data.labels={7: sky, 8: car, 9: road}", ["data", "training"]],
    ["data.ignore=[10, 11, 12]", ["data", "training"]],
    ["model.head.channels=32", ["graph", "training"]],
    ["train.optimizer.sgd.momentum=0.7", ["graph", "training"]],
  ])("%s: %j", (override, different) => {
    const other = of(check({ "spec.yaml": stringify(spec) }, undefined, [override]));
    const all = ["graph", "data", "training"] as const;
    expect(all.filter((part) => other[part] !== fingerprint[part])).toEqual(different);
  });
});
