/** Completion at a cursor: in whole specs, and in those that are half typed. */

import { describe, expect, test } from "vitest";
import { completionsAt } from "../../src/editor/complete.js";
import { declarations } from "../../src/language/path.js";
import { child, type Typed, typed, world } from "./typed.js";

const complete = ({ document, offset }: Typed) => completionsAt(document, offset, world.names);
const labels = (at: Typed): readonly string[] => complete(at).map(({ label }) => label);

/** The text after the completion of that name was taken. */
const taken = (at: Typed, label: string): string => {
  const item = complete(at).find((each) => each.label === label);
  if (item === undefined) throw new Error(`no completion ${label}: ${labels(at)}`);
  const { text } = at.document;
  return text.slice(0, item.replace.start) + item.insert + text.slice(item.replace.end);
};

describe("keys", () => {
  test("of the spec, without those that are there, before and behind", () => {
    const found = labels(child("tr|\nmodel: {}\n"));
    expect(found).toContain("train");
    expect(found).not.toContain("extends");
    expect(found).not.toContain("model");
  });

  test("of a block, a flow map, and one whose bracket is open", () => {
    for (const text of [
      "model:\n  pyramid:\n    po|",
      "model:\n  pyramid: {bins: [1, 2], po|}",
      "model:\n  pyramid: {bins: [1, 2], |\ntrain:\n  crop: 89",
      "model: {pyramid: {|",
      "model:\n  pyramid:\n    bins: [1]\n    |\n\ntrain:\n  crop: 89",
    ])
      expect(labels(child(text))).toContain("pool");
  });

  test("of an item of a list", () => {
    expect(labels(child("train:\n  augment:\n    - mirror\n    - |"))).toContain("scale");
    expect(labels(child("train: {augment: [mirror, {|"))).toContain("rotate");
    expect(labels(child("train: {augment: [{rotate: {|"))).toContain("border");
  });

  test("replace what was typed, and write no second colon", () => {
    expect(taken(child("train:\n  cr|op: 89"), "crop")).toContain("train:\n  crop: 89");
    expect(taken(child("train:\n  ba|"), "batch")).toMatch(/train:\n {2}batch: $/);
  });

  test("with what they mean and their default", () => {
    const batch = complete(child("train: {|")).find(({ label }) => label === "batch");
    expect(batch?.documentation).toBe("Images a step.\n\nDefault: `16`");
    expect(batch?.detail).toBe("whole number ≥ 1");
  });

  test("none in comments, behind a colon without a blank, and beyond the bounds", () => {
    expect(labels(child("train: # |"))).toEqual([]);
    expect(labels(child("train:|"))).toEqual([]);
    expect(labels(child(`${"[".repeat(500)}|`))).toEqual([]);
  });
});

describe("words", () => {
  test("of a choice, a flag, a stage's depth, an item", () => {
    expect(labels(child("model: {pyramid: {pool: |"))).toEqual(["average", "max"]);
    expect(labels(child("evaluate:\n  mirror: t|"))).toEqual(["true", "false"]);
    expect(labels(child("model:\n  backbone:\n    resnet: |"))).toContain("269");
    expect(labels(child("train: {augment: [|"))).toContain("mirror");
    expect(labels(child("model:\n  pyramid: |"))).toContain("none");
  });
});

describe("variants", () => {
  test("complete whole paths", () => {
    const found = labels(child("variants:\n  fcn:\n    model.py|"));
    expect(found).toContain("model.pyramid.bins");
    expect(found).toContain("matrix");
    expect(found).not.toContain("pspc");
    expect(taken(child("variants: {fcn: {model.pyr|: none}}"), "model.pyramid")).toContain(
      "{fcn: {model.pyramid: none}}",
    );
  });

  test("every path that is offered can be changed, and none inside the items of a list", () => {
    const found = labels(child("variants: {a: {|"));
    expect(found.length).toBeGreaterThan(60);
    expect(found).not.toContain("train.augment.rotate");
    const known = new Set(declarations.map(({ path }) => path.join(".")));
    expect(found.filter((name) => !known.has(name) && name !== "matrix")).toEqual([]);
  });

  test("complete the values of a path, and of an axis", () => {
    expect(labels(child("variants: {a: {model.pyramid.pool: |"))).toEqual(["average", "max"]);
    expect(labels(child("variants: {a: {matrix: {model.pyramid.pool: [average, |"))).toEqual([
      "average",
      "max",
    ]);
  });
});

describe("names", () => {
  test("of classes, where a label's value means one", () => {
    expect(labels(child("data:\n  labels:\n    7: |"))).toEqual(["sky", "road", "car", "ignore"]);
    const { document } = child("|");
    expect(labels(child("data: {labels: {colours: {sky: [0, 0, 0], |", document))).toEqual([
      "road",
      "car",
      "ignore",
    ]);
  });

  test("of classes of the last text that could be read, while the present one cannot", () => {
    const { document } = typed("pspc: 1\ndata: {classes: [a, b], labels: {0: a}}\n|");
    const half = typed('pspc: 1\ndata: {classes: [a, b], labels: {0: a, 1: |\nmodel: "', document);
    expect(half.document.look).toBeUndefined();
    expect(labels(half)).toEqual(["a", "b", "ignore"]);
  });

  test("of files beside the spec", () => {
    expect(labels(typed("extends: |"))).toEqual(["minimal.yaml", "labels.yaml", "base/"]);
    expect(taken(typed("extends: min|.y"), "minimal.yaml")).toBe("extends: minimal.yaml");
  });
});

describe("files of data", () => {
  const folders: Readonly<Record<string, readonly string[]>> = {
    "/project/": ["data/", "spec.md"],
    "/project/data/": ["train.txt", "lists/"],
  };
  const found = (at: Typed) =>
    completionsAt(at.document, at.offset, (folder) => folders[folder] ?? [])
      .filter(({ kind }) => kind === "file")
      .map(({ label }) => label);

  test("are folders for the root, and what lies in it for the lists", () => {
    expect(found(child("data: {root: |"))).toEqual(["data/"]);
    expect(found(child("data:\n  root: data\n  train: |"))).toEqual(["train.txt", "lists/"]);
    expect(found(child("data:\n  root: data\n  val: tr|\ntrain: {crop: 33}"))).toEqual([
      "train.txt",
      "lists/",
    ]);
  });
});
