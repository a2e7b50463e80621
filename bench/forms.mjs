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
import { lower } from "../dist/tensorflow/target.js";
import { typical } from "../dist/tensorflow/typical-speeds.js";
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
/** @typedef {Readonly<Record<string, import("../src/tensorflow/speeds.js").Speeds>>} Ways */
const ways = /** @type {Ways} */ (/** @type {unknown} */ ({ ...typical, "measured now": speeds }));
const named = Object.keys(ways).map((name) => (name in typical ? `typical of ${name}` : name));
console.log(`| layers of | native | ${named.join(" | ")} |`);
console.log(`| --- | ${["", ...named].map(() => "--:").join(" | ")} |`);
for (const [entry = "", ...overrides] of words.length > 0 ? [words] : networks) {
  const experiment = experimentOf(entry, overrides);
  const [height, width] = experiment.train.crop;
  const layers = layersOf({
    training: [lower(experiment).training],
    asked: [evaluationStep(experiment, height, width)],
  });
  let best = 0;
  const sums = new Map(["native", ...Object.keys(ways)].map((way) => [way, 0]));
  for (const each of layers) {
    const ms = known[each.name] ?? (await measure(each));
    known[each.name] = ms;
    if (file) writeFileSync(file, JSON.stringify(known));
    const add = (/** @type {string} */ way, /** @type {string} */ form) =>
      sums.set(way, (sums.get(way) ?? 0) + each.times * (ms[form] ?? Number.NaN));
    best += each.times * Math.min(...Object.values(ms));
    add("native", "native");
    for (const [way, known] of Object.entries(ways)) {
      const machine = { ...here, speeds: known };
      add(way, form(alone(each.layer), { machine, settled: each.isSettled }));
    }
  }
  const lost = (/** @type {number} */ sum) => `${(100 * (sum / best - 1)).toFixed(1)} %`;
  console.log(
    `| \`${[entry, ...overrides].join(" ")}\` | ${[...sums.values()].map(lost).join(" | ")} |`,
  );
}
