// @ts-check
/**
 * What the choice of forms loses: `npm run bench:forms [-- SPEC key=value …]`. Every form of every layer of four networks
 * is measured by the processor's time, and a table leaves: how much more the layers take than in the fastest forms, all
 * in TensorFlow's own kernels, by typical speeds, and by the speeds that are measured now. `--keep FILE` goes on.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { evaluationStep } from "../dist/plan/inference.js";
import { alone } from "../dist/rewrite/forms.js";
import { calibrate } from "../dist/run/calibrate.js";
import { kernelsHere } from "../dist/run/kernels.js";
import { quantile } from "../dist/run/timing.js";
import { layersOf, tune } from "../dist/run/tune.js";
import { form } from "../dist/tensorflow/machine.js";
import { typical } from "../dist/tensorflow/speeds.js";
import { lower } from "../dist/tensorflow/target.js";
import { experimentOf } from "./compiled.mjs";

const networks = [
  ["specs/camvid.yaml"],
  ["specs/camvid.yaml", "train.precision=bf16"],
  ["specs/pspnet50-cityscapes.yaml", "train.crop=185", "train.batch=2"],
  ["specs/pspnet50-cityscapes.yaml", "train.crop=185", "train.batch=2", "train.precision=bf16"],
  ["specs/camvid.yaml", "model.backbone.resnet=18", "train.batch=8", "train.crop=233"],
];

const words = process.argv.slice(2);
const at = words.indexOf("--keep");
const [, file] = at < 0 ? [] : words.splice(at, 2);
/** Milliseconds of each form, by layer. @type {Record<string, Record<string, number>>} */
const known = file && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};

const clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Of one layer, the lower quartile of each form. @param {import("../src/run/tune.js").Found} layer */
const measure = async (layer) => {
  const events = tune([layer], "cpu", undefined, clock);
  for (;;) {
    const { done, value } = await events.next();
    if (!done) continue;
    const forms = [...(value[0]?.rounds ?? [])];
    return Object.fromEntries(forms.map(([name, taken]) => [name, quantile(taken, 0.25)]));
  }
};

const { machine: here } = kernelsHere("cpu");
const { speeds } = await calibrate("cpu", { clock });
const ways = { AVX2: typical.AVX2, "AVX-512": typical["AVX-512"], "measured now": speeds };
console.log("| layers of | native | by speeds typical of AVX2 | of AVX-512 | measured now |");
console.log("| --- | --: | --: | --: | --: |");
for (const [entry = "", ...overrides] of words.length > 0 ? [words] : networks) {
  const experiment = experimentOf(entry, overrides);
  const [height, width] = experiment.train.crop;
  const layers = layersOf({
    training: [lower(experiment).training],
    asked: [evaluationStep(experiment, height, width)],
  });
  const sums = { best: 0, native: 0, AVX2: 0, "AVX-512": 0, "measured now": 0 };
  for (const each of layers) {
    const ms = known[each.name] ?? (await measure(each));
    known[each.name] = ms;
    if (file) writeFileSync(file, JSON.stringify(known));
    const of = (/** @type {string} */ name) => each.times * (ms[name] ?? Number.NaN);
    sums.best += each.times * Math.min(...Object.values(ms));
    sums.native += of("native");
    for (const way of /** @type {const} */ (["AVX2", "AVX-512", "measured now"])) {
      const machine = { ...here, speeds: ways[way] };
      sums[way] += of(form(alone(each.layer), { machine, settled: each.isSettled }));
    }
  }
  const lost = (/** @type {number} */ sum) => `${(100 * (sum / sums.best - 1)).toFixed(1)} %`;
  const { best, ...others } = sums;
  console.log(
    `| \`${[entry, ...overrides].join(" ")}\` | ${Object.values(others).map(lost).join(" | ")} |`,
  );
}
