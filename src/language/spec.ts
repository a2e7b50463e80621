/** The whole language: what a spec is once parent, variant and overrides are merged into it. */

import type * as t from "io-ts";
import { type Codec, documented } from "./codec.js";
import { data } from "./data.js";
import { evaluate } from "./evaluate.js";
import { anything, closed, inOrder, record } from "./map.js";
import { model } from "./model.js";
import { train } from "./train.js";
import { choice, text } from "./value.js";

export const presets = ["paper", "caffe", "semseg", "mmseg", "paddleseg"] as const;
export type Preset = (typeof presets)[number];

const semantics: Codec<Preset> = choice(...presets);

const variantName = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
  expects: "a variant's name: letters, digits, `.`, `_` and `-`",
};

const changes = record("a map from paths to values", { pattern: /./, expects: "a path" }, anything);

const hints = {
  classes: "classes belong under `data`",
  backbone: "it belongs under `model`",
  pyramid: "it belongs under `model`",
  head: "it belongs under `model`",
  auxiliary: "it belongs under `model`",
  crop: "it belongs under `train`",
  batch: "it belongs under `train`",
  iterations: "it belongs under `train`",
  test: "scoring is `evaluate`, the test split is `data.test`",
};

const unordered = closed(
  "the spec",
  {
    pspc: documented(choice(1), "Version of the language."),
    data: documented(data, "Where images and labels are, and what the labels mean."),
    train: documented(train, "How the network is trained."),
  },
  {
    extends: documented(
      text("the path of a spec"),
      "The spec that this one changes, relative to this file.",
    ),
    semantics: documented(
      semantics,
      "Named set of the choices that implementations disagree on. Default: semseg.",
    ),
    model: documented(model, "The network. Default: PSPNet50."),
    evaluate: documented(evaluate, "How images are scored."),
    variants: documented(
      record("a map of variants", variantName, changes),
      "Named changes: `path.to.key: value`, or `matrix: {path: [values]}` for their product.",
    ),
  },
  hints,
);

export const spec = inOrder(
  unordered,
  "pspc",
  "extends",
  "semantics",
  "data",
  "model",
  "train",
  "evaluate",
  "variants",
);

/** As far as it is about the data; other sections are any. */
export const dataAlone = closed(
  "the spec",
  { pspc: choice(1), data },
  {
    extends: anything,
    semantics,
    model: anything,
    train: anything,
    evaluate: anything,
    variants: anything,
  },
  hints,
);

/** What an author writes, in YAML or in TypeScript. */
export type Spec = t.TypeOf<typeof spec>;
