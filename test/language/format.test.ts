import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { format } from "../../src/language/format.js";
import { full } from "./full.js";

const untidy = `# For the harbour.

# how it is trained
train:
  crop: 89   # small
  # long enough
  iterations: 1000

data: {root: data, train: train.txt, classes: [sky,  road]}
colour: red
model:
  pyramid:
    pool: max
    bins:
      - 1
      - 2
  backbone: {resnet: 50}
pspc: 1`;

const tidy = `# For the harbour.

# how it is trained
pspc: 1

data: {root: data, train: train.txt, classes: [sky,  road]}
model:
  backbone: {resnet: 50}
  pyramid:
    bins:
      - 1
      - 2
    pool: max
train:
  # long enough
  iterations: 1000
  crop: 89   # small
colour: red
`;

describe("format", () => {
  test("sorts the keys of blocks, and keeps comments and layout", () => {
    expect(format(untidy)).toBe(tidy);
  });

  test("ends lines as the file does", () => {
    const crlf = (text: string): string => text.replaceAll("\n", "\r\n");
    expect(format(crlf(untidy))).toBe(crlf(format(untidy)));
    expect(format(crlf(format(untidy)))).toBe(crlf(format(untidy)));
  });

  test("leaves alone what it would break", () => {
    const anchored = "train: {crop: &size 89}\ndata: {val: *size}\n";
    expect(format(anchored)).toBe(anchored);
    expect(format("train: [1,\n")).toBe("train: [1,\n");
  });

  const folders = ["specs", "specs/base"];
  const files = folders.flatMap((f) => readdirSync(f).map((name) => `${f}/${name}`));
  test.each(files.filter((f) => f.endsWith(".yaml")))(
    "changes no meaning, and nothing twice: %s",
    (file) => {
      const text = readFileSync(file, "utf8");
      expect(parse(format(text))).toEqual(parse(text));
      expect(format(format(text))).toBe(format(text));
    },
  );

  test("brings every order of keys to the same text", () => {
    const keys = Object.keys(full) as (keyof typeof full)[];
    const law = fc.property(fc.shuffledSubarray(keys, { minLength: keys.length }), (order) => {
      const shuffled = Object.fromEntries(order.map((key) => [key, full[key]]));
      expect(format(stringify(shuffled))).toBe(format(stringify(full)));
    });
    fc.assert(law, { numRuns: 30 });
  });
});
