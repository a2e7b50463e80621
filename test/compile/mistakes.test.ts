/** Mistakes that authors make, beyond the one on each page of docs/errors: each has its golden rendering. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { errorsIn } from "../../src/diagnostic/diagnostic.js";
import { toJson } from "../../src/diagnostic/json.js";
import type { JsonSchema } from "../../src/language/codec.js";
import { checkChild, codes, shown } from "../golden/front.js";
import { conforms } from "../language/schema.js";

const answer: JsonSchema = JSON.parse(readFileSync("schema/check.schema.json", "utf8"));

interface Mistake {
  readonly code: string;
  readonly name: string;
  readonly text: string;
  readonly variant?: string;
  readonly overrides?: readonly string[];
}

const mistake = (
  code: string,
  name: string,
  text: string,
  ...typed: readonly string[]
): Mistake => ({
  code,
  name,
  text,
  overrides: typed.filter((word) => !word.startsWith("#")),
  ...typed.filter((word) => word.startsWith("#")).map((word) => ({ variant: word.slice(1) }))[0],
});

const mistakes: readonly Mistake[] = [
  mistake("E0102", "open-quote", 'data: {root: "here}\ntrain: {crop: 89}'),
  mistake("E0102", "missing-space", "train:\n  crop:89\n  batch: 8"),
  mistake("E0102", "two-colons", "data: root: here"),
  mistake("E0102", "reserved-sign", "data:\n  root: @home"),
  mistake("E0102", "uneven-indent", "train:\n  crop: 89\n   batch: 8"),
  mistake("E0102", "in-override", "", "model.pyramid.bins=[1, 2"),
  mistake("E0105", "bomb", `a: &a [x,x,x,x,x,x,x,x,x,x]\n${bomb()}`),
  mistake("E0111", "near-miss", "train: {crop: &size 89}\nevaluate: {window: *siez}"),
  mistake("E0201", "output-stride", "model: {backbone: {output_stride: 8}}"),
  mistake("E0201", "num-classes", "data: {num_classes: 3}"),
  mistake("E0201", "learning-rate", "train: {lr: 0.01}"),
  mistake("E0201", "wrong-section", "crop: 89"),
  mistake("E0201", "in-override", "", "model.pyramid.binns=[1]"),
  mistake("E0201", "merge-key", "train: {<<: {crop: 89}}"),
  mistake("E0207", "first-and-more", "data: {labels: {first: 1, 7: sky}}"),
  mistake("E0311", "colour", "data: {labels: {colours: {sky: [0, 0, 0], raod: [1, 1, 1]}}}"),
  mistake("E0205", "whole-share", "data: {val: 1}"),
  mistake("E0205", "one-class", "data: {classes: 1}"),
  mistake("E0201", "share-and-folders", "data: {val: {share: 0.2, images: a}}"),
  mistake("E0202", "half-of-two-folders", "data: {val: {images: a}}"),
  mistake("E0552", "folders-in-voc", "data: {layout: voc, train: {images: a, labels: b}}"),
  mistake("E0203", "nothing", "train:\n  crop:"),
  mistake("E0203", "fraction-of-a-step", "train: {iterations: 1.5}"),
  mistake("E0203", "flag", "evaluate: {mirror: yes}"),
  mistake("E0203", "section-is-a-list", "model: [pyramid, head]"),
  mistake("E0203", "not-a-number", "train: {schedule: {poly: {base: .nan}}}"),
  mistake("E0203", "null-section", "model: {pyramid: null}"),
  mistake("E0204", "depth", "model: {backbone: {resnet: 49}}"),
  mistake("E0204", "preset", "semantics: semsag"),
  mistake("E0204", "version", "pspc: 2"),
  mistake("E0205", "overlap", "evaluate: {overlap: 1}"),
  mistake("E0205", "iterations", "train: {iterations: 0}"),
  mistake("E0205", "dropout", "model: {head: {dropout: 1}}"),
  mistake("E0205", "negative-weight", "model: {auxiliary: {weight: -0.4}}"),
  mistake("E0205", "label", "data: {ignore: 65536}"),
  mistake("E0207", "bare-crop", "train: {augment: [mirror, crop, {scale: [0.5, 2]}]}"),
  mistake("E0205", "label-of-17-bits", "data: {labels: {first: 65536}}"),
  mistake("E0205", "stage-of-auxiliary", "model: {auxiliary: {after: 5}}"),
  mistake("E0205", "aspect", "", "train.augment=[{scale: {range: [0.5, 2], aspect: 0.5}}]"),
  mistake("E0206", "optimizer", "train: {optimizer: {adam: {}}}"),
  mistake("E0206", "spelling", "train: {augment: [{rotat: [-10, 10]}]}"),
  mistake("E0207", "no-value", "train: {augment: [scale]}"),
  mistake("E0203", "nothing-in-override", "", "train.crop="),
  mistake("E0208", "no-class", "data: {classes: []}"),
  mistake("E0208", "no-bins", "model: {pyramid: {bins: []}}"),
  mistake(
    "E0208",
    "1001-classes",
    `data: {classes: [${[...Array(1001).keys()].map((i) => `c${i}`)}]}`,
  ),
  mistake("E0211", "label-key", "data: {labels: {road: 1}}"),
  mistake("E0303", "no-variants", "", "#fcn"),
  mistake("E0305", "into-a-list", "model: {pyramid: {bins: [1]}}", "model.pyramid.bins.0=2"),
  mistake("E0306", "variants", "", "variants=none"),
  mistake("E0308", "no-axes", "variants: {all: {matrix: {}}}"),
  mistake("E0312", "in-labels", "data: {labels: {7: road, 8: sky, 9: car}, ignore: [8, 10]}"),
  mistake("E0501", "both-sides", "train: {crop: [360, 480]}"),
  mistake(
    "E0501",
    "no-common-crop",
    "train: {crop: 512}\nmodel: {pyramid: {bins: [1, 7, 11, 13]}}",
  ),
  mistake(
    "E0501",
    "wide-signs",
    'data: {classes: [空, 道路, "🚗"]} # 空\ntrain: { "crop": 512, seed: 1 }',
  ),
  mistake("E0517", "wide-signs", 'data: {classes: [空, "🚗", 道路, 道路]}'),
  mistake("E0501", "stride-32", "train: {crop: 224}\nmodel: {backbone: {dilations: [1, 1, 1, 1]}}"),
  mistake("E0501", "fcn", "train: {crop: 512}\nmodel: {pyramid: none}"),
  mistake("E0503", "written-bins", "train: {crop: 33}\nmodel:\n  pyramid:\n    bins: [1, 2, 3, 6]"),
  mistake("E0503", "by-dilation", "model: {backbone: {dilations: [1, 1, 1, 1]}}", "train.crop=97"),
  mistake("E0503", "in-variant", "variants:\n  small: {train.crop: 33}"),
  mistake("E0505", "tiny-crop", "model: {pyramid: none}\ntrain: {batch: 1, crop: 1}"),
  mistake("E0509", "rotate", "train: {augment: [{rotate: {range: [10, -10]}}]}"),
];

test("more than sixty mistakes have their golden rendering", () => {
  const folder = "test/golden/errors";
  const texts = readdirSync(folder).flatMap((code) =>
    readdirSync(`${folder}/${code}`).map((name) =>
      readFileSync(`${folder}/${code}/${name}`, "utf8"),
    ),
  );
  expect(new Set(texts).size).toBeGreaterThan(100);
});

/** Nine lists of ten aliases each: a thousand million values. */
function bomb(): string {
  const names = [..."abcdefghij"];
  const list = (name: string) => `[${Array(10).fill(`*${name}`).join(",")}]`;
  return names
    .slice(1)
    .map((name, i) => `${name}: &${name} ${list(names[i]!)}`)
    .join("\n");
}

describe.each(mistakes)("$code $name", ({ code, name, text, variant, overrides }) => {
  test("is told", async () => {
    const found = checkChild(text, variant, overrides);
    expect(codes(found)).toContain(code);
    const json = toJson(found.diagnostics, found.sources);
    expect(json.error_count).toBe(errorsIn(found.diagnostics).length);
    expect(conforms(answer, JSON.parse(JSON.stringify(json)))).toBe(true);
    await expect(shown(found)).toMatchFileSnapshot(`../golden/errors/${code}/${name}.txt`);
  });
});
