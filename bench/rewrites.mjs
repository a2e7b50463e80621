// @ts-check
/**
 * What each rewrite brings: `node bench/rewrites.mjs SPEC [key=value …]`. The training step and the inference of one
 * crop run as written, with one rewrite each, and with all, in turns. Prints a table of medians with their spread.
 */

import { readFileSync } from "node:fs";
import { either } from "fp-ts";
import { evaluationStep, trainingStep } from "../dist/plan/step.js";
import { factorPyramid } from "../dist/rewrite/factor-pyramid.js";
import { foldBatchNorm } from "../dist/rewrite/fold-batch-norm.js";
import { joinPads } from "../dist/rewrite/join-pads.js";
import { asWritten, standard } from "../dist/rewrite/passes.js";
import { stretchLate } from "../dist/rewrite/stretch-late.js";
import { openSession } from "../dist/runtime/session.js";
import { savedModel, stateOf } from "../dist/tensorflow/lower.js";
import { checkSpec } from "../dist/validate/check.js";
import { initialState } from "../dist/weights/initial.js";

const [WARM, ROUNDS] = [2, 7];
const passes = {
  "as written": asWritten,
  "fold-batch-norm": { ...asWritten, inference: [foldBatchNorm] },
  "factor-pyramid, join-pads": { ...asWritten, forward: [factorPyramid], whole: [joinPads] },
  "stretch-late": { ...asWritten, whole: [stretchLate] },
  all: standard,
};

const [entry = "specs/camvid.yaml", ...overrides] = process.argv.slice(2);
const read = (/** @type {string} */ path) => either.right(readFileSync(path, "utf8"));
const { result } = checkSpec({ entry, overrides, cwd: process.cwd(), read });
if (either.isLeft(result)) throw new Error(`${entry} is wrong: \`pspc check\` says why`);
const { experiment } = result.right;
const { batch, crop } = experiment.train;
const [height, width] = crop;
const bytes = (/** @type {number} */ n, /** @type {number} */ below) =>
  Uint8Array.from({ length: n }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 20) % below);
const classes = experiment.data.classes.length;
const pixels = height * width;
const given = {
  train: {
    images: bytes(batch * pixels * 3, 256),
    labels: bytes(batch * pixels, classes),
    rate: 0,
  },
  evaluate: { image: bytes(pixels * 3, 256), label: bytes(pixels, classes) },
};

/** @type {{ name: string, kind: "train" | "evaluate", run: () => void, ms: number[] }[]} */
const cases = [];
for (const [name, which] of Object.entries(passes)) {
  const graphs = {
    train: trainingStep(experiment, which),
    evaluate: evaluationStep(experiment, height, width, which),
  };
  const session = await openSession(savedModel(graphs), "auto");
  session.write(initialState(stateOf(Object.values(graphs)), 0));
  for (const kind of /** @type {const} */ (["train", "evaluate"])) {
    cases.push({ name, kind, run: () => session.run(kind, given[kind]), ms: [] });
  }
}
for (let round = 0; round < WARM + ROUNDS; round++) {
  for (const { run, ms } of cases) {
    const start = performance.now();
    run();
    if (round >= WARM) ms.push(performance.now() - start);
  }
}

const row = (/** @type {"train" | "evaluate"} */ kind, /** @type {string} */ name) => {
  const sorted = (
    cases.find((each) => each.kind === kind && each.name === name)?.ms ?? []
  ).toSorted((a, b) => a - b);
  const at = (/** @type {number} */ i) => Math.round(sorted[i] ?? Number.NaN);
  return `${at(ROUNDS >> 1)} (${at(0)}–${at(ROUNDS - 1)})`;
};
console.log(
  `${entry} ${overrides.join(" ")}: batch ${batch}, crop ${height}×${width}, ms, median (range)`,
);
console.log("| rewrites | training step | inference of one crop |\n| --- | --- | --- |");
for (const name of Object.keys(passes)) {
  console.log(`| ${name} | ${row("train", name)} | ${row("evaluate", name)} |`);
}
