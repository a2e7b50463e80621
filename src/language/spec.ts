/** The whole language: what a spec is once parent, variant and overrides are merged into it. */

import type * as t from "io-ts";
import { data } from "./data.js";
import { evaluate } from "./evaluate.js";
import { byKeys, key, required, unsaid, usually } from "./key.js";
import { anything, aside, record } from "./map.js";
import { model } from "./model.js";
import { section } from "./section.js";
import { presetNames } from "./semantics.js";
import { train } from "./train.js";
import { choice, text } from "./value.js";

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

/** In the place of a text of which nothing can be read: what every spec has. */
export const bareSpec = {
  pspc: 1,
  data: { root: ".", train: "train.txt", classes: ["background", "foreground"] },
  train: { iterations: 1 },
} as const;

const version = key(aside(choice(1)), "Version of the language.", required(1));

const parent = key(
  aside(text("the path of a spec")),
  "The spec that this one changes, relative to this file.",
  unsaid,
);

export const semantics = key(
  choice(...presetNames),
  "Named set of the choices that implementations disagree on.",
  usually("semseg", "the authors' PyTorch code"),
);

const dataKey = key(
  data,
  "Where images and labels are, and what the labels mean.",
  required(bareSpec.data),
);

export const spec = section(
  "the spec",
  {
    pspc: version,
    extends: parent,
    semantics,
    data: dataKey,
    model: key(model, "The network: PSPNet50 unless written otherwise.", byKeys({})),
    train: key(train, "How the network is trained.", required(bareSpec.train)),
    evaluate: key(evaluate, "How images are scored.", byKeys({})),
    variants: key(
      aside(record("a map of variants", variantName, changes)),
      "Named changes: `path.to.key: value`, or `matrix: {path: [values]}` for their product.",
      unsaid,
    ),
  },
  { hints, fields: { pspc: {}, extends: {}, semantics: {}, variants: {} } },
);

/** What an author writes, in YAML or in TypeScript. */
export type Spec = t.TypeOf<typeof spec>;
