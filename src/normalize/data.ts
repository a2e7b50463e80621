/** The section `data` as written enters; the decided one leaves, or what its labels get wrong. */

import { resolve } from "node:path";
import { type Checked, unless } from "../diagnostic/diagnostic.js";
import type { Dataset } from "../language/dataset.js";
import { datasetOf } from "../language/datasets.js";
import type { Spec } from "../language/spec.js";
import type { Data, SplitName } from "./experiment.js";
import { beside } from "./extend.js";
import { decideLabels } from "./labels.js";
import type { Decisions } from "./origin.js";

/** Absolute: relative to the file that the path was written in, and that to where the command runs. */
export const absolute = (path: string, key: string, decide: Decisions, cwd: string): string =>
  decide.given(key, resolve(cwd, beside(decide.place(key).file, path)));

const imagenet = "ImageNet's, as in semseg `tool/train.py`";

export const decideData = (d: Spec["data"], decide: Decisions, cwd: string): Checked<Data> => {
  const layout = decide.or("data.layout", d.layout, "list", "semseg's list files");
  const dataset = datasetOf(layout);
  const root = absolute(d.root, "data.root", decide, cwd);
  const splits = decideSplits(d, dataset, decide);
  const classes = decide.or("data.classes", d.classes, dataset?.classes ?? [], usual(dataset));
  const { found, palette, ...labels } = decideLabels(d, classes, dataset, decide);
  const data = (): Data => ({
    layout,
    root,
    ...splits,
    classes,
    ...labels,
    palette,
    damaged: decide.or("data.damaged", d.damaged, "stop", "nothing is left out in silence"),
    mean: decide.or("data.mean", d.mean, [123.675, 116.28, 103.53], imagenet),
    std: decide.or("data.std", d.std, [58.395, 57.12, 57.375], imagenet),
  });
  return unless(found, data);
};

const usual = (dataset: Dataset | undefined): string => dataset?.title ?? "none";

/** A layout without splits of its own has `train` written: the codec asks for it. */
const decideSplits = (
  d: Spec["data"],
  dataset: Dataset | undefined,
  decide: Decisions,
): Pick<Data, "train" | "val" | "test"> => ({
  train: decide.or("data.train", split(d.train), dataset?.splits.train ?? "", usual(dataset)),
  val:
    dataset === undefined
      ? decide.or("data.val", split(d.val), null, "no validation split")
      : decide.or("data.val", split(d.val), dataset.splits.val, dataset.title),
  test: decide.or("data.test", split(d.test), null, "no test split"),
});

const split = (written: Spec["data"]["train"]): SplitName | undefined =>
  typeof written === "object" ? { suffix: "", ...written } : written;
