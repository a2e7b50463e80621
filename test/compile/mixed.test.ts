/** Mistakes of several phases at once: all are told, and none is laid at a value that is not the author's. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Diagnostic, formatPath } from "../../src/diagnostic/diagnostic.js";
import { check, checkChild, codes, minimal, shown } from "../golden/front.js";
import { full } from "../language/full.js";

type Typed = readonly [name: string, text: string, ...overrides: string[]];

const typed: readonly Typed[] = [
  ["typo-and-small-crop", "", "train.crop=33", "train.batsh=3"],
  ["wrong-crop-and-weights", "train: {crop: abc, loss: {class_weights: [1, 2]}}"],
  ["wrong-bins-and-uneven-parts", "model: {pyramid: {bins: [1, x]}}\ntrain: {accumulate: 3}"],
  ["wrong-section-and-classes", "model: [pyramid]\ndata: {classes: [a, a]}"],
  [
    "unknown-augmentation-and-schedule",
    "train:\n  augment: [mirror, {rotat: [-10, 10]}, mirror]\n  schedule: {poly: {end: 1}}",
  ],
  ["labels-and-overlap", "data: {labels: {0: sky, 1: raod, 2: car}}\nevaluate: {overlap: 3/2}"],
  ["override-into-a-value-and-batch", "train: {batch: 1}", "train.crop.height=33"],
  [
    "in-variants",
    "train: {batsh: 3}\nvariants:\n  small: {train.crop: 33}\n  typo: {train.crp: 33}",
  ],
];

describe.each(typed)("%s", (name, text, ...overrides) => {
  test("is told", async () => {
    const found = checkChild(text, undefined, overrides);
    await expect(shown(found)).toMatchFileSnapshot(`../golden/mixed/${name}.txt`);
  });
});

test("a required key that is missing hides no other mistake", () => {
  const text = minimal.replace("iterations: 1000, crop: 89", "crop: 33");
  expect(codes(check({ "spec.yaml": text }))).toEqual(["E0202", "E0503"]);
});

type Json = null | boolean | number | string | readonly Json[] | { readonly [k: string]: Json };
type Changes = Readonly<Record<string, Json>>;

/** Without its variants, which would be checked too. */
const whole: Json = JSON.parse(JSON.stringify({ ...full, variants: undefined }));

