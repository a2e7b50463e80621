// @ts-check
/**
 * What each rewrite brings: `npm run bench:rewrites -- SPEC [key=value …]`. The training step and the inference of one
 * crop run as written, with one rewrite each, and with all, in turns. Prints a table of medians with their spread, of
 * multiply-accumulates, and of bytes that are alive at once.
 */

import { readFileSync } from "node:fs";
import { either } from "fp-ts";
import { checkStill } from "../dist/compile.js";
import { products } from "../dist/graph/cost.js";
import { stateOf } from "../dist/plan/graphs.js";
import { evaluationStep } from "../dist/plan/inference.js";
import { trainingStep } from "../dist/plan/step.js";
import { foldBatchNorm, joinPads, stretchLate } from "../dist/rewrite/algebra.js";
import { factorPyramid } from "../dist/rewrite/factor-pyramid.js";
import { asWritten, standard } from "../dist/rewrite/passes.js";
import { openSession } from "../dist/runtime/session.js";
import { legalize } from "../dist/tensorflow/legalize.js";
import { memory, total } from "../dist/tensorflow/memory.js";
import { plainCpu, savedModel, withKernels } from "../dist/tensorflow/target.js";
import { initialState } from "../dist/weights/initial.js";

/** @typedef {import("../src/graph/graph.js").Graph} Graph */

const [WARM, ROUNDS] = [2, 7];
const own = (/** @type {Graph} */ graph) => graph;
const chosen = (/** @type {Graph} */ graph) => withKernels(graph, plainCpu);
const ways = {
  "as written": { passes: asWritten, kernels: own },
  "fold-batch-norm": { passes: { ...asWritten, inference: [foldBatchNorm] }, kernels: own },
  "factor-pyramid, join-pads": {
    passes: { ...asWritten, forward: [factorPyramid], whole: [joinPads] },
    kernels: own,
  },
  "stretch-late": { passes: { ...asWritten, whole: [stretchLate] }, kernels: own },
  "choose-kernels": { passes: asWritten, kernels: chosen },
  "all but choose-kernels": { passes: standard, kernels: own },
  all: { passes: standard, kernels: chosen },
};

const [entry = "specs/camvid.yaml", ...overrides] = process.argv.slice(2);
const read = (/** @type {string} */ path) => either.right(readFileSync(path, "utf8"));
const { result } = checkStill({ cwd: process.cwd(), read })({ entry, overrides });
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

/** @type {{ name: string, kind: "train" | "evaluate", graph: Graph, run: () => void, ms: number[] }[]} */
const cases = [];
for (const [name, { passes, kernels }] of Object.entries(ways)) {
  const graphs = {
    train: kernels(trainingStep(experiment, passes)),
    evaluate: kernels(evaluationStep(experiment, height, width, passes)),
  };
  const session = await openSession(savedModel(graphs), "auto");
  session.write(initialState(stateOf(Object.values(graphs)), 0));
  for (const kind of /** @type {const} */ (["train", "evaluate"])) {
    cases.push({
      name,
      kind,
      graph: graphs[kind],
      run: () => session.run(kind, given[kind]),
      ms: [],
    });
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
  const found = cases.find((each) => each.kind === kind && each.name === name);
  if (found === undefined) throw new Error(`${name} has no ${kind}`);
  const sorted = found.ms.toSorted((a, b) => a - b);
  const at = (/** @type {number} */ i) => Math.round(sorted[i] ?? Number.NaN);
  const giga = (products(found.graph) / 1e9).toFixed(1);
  const alive = Math.round(total(memory(legalize(found.graph))) / 2 ** 20);
  return `${at(ROUNDS >> 1)} (${at(0)}–${at(ROUNDS - 1)}) | ${giga} | ${alive}`;
};
console.log(
  `${entry} ${overrides.join(" ")}: batch ${batch}, crop ${height}×${width}, ms, median (range)`,
);
console.log("| rewrites | training step | GMAC | MiB | inference of one crop | GMAC | MiB |");
console.log("| --- | --- | --: | --: | --- | --: | --: |");
for (const name of Object.keys(ways)) {
  console.log(`| ${name} | ${row("train", name)} | ${row("evaluate", name)} |`);
}
