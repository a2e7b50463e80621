/** The verbs, in the order of their use. Each is loaded when it is asked for, so that none slows another down. */

import type { Verbs } from "./verb.js";

export const verbs: Verbs = {
  init: {
    summary: "look at a dataset folder and write a commented spec",
    load: async () => (await import("./verb/init.js")).run,
  },
  zoo: {
    summary: "list the published PSPNets, each a spec: backbone, data, parameters, scores, weights",
    load: async () => (await import("./verb/zoo.js")).run,
  },
  check: {
    summary: "find every mistake in a spec, with its place and a remedy",
    load: async () => (await import("./verb/check.js")).run,
  },
  show: {
    summary: "print the spec with every decision made, and where each came from",
    load: async () => (await import("./verb/show.js")).run,
  },
  fmt: {
    summary: "put the keys of specs into canonical order",
    load: async () => (await import("./verb/fmt.js")).run,
  },
  plan: {
    summary: "print layers, parameters, MACs, memory, rates; nothing is trained",
    load: async () => (await import("./verb/plan.js")).run,
  },
  compile: {
    summary: "write the printed graph and the SavedModel",
    load: async () => (await import("./verb/compile.js")).run,
  },
  tune: {
    summary: "measure which form of each layer is the fastest on this machine",
    load: async () => (await import("./verb/machine.js")).tuneVerb,
  },
  data: {
    summary:
      "data check | stats | browse: what is wrong with the data, what they hold, how they look",
    load: async () => (await import("./verb/data.js")).run,
  },
  train: {
    summary: "train; Ctrl-C saves and stops, `--resume RUN` goes on",
    load: async () => (await import("./verb/train.js")).run,
  },
  eval: {
    summary: "score a run: pixel accuracy, mIoU, IoU of each class",
    load: async () => (await import("./verb/infer.js")).evalVerb,
  },
  predict: {
    summary: "segment images: palette PNGs and overlays",
    load: async () => (await import("./verb/infer.js")).predictVerb,
  },
  compare: {
    summary:
      "train what is missing of the variants, and set them side by side in a table and a page",
    load: async () => (await import("./verb/compare.js")).run,
  },
  dash: {
    summary: "show the runs of a folder in the browser, live while they train",
    load: async () => (await import("./verb/dash.js")).run,
  },
  import: {
    summary: "say which weights of a file fit a spec, and write them under our names",
    load: async () => (await import("./verb/weights.js")).importVerb,
  },
  export: {
    summary: "write a trained network for other programs: ONNX, TensorFlow.js, SavedModel, weights",
    load: async () => (await import("./verb/export.js")).exportVerb,
  },
  lsp: {
    summary: "serve an editor: diagnostics, hovers, completion, renames, fixes",
    load: async () => (await import("./verb/lsp.js")).run,
  },
  play: {
    summary: "serve the playground: the compiler on a page, a spec and what it means side by side",
    load: async () => (await import("./verb/play.js")).run,
  },
  completion: {
    summary: "print the script that completes verbs, options and variants in a shell",
    load: async () => (await import("./verb/completion.js")).completing(verbs),
  },
  schema: {
    summary: "print the JSON Schema of the language, for editors",
    load: async () => (await import("./verb/reference.js")).schema,
  },
  explain: {
    summary: "explain an error code: pspc explain E0503",
    load: async () => (await import("./verb/reference.js")).explain,
  },
  setup: {
    summary: "set TensorFlow up, once for all projects",
    load: async () => (await import("./setup.js")).run,
  },
  doctor: {
    summary: "say what this machine can run",
    load: async () => (await import("./verb/machine.js")).doctor,
  },
};
