/** Outline, definition, references, rename, fixes and formatting. */

import { describe, expect, test } from "vitest";
import { actionsIn, edited, formattingOf, safeActions } from "../../src/editor/actions.js";
import { documentOf } from "../../src/editor/document.js";
import {
  definitionAt,
  type Outline,
  outlineOf,
  referencesAt,
  renameAt,
} from "../../src/editor/symbols.js";
import { format } from "../../src/language/format.js";
import { child, type Typed, typed, world } from "./typed.js";

const names = (outline: readonly Outline[]): unknown =>
  outline.map(({ name, below }) => (below.length === 0 ? name : [name, names(below)]));

test("the outline has the keys, also of a text that is half typed", () => {
  const text = "model:\n  pyramid: {bins: [1, 2]}\ntrain:\n  augment: [{scale: [1, 2]}]\n";
  const expected = [
    ["model", [["pyramid", ["bins"]]]],
    ["train", ["augment"]],
  ];
  expect(names(outlineOf(text))).toEqual(expected);
  expect(names(outlineOf(`${text}variants:\n  fcn: {model.py`))).toEqual([
    ...expected,
    ["variants", [["fcn", ["model.py"]]]],
  ]);
});

const definition = ({ document, offset }: Typed): string | undefined => {
  const span = definitionAt(document, offset);
  if (span === undefined) return undefined;
  const text = document.check.sources.get(span.file) ?? "";
  return `${span.file}: ${text.slice(span.start, span.end)}`;
};

describe("definition", () => {
  test("of a parent is its file", () => {
    expect(definition(typed("extends: lab|els.yaml"))).toBe("/project/labels.yaml: ");
  });

  test("of a key is the parent's that it changes", () => {
    expect(definition(child("train: {cr|op: 97}"))).toBe("/project/minimal.yaml: crop");
    expect(definition(child("train: {ba|tch: 1}"))).toBeUndefined();
  });

  test("of a variant's path is the spec's own key", () => {
    expect(definition(child("train: {batch: 4}\nvariants: {a: {train.ba|tch: 1}}"))).toBe(
      "/project/spec.yaml: batch",
    );
  });

  test("of a class is its entry", () => {
    expect(definition(typed("extends: labels.yaml\ndata: {labels: {1: ro|ad, 2: sky}}"))).toBe(
      "/project/labels.yaml: road",
    );
  });
});

describe("rename", () => {
  test("of a class changes every place, in parents too, and means the same", () => {
    const { document, offset } = typed(
      "extends: labels.yaml\ndata: {labels: {1: road, 2: sky, 3: ro|ad}}",
    );
    expect(referencesAt(document, offset)).toHaveLength(4);
    const rename = renameAt(document, offset, "street");
    if (rename.kind === "refused") throw new Error(rename.reason);
    const change = (file: string): string => {
      const edits = rename.places.filter((at) => at.file === file);
      const all = edits.map((at) => ({ at, text: rename.text }));
      return edited(document.check.sources.get(file) ?? "", all);
    };
    const files = { ...world };
    const parent = change("/project/labels.yaml");
    const read: typeof files.read = (path, by) =>
      path === "/project/labels.yaml" ? { _tag: "Right", right: parent } : files.read(path, by);
    const after = documentOf({ ...files, read }, document.name, change(document.name));
    expect(after.check.diagnostics).toEqual([]);
    expect(after.look?.value.experiment.data.classes).toEqual(["sky", "street"]);
    expect(parent).toContain("labels: {7: street, 8: sky}");
  });

  test("of a variant changes its key", () => {
    const { document, offset } = child("variants: {a: {train.batch: 2}, f|cn: {}}");
    expect(renameAt(document, offset, "plain")).toMatchObject({ text: "plain", kind: "edits" });
  });

  test("is refused for a name that is taken or is none", () => {
    const refused = (at: Typed, name: string) => renameAt(at.document, at.offset, name).kind;
    const variant = child("variants: {a: {train.batch: 2}, f|cn: {}}");
    expect(refused(variant, "a")).toBe("refused");
    expect(refused(variant, "two words")).toBe("refused");
    expect(refused(typed("extends: labels.yaml\ndata: {classes: [sky, ro|ad]}"), "sky")).toBe(
      "refused",
    );
    expect(refused(child("train: {ba|tch: 2}"), "anything")).toBe("refused");
  });
});

test("a fix is offered where its mistake stands", () => {
  const { document } = child("train: {batsh: 3}|");
  const start = document.text.indexOf("batsh");
  const [action] = actionsIn(document, { start, end: start });
  expect(action).toMatchObject({ title: "write `batch`", code: "E0201" });
  expect(edited(document.text, action?.edits ?? [])).toContain("train: {batch: 3}");
  expect(actionsIn(document, { start: 0, end: 1 })).toEqual([]);
  expect(safeActions(document)).toEqual([]);
});

test("safe fixes are made together, one at a place, in the document alone", () => {
  const { document } = child('train: {crop: "89", ema: null}\nevaluate: {mirror: yes}|');
  const edits = safeActions(document).flatMap((each) => each.edits);
  expect(edited(document.text, edits)).toBe(
    "extends: minimal.yaml\ntrain: {crop: 89, ema: none}\nevaluate: {mirror: true}",
  );
});

test("formatting puts keys into order by one edit, and leaves what it cannot read", () => {
  const { document } = child("train: {crop: 89}\nmodel: {}\n|");
  const edit = formattingOf(document);
  if (edit === undefined) throw new Error("nothing to format");
  expect(edited(document.text, [edit])).toBe(format(document.text));
  expect(edit.at.start).toBeGreaterThan("extends".length);
  expect(formattingOf(child("train: [\nmodel: {}|").document)).toBeUndefined();
});
