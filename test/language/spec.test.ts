import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import type { JsonSchema } from "../../src/language/codec.js";
import { decode } from "../../src/language/decode.js";
import { defineSpec } from "../../src/language/define.js";
import { jsonSchema, reference } from "../../src/language/schema.js";
import { spec } from "../../src/language/spec.js";
import { full } from "./full.js";
import { type Json, mutated } from "./mutate.js";
import { conforms } from "./schema.js";

const written: Json = JSON.parse(JSON.stringify(full));
const accepts = (value: unknown): boolean => E.isRight(decode(spec, value));

const required = {
  pspc: 1,
  data: { root: "data", train: "train.txt", classes: ["sky", "road"] },
  train: { iterations: 10 },
};

describe("the language", () => {
  test("accepts a spec in which everything is written, and leaves it as it is", () => {
    expect(decode(spec, written)).toEqual(E.right(written));
  });

  test("asks for no more than data and a number of steps", () => {
    expect(accepts(required)).toBe(true);
  });

  test("tells every mistake at once", () => {
    const wrong = { ...required, model: { pyramid: { bins: [0, "1"], pol: 1 } }, train: {} };
    const found = decode(spec, wrong);
    const told = E.isLeft(found) ? found.left.map((d) => [d.code, d.primary.path.join(".")]) : [];
    expect(told).toEqual([
      ["E0202", "train"],
      ["E0205", "model.pyramid.bins.0"],
      ["E0203", "model.pyramid.bins.1"],
      ["E0201", "model.pyramid.pol"],
    ]);
  });
});

describe("the JSON Schema", () => {
  test("is the one that is checked in", async () => {
    const text = `${JSON.stringify(jsonSchema(), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot("../../schema/pspc.schema.json");
  });

  test("and the reference are made from the same codecs", async () => {
    await expect(reference()).toMatchFileSnapshot("../../docs/spec.md");
  });

  test("accepts what the codec accepts, and nothing else", () => {
    let accepted = 0;
    const law = fc.property(mutated(written), (value) => {
      const isAccepted = accepts(value);
      accepted += isAccepted ? 1 : 0;
      expect(conforms(spec.schema, value)).toBe(isAccepted);
    });
    fc.assert(law, { numRuns: 1000, seed: 1 });
    expect(accepted).toBeGreaterThan(100);
  });
});

describe("a spec in TypeScript", () => {
  test("is held to the language by the compiler", () => {
    const { data, train } = required;
    const base = { pspc: 1, data, train } as const;
    // @ts-expect-error: an unknown choice
    defineSpec({ ...base, model: { pyramid: { pool: "mean" } } });
    // @ts-expect-error: an unknown key
    defineSpec({ ...base, model: { pyramid: { binz: [1] } } });
    // @ts-expect-error: a missing key
    defineSpec({ pspc: 1, data: { train: "y" }, train });
    // @ts-expect-error: four stages
    defineSpec({ ...base, model: { backbone: { dilations: [1, 2, 4] } } });
    // @ts-expect-error: a named thing without its value
    defineSpec({ ...base, train: { ...train, augment: ["scale"] } });
    expect(accepts(defineSpec(base))).toBe(true);
  });

  test("may be a child, which says a part", () => {
    const child = defineSpec({ extends: "p.yaml", train: { crop: 89 }, data: { val: "v.txt" } });
    const part = (jsonSchema().definitions as Readonly<Record<string, JsonSchema>>).part!;
    expect(conforms(part, child)).toBe(true);
    // @ts-expect-error: an unknown key
    defineSpec({ extends: "p.yaml", train: { cropp: 89 } });
    // @ts-expect-error: a value of the wrong type
    defineSpec({ extends: "p.yaml", data: { val: true } });
    // @ts-expect-error: a part without a parent
    defineSpec({ train: { crop: 89 } });
    // @ts-expect-error: a parent is named by text
    defineSpec({ extends: 1, train: { crop: 89 } });
  });
});
