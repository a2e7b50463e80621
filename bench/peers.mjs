// @ts-check
/**
 * pspc beside PyTorch, onnxruntime and stock tfjs: `npm run bench [-- --short --task TASK --sides NAME,… CASE …]`. Each
 * side is a process of its own that does one step when asked, in turns with the others. All cases write the tables of
 * docs/performance.md anew, between their marks; any choice among them only prints. `--results FILE` keeps each case as
 * it is measured: called again, the bench goes on where it was cut off. PSPC_TORCH names folders of Python packages.
 */

import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { refill } from "../scripts/marks.mjs";
import { sides } from "./cases.mjs";
import { goalTable } from "./goals.mjs";
import { machine, packages } from "./machine.mjs";
import { limits, measure } from "./measure.mjs";
import { orderOf } from "./order.mjs";
import { facts, gaps, table } from "./tables.mjs";

const page = "docs/performance.md";
const tell = (/** @type {string} */ text) => console.error(text);

const { whole, seconds, results, runs } = orderOf(process.argv.slice(2));
const wheels = [...new Set(Object.values(sides).flatMap((side) => side.wheels ?? []))];
const found = packages(wheels);
const limit = await limits(found);
/** @type {import("./measure.mjs").Measured[]} */
const kept =
  results && existsSync(results)
    ? readFileSync(results, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
const all = [];
for (const run of runs) {
  const known = kept.find(({ title, task }) => title === run.title && task === run.task);
  const measured = known ?? (await measure(run, { found, seconds, tell }));
  if (results && !known) appendFileSync(results, `${JSON.stringify(measured)}\n`);
  all.push(measured);
}

const absent = wheels.filter((wheel) => !(wheel in found));
/** @type {Readonly<Record<string, string>>} */
const text = {
  machine: facts(machine(), found, limit),
  gaps: gaps(absent, all),
  goals: goalTable(all),
  train: table(all, "train"),
  infer: table(all, "infer"),
};
console.log(Object.values(text).filter(Boolean).join("\n\n"));
if (whole) {
  const old = readFileSync(page, "utf8");
  writeFileSync(
    page,
    refill(old, "bench", (name) => text[name]),
  );
}
