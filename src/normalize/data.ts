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
  resolve(cwd, beside(decide.place(key).file, path));

const imagenet = "ImageNet's, as in semseg `tool/train.py`";

export const decideData = (d: Spec["data"], decide: Decisions, cwd: string): Checked<Data> => {
  const { labels, found } = decideLabels(d, decide);
  return unless(found, () => ({
    layout: decide.or("data.layout", d.layout, "list", "semseg's list files"),
    root: absolute(decide.given("data.root", d.root), "data.root", decide, cwd),
    train: decide.given("data.train", d.train),
    val: decide.or("data.val", d.val, null, "no validation split"),
    test: decide.or("data.test", d.test, null, "no test split"),
    classes: decide.given("data.classes", d.classes),
    labels,
    mean: decide.or("data.mean", d.mean, [123.675, 116.28, 103.53], imagenet),
    std: decide.or("data.std", d.std, [58.395, 57.12, 57.375], imagenet),
  }));
};

interface Labels {
  readonly labels: LabelMap;
  readonly found: readonly Diagnostic[];
}

/** Value i is class i unless `labels` says otherwise; ignored values are added, and 255 is one of them. */
const decideLabels = (d: Spec["data"], decide: Decisions): Labels => {
  const identity = Object.fromEntries(d.classes.map((name, i) => [i, name]));
  const written = decide.or("data.labels", d.labels, identity, "value i is class i");
  const ignored = decide.or("data.ignore", d.ignore, 255, "255 is always ignored");
  const unknown = Object.entries(written).flatMap(([value, name]) =>
    name === "ignore" || d.classes.includes(name)
      ? []
      : [says.unknownClass(name, value, d.classes)],
  );
  const ignoredValues = typeof ignored === "number" ? [ignored] : ignored;
  const from = d.labels === undefined ? ["data", "classes"] : ["data", "labels"];
  const both = ignoredValues.flatMap((value, i) => {
    const name = written[value];
    if (d.ignore === undefined || name === undefined || name === "ignore") return [];
    const at = typeof ignored === "number" ? [] : [i];
    return [says.ignoredClass(value, name, ["data", "ignore", ...at], from)];
  });
  return { labels: labelMap(d.classes, written, ignoredValues), found: [...unknown, ...both] };
};

const labelMap = (
  classes: readonly string[],
  written: Readonly<Record<string, string>>,
  ignored: readonly number[],
): LabelMap => {
  const named = Object.entries(written).map(
    ([value, name]) => [Number(value), name === "ignore" ? name : classes.indexOf(name)] as const,
  );
  const values = new Map<number, number | "ignore">([[255, "ignore"], ...named]);
  for (const value of ignored) values.set(value, "ignore");
  return new Map([...values].sort(([a], [b]) => a - b));
};
