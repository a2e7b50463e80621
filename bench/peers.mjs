// @ts-check
/**
 * pspc beside PyTorch, onnxruntime and stock tfjs: `npm run bench [-- --short --task TASK --sides NAME,… CASE …]`. Each
 * side is a process of its own that does one step when asked, in turns with the others. All cases write the tables of
 * docs/performance.md anew, between their marks; any choice among them only prints. PSPC_TORCH names folders of Python
 * packages.
 */

import { readFileSync, writeFileSync } from "node:fs";
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

const { whole, seconds, runs } = orderOf(process.argv.slice(2));
const wheels = [...new Set(Object.values(sides).flatMap((side) => side.wheels ?? []))];
const found = packages(wheels);
const limit = await limits(found);
const all = [];
for (const run of runs) all.push(await measure(run, { found, seconds, tell }));

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
