/** Faults are found all at once, and what cannot be read leaves the rest to be looked at. */

import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { decode, recover } from "../../src/language/decode.js";
import { bareSpec, spec } from "../../src/language/spec.js";
import { full } from "./full.js";
import { type Json, mutated } from "./mutate.js";

const recovered = (value: unknown) => recover(spec, bareSpec, value);

const right = {
  pspc: 1,
  data: { root: "data", train: "train.txt", classes: ["sky", "road"] },
  train: { iterations: 10, crop: 33 },
};

describe("a spec that cannot be read", () => {
  test("keeps what can be", () => {
    const { value, poisoned } = recovered({ ...right, train: { ...right.train, seed: -1 } });
    expect(value).toEqual(right);
    expect([...poisoned]).toEqual(["train.seed"]);
  });

  test.each<[string, object, readonly string[]]>([
    [
      "an item of a list poisons its key",
      { model: { pyramid: { bins: [1, "2"] } } },
      ["model.pyramid.bins"],
    ],
    [
      "a value in a list of maps too",
      { train: { iterations: 10, augment: [{ rotate: { range: [0, 1], probability: 2 } }] } },
      ["train.augment"],
    ],
    [
      "an unknown key poisons the one that was meant",
      { train: { iterations: 10, batsh: 3 } },
      ["train.batch"],
    ],
    ["unless that one is written, too", { train: { iterations: 10, batsh: 3, batch: 4 } }, []],
    ["or none is near", { train: { iterations: 10, qqqqqq: 3 } }, []],
    ["or the answer is a hint", { train: { iterations: 10, lr: 3 } }, []],
    ["a missing key is poisoned", { train: {} }, ["train.iterations"]],
    ["and so is a missing section", { train: undefined }, ["train"]],
    ["a section that is no map", { model: 5 }, ["model"]],
    [
      "an unknown choice",
      { train: { iterations: 10, optimizer: { adam: {} } } },
      ["train.optimizer"],
    ],
    [
      "a choice whose value is wrong",
      { model: { backbone: { stem: { deep: [1] } } } },
      ["model.backbone.stem.deep", "model.backbone.stem"],
    ],
    [
      "a key that the layout does not make needless",
      { data: { root: "data" } },
      ["data.train", "data.classes"],
    ],
    ["a label map", { data: { ...right.data, labels: { x: "sky" } } }, ["data.labels"]],
  ])("%s", (_, change, expected) => {
    const { poisoned, value } = recovered(JSON.parse(JSON.stringify({ ...right, ...change })));
    expect([...poisoned]).toEqual(expected);
    expect(E.isRight(decode(spec, value))).toBe(true);
  });

  test("may be no map at all", () => {
    const { value, poisoned } = recovered([1]);
    expect(value).toEqual(bareSpec);
    expect(poisoned).toContain("data");
  });
});

test("whatever is thrown at it, the value that is left is of the language, and the faults are the codec's", () => {
  let faulty = 0;
  const law = fc.property(mutated(JSON.parse(JSON.stringify(full)) as Json), (written) => {
    const { value, found, poisoned } = recovered(written);
    const decoded = decode(spec, written);
    expect(E.isRight(decode(spec, value))).toBe(true);
    expect(found).toEqual(E.isLeft(decoded) ? decoded.left : []);
    if (found.length === 0) expect(value).toEqual(written);
    else faulty += 1;
    // Only of a key that the language does not have, and that resembles none, nothing else is poisoned.
    if (found.some(({ code }) => code !== "E0201")) expect(poisoned.size).toBeGreaterThan(0);
  });
  fc.assert(law, { numRuns: 500, seed: 1 });
  expect(faulty).toBeGreaterThan(100);
});
