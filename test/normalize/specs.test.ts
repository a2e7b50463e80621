import { readdirSync, readFileSync } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type Check, checkStill } from "../../src/compile.js";
import { errorsIn } from "../../src/diagnostic/diagnostic.js";
import type { JsonSchema } from "../../src/language/codec.js";
import { featureSize } from "../../src/language/geometry.js";
import { jsonSchema } from "../../src/language/schema.js";
import { shown } from "../golden/front.js";
import { conforms } from "../language/schema.js";

const checkFile = (entry: string, variant?: string): Check =>
  checkStill({ cwd: "/project", read: (path) => E.right(readFileSync(path, "utf8")) })({
    entry,
    variant,
  });

const specs = readdirSync("specs").filter((file) => file.endsWith(".yaml"));

describe.each(specs)("specs/%s", (file) => {
  const checked = checkFile(`specs/${file}`);

  test("satisfies the JSON Schema that its first line names", () => {
    const text = readFileSync(`specs/${file}`, "utf8");
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/schema\/pspc\.schema\.json\n/);
    const { whole, part } = jsonSchema().definitions as Readonly<Record<string, JsonSchema>>;
    const written: unknown = parse(text);
    expect(conforms(/^extends:/m.test(text) ? part! : whole!, written)).toBe(true);
  });

  test("has no mistake, in no variant", () => {
    expect(shown({ ...checked, diagnostics: errorsIn(checked.diagnostics) })).toBe("");
    for (const name of checked.variants) {
      expect(E.isRight(checkFile(`specs/${file}`, name).result)).toBe(true);
    }
  });
});

test.each([
  ["ade20k", 150, 60, 150000],
  ["voc2012", 21, 60, 30000],
  ["cityscapes", 19, 90, 90000],
])("the paper's system for %s", (dataset, classes, feature, iterations) => {
  const { result } = checkFile(`specs/pspnet50-${dataset}.yaml`);
  if (E.isLeft(result)) throw new Error("see the test before");
  const { data, model, train } = result.right.experiment;
  expect(data.classes.length).toBe(classes);
  expect(new Set(data.labels.values()).size).toBe(classes + 1);
  expect(featureSize(train.crop[0], model.backbone)).toBe(feature);
  expect(train.iterations).toBe(iterations);
});

test("the ablations are the rows of the paper's tables", () => {
  expect(checkFile("specs/ablation-ade20k.yaml").variants).toMatchSnapshot();
});
