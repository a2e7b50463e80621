// @ts-check
/**
 * How far the estimated memory is from the measured one: `npm run bench:memory [-- SPEC key=value …]`. Each case is a
 * process of its own, which opens a session, writes the initial state and trains three steps on random images; its
 * peak is what the system says (VmHWM). Prints a table.
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { either } from "fp-ts";
import { checkStill } from "../dist/compile.js";
import { isFrugal, trainingKernels } from "../dist/plan/step.js";
import { collectGarbage } from "../dist/runtime/memory.js";
import { openSession } from "../dist/runtime/session.js";
import { lower, modelFor, plainCpu, sizesOn } from "../dist/tensorflow/target.js";
import { initialState } from "../dist/weights/initial.js";

const cases = [
  ["specs/camvid.yaml"],
  ["specs/camvid.yaml", "train.batch=16"],
  ["specs/camvid.yaml", "model.backbone.resnet=18", "train.batch=8", "train.crop=233"],
  ["specs/pspnet50-cityscapes.yaml", "train.crop=185", "train.batch=2"],
  ["specs/pspnet50-cityscapes.yaml", "train.crop=89", "train.batch=8"],
  ["specs/pspnet101-cityscapes.yaml", "train.crop=137", "train.batch=2"],
  ["specs/pspnet50-cityscapes.yaml", "train.crop=185", "train.batch=4"],
  [
    "specs/pspnet50-cityscapes.yaml",
    "train.crop=185",
    "train.batch=4",
    "train.memory.recompute=blocks",
  ],
  [
    "specs/pspnet50-cityscapes.yaml",
    "train.crop=185",
    "train.batch=4",
    "train.memory.recompute=stages",
  ],
  [
    "specs/pspnet50-cityscapes.yaml",
    "train.crop=185",
    "train.batch=4",
    "train.memory.budget=1900MiB",
  ],
  ["specs/pspnet50-ade20k.yaml", "train.batch=2"],
  ["specs/pspnet50-ade20k.yaml", "train.batch=2", "train.memory.recompute=blocks"],
  [
    "specs/pspnet50-ade20k.yaml",
    "train.batch=2",
    "train.memory.recompute=blocks",
    "train.loss.strips=8",
  ],
  ["specs/pspnet50-ade20k.yaml", "train.batch=2", "train.loss.strips=8"],
];

/** @param {readonly string[]} words */
const measure = async ([entry = "", ...overrides]) => {
  const read = (/** @type {string} */ path) => either.right(readFileSync(path, "utf8"));
  const { result } = checkStill({ cwd: process.cwd(), read })({ entry, overrides });
  if (either.isLeft(result)) throw new Error(`${entry} is wrong: \`pspc check\` says why`);
  const program = lower(result.right.experiment);
  const kernels = trainingKernels(program.experiment, plainCpu);
  const { model, variables } = modelFor(program, { train: true }, kernels);
  const session = await openSession(model, "cpu");
  // In a function of its own, so that nothing here still holds the values.
  (() => session.write(initialState(variables, 0)))();
  collectGarbage();
  const { batch, crop } = program.experiment.train;
  const pixels = batch * crop[0] * crop[1];
  const bytes = (/** @type {number} */ n, /** @type {number} */ below) =>
    Uint8Array.from({ length: n }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 20) % below);
  const given = {
    images: bytes(pixels * 3, 256),
    labels: bytes(pixels, program.experiment.data.classes.length),
    rate: 0,
  };
  for (let step = 0; step < 3; step++) session.run("train", given);
  const [, peak] = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return {
    estimate: sizesOn()(program.training, isFrugal(program.experiment)).total,
    peak: Number(peak) * 1024,
  };
};

const [first, ...rest] = process.argv.slice(2);
if (first === "--one") console.log(JSON.stringify(await measure(rest)));
else {
  const mebibytes = (/** @type {number} */ n) => Math.round(n / 2 ** 20).toLocaleString("en");
  console.log("| spec | estimate, MiB | measured, MiB | off by |\n| --- | --: | --: | --: |");
  for (const words of first === undefined ? cases : [[first, ...rest]]) {
    const answer = execFileSync(
      process.execPath,
      [fileURLToPath(import.meta.url), "--one", ...words],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    );
    /** @type {{ estimate: number, peak: number }} */
    const { estimate, peak } = JSON.parse(answer);
    const off = `${(100 * (estimate / peak - 1)).toFixed(1)} %`;
    console.log(
      `| \`${words.join(" ")}\` | ${mebibytes(estimate)} | ${mebibytes(peak)} | ${off} |`,
    );
  }
}