const isMap = (value: Json | undefined): value is { readonly [k: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `undefined` takes the key away. */
const put = (value: Json | undefined, path: readonly string[], by: Json | undefined): Json => {
  const [key, ...below] = path;
  const map = isMap(value) ? value : {};
  if (key === undefined) return by ?? null;
  const { [key]: old, ...others } = map;
  if (below.length > 0) return { ...map, [key]: put(old, below, by) };
  return by === undefined ? others : { ...map, [key]: by };
};

const changed = (spec: Json, changes: Changes): Json =>
  Object.entries(changes).reduce((s, [path, by]) => put(s, path.split("."), by), spec);

interface Violation {
  readonly code: string;
  readonly changes: Changes;
  /** All that the rule reads, directly or by defaults. */
  readonly reads: readonly string[];
}

const crop = ["train.crop", "model.pyramid", "model.backbone", "model.align_corners", "semantics"];

const violations: readonly Violation[] = [
  { code: "E0514", changes: { "evaluate.overlap": "3/2" }, reads: ["evaluate.overlap"] },
  {
    code: "E0521",
    changes: { "train.schedule": { poly: { base: 0.1, end: 1 } } },
    reads: ["train.schedule"],
  },
  { code: "E0551", changes: { "data.palette": [[0, 0, 0]] }, reads: ["data"] },
  { code: "E0540", changes: { "train.accumulate": 3 }, reads: ["train.accumulate", "train.batch"] },
  { code: "E0515", changes: { "train.loss.class_weights": [1, 2] }, reads: ["train.loss", "data"] },
  { code: "E0506", changes: { "model.auxiliary.weight": 0 }, reads: ["model.auxiliary"] },
  { code: "E0520", changes: { "model.pyramid.bins": [1, 2, 2] }, reads: ["model.pyramid"] },
  { code: "E0503", changes: { "train.crop": 33 }, reads: crop },
  { code: "E0501", changes: { "train.crop": 90, "model.align_corners": true }, reads: crop },
  { code: "E0311", changes: { "data.labels": { 0: "nobody" } }, reads: ["data"] },
  { code: "E0510", changes: { "train.augment": ["mirror", "mirror"] }, reads: ["train.augment"] },
  {
    code: "E0564",
    changes: { "evaluate.long_side": 64, "evaluate.base": 64 },
    reads: ["evaluate.long_side", "evaluate.base"],
  },
  { code: "E0563", changes: { "train.loss.strips": 2 }, reads: ["train.loss"] },
  {
    code: "E0534",
    changes: { "model.weights": "a", "model.backbone.weights": "b" },
    reads: ["model"],
  },
];

/** Keys without which the spec is another, and as right. */
const droppable = [
  "semantics",
  "data.palette",
  "data.ignore",
  "model.backbone.stem",
  "model.backbone.dilations",
  "model.head",
  "model.norm",
  "model.auxiliary.channels",
  "model.pyramid.reduction",
  "train.batch",
  "train.precision",
  "train.optimizer",
  "train.multipliers",
  "train.freeze",
  "train.ema",
  "train.augment",
  "train.validate",
  "evaluate.window",
  "evaluate.scales",
  "evaluate.average",
];

/** Paths of all keys, those of lists left out. */
const keysOf = (value: Json, path = ""): readonly string[] =>
  isMap(value)
    ? Object.entries(value).flatMap(([key, inner]) => [
        `${path}${key}`,
        ...keysOf(inner, `${path}${key}.`),
      ])
    : [];

const keys = keysOf(whole);

const overlap = (a: string, b: string): boolean =>
  `${a}.`.startsWith(`${b}.`) || `${b}.`.startsWith(`${a}.`);

/** Of the wrong form for the key. A map with a stray key is a map, and what it leaves out are defaults. */
const strays = (value: Json | undefined): readonly Json[] =>
  isMap(value) ? [null, [[["stray"]]], -0.5] : [null, { stray: 1 }, [[["stray"]]], -0.5];

const read = (value: Json, path: string): Json | undefined =>
  path.split(".").reduce<Json | undefined>((v, key) => (isMap(v) ? v[key] : undefined), value);

const identity = ({ code, message, primary }: Diagnostic): string =>
  `${code} ${formatPath(primary.path)} ${message}`;

const found = (spec: Json): readonly string[] =>
  check({ "spec.yaml": JSON.stringify(spec, null, 1) }).diagnostics.map(identity);

/** Another value in the key's place, or the key misspelt. */
const spoilings = keys.flatMap((key) => [
  ...strays(read(whole, key)).map((by) => ({ key, by })),
  { key, by: undefined },
]);

const spoiled = (spec: Json, { key, by }: (typeof spoilings)[number]): Json => {
  const path = key.split(".");
  if (by !== undefined) return put(spec, path, by);
  const misspelt = [...path.slice(0, -1), `${path.at(-1)}x`];
  return put(put(spec, path, undefined), misspelt, read(spec, key));
};

test("a mistake in one key hides no mistake elsewhere, and makes none", { timeout: 60_000 }, () => {
  let judged = 0;
  const law = fc.property(
    fc.constantFrom(...violations),
    fc.constantFrom(...spoilings),
    fc.subarray([...droppable]),
    ({ code, changes, reads }, spoiling, dropped) => {
      const touched = [...Object.keys(changes), ...reads];
      if ([...touched, ...dropped].some((path) => overlap(path, spoiling.key))) return;
      const base = dropped
        .filter((path) => !touched.some((other) => overlap(path, other)))
        .reduce((spec, path) => put(spec, path.split("."), undefined), whole);
      const faults = found(spoiled(base, spoiling)).filter((one) => one.startsWith("E02"));
      if (faults.length === 0) return;
      judged += 1;
      const violated = found(changed(base, changes));
      const mixed = found(spoiled(changed(base, changes), spoiling));
      expect(violated.map((one) => one.slice(0, 5))).toContain(code);
      expect(mixed.map((one) => one.slice(0, 5))).toContain(code);
      expect(mixed).toEqual(expect.arrayContaining([...faults]));
      const strangers = mixed.filter((one) => !violated.includes(one) && !faults.includes(one));
      expect(strangers).toEqual([]);
    },
  );
  fc.assert(law, { numRuns: 400, seed: 1 });
  expect(judged).toBeGreaterThan(200);
});
