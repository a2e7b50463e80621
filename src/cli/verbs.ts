/** The verbs, in the order of their use. Each is loaded when it is asked for: what it needs slows no other down. */

import type { Verb } from "./verb.js";

interface Entry {
  /** What it does, in a line. */
  readonly summary: string;
  readonly load: () => Promise<{ readonly run: Verb }>;
}

export const verbs: Readonly<Record<string, Entry>> = {
  init: {
    summary: "look at a dataset folder and write a commented spec",
    load: () => import("./verb/init.js"),
  },
  check: {
    summary: "find every mistake in a spec, with its place and a remedy",
    load: () => import("./verb/check.js"),
  },
  show: {
    summary: "print the spec with every decision made, and where each came from",
    load: () => import("./verb/show.js"),
  },
  fmt: {
    summary: "put the keys of specs into canonical order",
    load: () => import("./verb/fmt.js"),
  },
  plan: {
    summary: "print layers, parameters, MACs, memory, rates; nothing is trained",
    load: () => import("./verb/plan.js"),
  },
  compile: {
    summary: "write the printed graph and the SavedModel",
    load: () => import("./verb/compile.js"),
  },
  tune: {
    summary: "measure which form of each layer is the fastest on this machine",
    load: () => import("./verb/tune.js"),
  },
  data: {
    summary:
      "data check | stats | browse: what is wrong with the data, what they hold, how they look",
    load: () => import("./verb/data.js"),
  },
  train: {
    summary: "train; Ctrl-C saves and stops, `--resume RUN` goes on",
    load: () => import("./verb/train.js"),
  },
  eval: {
    summary: "score a run: pixel accuracy, mIoU, IoU of each class",
    load: () => import("./verb/eval.js"),
  },
  predict: {
    summary: "segment images: palette PNGs and overlays",
    load: () => import("./verb/predict.js"),
  },
  compare: {
    summary:
      "train what is missing of the variants, and set them side by side in a table and a page",
    load: () => import("./verb/compare.js"),
  },
  dash: {
    summary: "show the runs of a folder in the browser, live while they train",
    load: () => import("./verb/dash.js"),
  },
  import: {
    summary: "say which weights of a file fit a spec, and write them under our names",
    load: () => import("./verb/import.js"),
  },
  export: {
    summary: "write the weights of a run, under our names or another program's",
    load: () => import("./verb/export.js"),
  },
  schema: {
    summary: "print the JSON Schema of the language, for editors",
    load: () => import("./verb/schema.js"),
  },
  explain: {
    summary: "explain an error code: pspc explain E0503",
    load: () => import("./verb/explain.js"),
  },
  doctor: {
    summary: "say what this machine can run",
    load: () => import("./verb/doctor.js"),
  },
};
