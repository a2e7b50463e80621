/** A fix, made, removes the mistake that offers it. */

import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { Check } from "../../src/compile.js";
import type { Diagnostic, Edit } from "../../src/diagnostic/diagnostic.js";
import { check, checkChild } from "../golden/front.js";
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
    for (const text of texts) {
      const { diagnostics } = check({ "spec.yaml": text });
      for (const diagnostic of diagnostics)
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
});
