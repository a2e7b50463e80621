/** A fix, made, removes the mistake that offers it. */

import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { Check } from "../../src/compile.js";
import type { Diagnostic, Edit } from "../../src/diagnostic/diagnostic.js";
import { check, checkChild, checkModule } from "../golden/front.js";
import { full } from "../language/full.js";

/** The last edit first, so that the others keep their places. */
const edited = (text: string, edits: readonly Edit[]): string =>
  edits
    .toSorted((a, b) => (b.at?.start ?? 0) - (a.at?.start ?? 0))
    .reduce((t, { at, text: by }) => t.slice(0, at?.start) + by + t.slice(at?.end), text);

const identity = ({ code, primary: { at } }: Diagnostic): string => `${code} ${at?.start}`;

/** Of all keys that a map lies behind: the text with the key misspelt. */
const misspellings = (text: string): readonly string[] =>
  [...text.matchAll(/^ *(\w{4,}):/gm)].map(({ 0: line, 1: key, index }) => {
    const start = index + line.indexOf(`${key}`);
    const end = start + `${key}`.length;
    return `${text.slice(0, end)}x${text.slice(end)}`;
  });

describe("every fix removes its mistake", () => {
  const { variants: _, ...spec } = full;
  const texts = misspellings(stringify(spec, { flowCollectionPadding: false }));

  test("of a key that is misspelt", () => {
    let made = 0;
    const right = check({ "spec.yaml": stringify(spec, { flowCollectionPadding: false }) });
    const before = new Set(right.diagnostics.map(({ code }) => code));
    for (const text of texts) {
      const { diagnostics } = check({ "spec.yaml": text });
      for (const diagnostic of diagnostics.filter(({ code }) => !before.has(code)))
        for (const { edits, title } of diagnostic.fixes) {
          const [edit] = edits;
          expect(title).toBe(`write \`${edit?.text}\``);
          const after = check({ "spec.yaml": edited(text, edits) }).diagnostics.map(identity);
          expect(after).not.toContain(identity(diagnostic));
          made += 1;
        }
    }
    expect(made).toBeGreaterThan(60);
  });

  const fixIn = ({ diagnostics, sources }: Check): readonly string[] =>
    diagnostics.flatMap(({ fixes }) =>
      fixes.map(({ edits }) => edited(sources.get(edits[0]?.at?.file ?? "") ?? "", edits)),
    );

  test("of an override and of a variant, where one step of a path is wrong", () => {
    expect(fixIn(checkChild("", undefined, ["train.batsh=3"]))).toEqual(["train.batch=3"]);
    expect(fixIn(checkChild("", undefined, ["trian.batch=3"]))).toEqual(["train.batch=3"]);
    expect(fixIn(checkChild("variants: {a: {model.pyramd.bins: [1]}}"))).toEqual([
      "extends: minimal.yaml\nvariants: {a: {model.pyramid.bins: [1]}}",
    ]);
  });

  test("and none is offered where the key is in quotes", () => {
    expect(fixIn(checkChild('variants: {a: {"model.pyramd.bins": [1]}}'))).toEqual([]);
    expect(fixIn(checkChild('train: {"batsh": 1}'))).toEqual([]);
  });

  /** Each fix of a spec over the minimal one, by its title: the text that it leaves. */
  const fixes = (text: string): Readonly<Record<string, string>> => {
    const { diagnostics, sources } = checkChild(text);
    const made = diagnostics.flatMap(({ fixes: all }) =>
      all.map(({ title, edits }) => {
        const file = edits[0]?.at?.file ?? "";
        return [title, edited(sources.get(file) ?? "", edits).replace(/^extends.*\n/, "")] as const;
      }),
    );
    return Object.fromEntries(made);
  };

  test("of a crop and of bins", () => {
    const bins = "model: {pyramid: {bins: [1, 2, 3, 6]}}";
    expect(fixes(`${bins}\ntrain: {crop: 33}`)).toEqual({
      "use a crop of 41": `${bins}\ntrain: {crop: 41}`,
      "drop bin 6": "model: {pyramid: {bins: [1, 2, 3]}}\ntrain: {crop: 33}",
    });
    expect(fixes("train: {crop: [33, 90]}\nmodel: {align_corners: false}")).toEqual({
      "use a crop of [41, 90]": "train: {crop: [41, 90]}\nmodel: {align_corners: false}",
    });
  });

  test("of values that are blocks, with what stands around them", () => {
    const before =
      "model:\n  pyramid:\n    bins:   # four\n    - 1\n    - 9\n\n    # next\n    pool: max\n";
    expect(fixes(`${before}train: {crop: 41}`)["drop bin 9"]).toBe(
      "model:\n  pyramid:\n    bins: [1]\n\n    # next\n    pool: max\ntrain: {crop: 41}",
    );
    expect(
      fixes("model:\n  auxiliary:\n    after: 3\n    weight: 0\n  head: {dropout: 0}\n"),
    ).toEqual({
      "write `auxiliary: none`": "model:\n  auxiliary: none\n  head: {dropout: 0}\n",
    });
  });

  test("of keys that go, in blocks and in brackets", () => {
    const title = "remove `evaluate.window`";
    expect(fixes("evaluate:\n  mode: whole\n  window: 89  # wide\n")[title]).toBe(
      "evaluate:\n  mode: whole\n",
    );
    expect(fixes("evaluate: {mode: whole, window: [89, 89]}")[title]).toBe(
      "evaluate: {mode: whole}",
    );
    expect(fixes("evaluate: {window: 89, mode: whole}")[title]).toBe("evaluate: {mode: whole}");
    expect(fixes("evaluate: {\n  window: 89,\n  mode: whole\n}")[title]).toBe(
      "evaluate: {\n  mode: whole\n}",
    );
    // It would leave a map with nothing below it.
    expect(fixes("train:\n  checkpoints:\n    best: miou\n")).toEqual({});
  });

  test("of values whose meaning is sure", () => {
    expect(fixes('train: {crop: "89"}')).toEqual({ "write `89`": "train: {crop: 89}" });
    expect(fixes("evaluate: {mirror: yes}")).toEqual({
      "write `true`": "evaluate: {mirror: true}",
    });
    expect(fixes("model: {pyramid: null}")).toEqual({
      "write `none`": "model: {pyramid: none}",
    });
    expect(fixes("train: {augment: [{scale: [2, 1]}, {rotate: {range: [9, -9]}}]}")).toEqual({
      "write [1, 2]": "train: {augment: [{scale: [1, 2]}, {rotate: {range: [9, -9]}}]}",
      "write [-9, 9]": "train: {augment: [{scale: [2, 1]}, {rotate: {range: [-9, 9]}}]}",
    });
  });

  test("and a safe one changes nothing that is right", () => {
    // The head of the spec itself has a weight; only the variant's is 0.
    const text = "model: {auxiliary: {weight: 0.4}}\nvariants: {a: {model.auxiliary.weight: 0}}";
    const { diagnostics } = checkChild(text);
    expect(diagnostics.map(({ code }) => code)).toEqual(["E0506"]);
    expect(diagnostics.flatMap((each) => each.fixes)).toEqual([]);
  });

  test("and none is offered in a spec that is TypeScript, but of keys", () => {
    const spec = (train: string) => `export default {extends: "minimal.yaml", train: ${train}};\n`;
    expect(checkModule(spec("{crop: 33}")).diagnostics.flatMap((d) => d.fixes)).toEqual([]);
    expect(fixIn(checkModule(spec("{batsh: 1}")))).toEqual([spec("{batch: 1}")]);
  });
});
