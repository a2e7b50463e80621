/** The section `data` as written enters; the decided one leaves, or what its labels get wrong. */

import { resolve } from "node:path";
import { unless } from "../diagnostic/checked.js";
import type { Checked, Diagnostic } from "../diagnostic/diagnostic.js";
import type { Spec } from "../spec/spec.js";
import * as says from "./errors.js";
import type { Data, LabelMap } from "./experiment.js";
import { beside } from "./extend.js";
import type { Decisions } from "./origin.js";

/** Absolute: relative to the file that the path was written in, and that to where the command runs. */
export const absolute = (path: string, key: string, decide: Decisions, cwd: string): string =>
  decide.given(key, resolve(cwd, beside(decide.place(key).file, path)));

const imagenet = "ImageNet's, as in semseg `tool/train.py`";

export const decideData = (d: Spec["data"], decide: Decisions, cwd: string): Checked<Data> => {
  const basis: Omit<Data, "labels"> = {
    layout: decide.or("data.layout", d.layout, "list", "semseg's list files"),
    root: absolute(d.root, "data.root", decide, cwd),
    train: decide.given("data.train", d.train),
    val: decide.or("data.val", d.val, null, "no validation split"),
    test: decide.or("data.test", d.test, null, "no test split"),
    classes: decide.given("data.classes", d.classes),
    damaged: decide.or("data.damaged", d.damaged, "stop", "nothing is left out in silence"),
    mean: decide.or("data.mean", d.mean, [123.675, 116.28, 103.53], imagenet),
    std: decide.or("data.std", d.std, [58.395, 57.12, 57.375], imagenet),
  };
  const { labels, found } = decideLabels(d, decide);
  return unless(found, () => ({ ...basis, labels }));
};

interface Labels {
  readonly labels: LabelMap;
  readonly found: readonly Diagnostic[];
}

/** Value i is class i unless `labels` says otherwise; ignored values are added, and 255 is one of them. */
const decideLabels = (d: Spec["data"], decide: Decisions): Labels => {
  const labels = decide.or("data.labels", d.labels, { first: 0 }, "value i is class i");
  const ignored = decide.or("data.ignore", d.ignore, 255, "255 is always ignored");
  const named = isNamed(labels) ? labels : counted(d.classes, labels.first);
  const values = typeof ignored === "number" ? [ignored] : ignored;
  const found = [
    ...unknownClasses(named, d.classes),
    ...ignoredClasses(named, values, d),
    ...valuesOutOfRange(named),
  ];
  return { labels: labelMap(d.classes, named, values), found };
};

type Named = Readonly<Record<string, string>>;

const isNamed = (labels: NonNullable<Spec["data"]["labels"]>): labels is Named =>
  typeof labels.first !== "number";

const counted = (classes: readonly string[], first: number): Named =>
  Object.fromEntries(classes.map((name, i) => [first + i, name]));

const unknownClasses = (named: Named, classes: readonly string[]): readonly Diagnostic[] => {
  const known = new Set([...classes, "ignore"]);
  return Object.entries(named)
    .filter(([, name]) => !known.has(name))
    .map(([value, name]) => says.unknownClass(name, value, classes));
};

/** Only counting from a first value can leave the byte: the codec checks written values. */
const valuesOutOfRange = (named: Named): readonly Diagnostic[] => {
  const last = Math.max(...Object.keys(named).map(Number));
  return last > 255 ? [says.labelsOutOfRange(last)] : [];
};

/** The silent 255 gives way to a class that is written for it; a written value does not. */
const ignoredClasses = (
  named: Named,
  ignored: readonly number[],
  d: Spec["data"],
): readonly Diagnostic[] => {
  if (d.ignore === undefined) return [];
  const from = ["data", d.labels === undefined ? "classes" : "labels"];
  return ignored.flatMap((value, i) => {
    const name = named[value];
    const at = typeof d.ignore === "number" ? [] : [i];
    const isClass = name !== undefined && name !== "ignore";
    return isClass ? [says.ignoredClass(value, name, ["data", "ignore", ...at], from)] : [];
  });
};

const labelMap = (
  classes: readonly string[],
  named: Named,
  ignored: readonly number[],
): LabelMap => {
  const index = new Map(classes.map((name, i) => [name, i] as const).toReversed());
  const values = new Map<number, number | "ignore">([[255, "ignore"]]);
  for (const [value, name] of Object.entries(named)) {
    values.set(Number(value), index.get(name) ?? "ignore");
  }
  for (const value of ignored) if (named[value] === undefined) values.set(value, "ignore");
  return new Map([...values].sort(([a], [b]) => a - b));
};
