// @ts-check
/**
 * pspc beside PyTorch, onnxruntime and stock tfjs: `npm run bench [-- --short] [CASE …]`. Each side is a process of its
 * own that does one step when asked, in turns with the others. All cases write the tables of docs/performance.md anew,
 * between their marks; some cases, or the short form of one, only print. PSPC_TORCH names folders of Python packages.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { refill } from "../scripts/marks.mjs";
import { cases, sides } from "./cases.mjs";
import { goalTable } from "./goals.mjs";
import { machine, packages } from "./machine.mjs";
import { limits, measure } from "./measure.mjs";
import { facts, gaps, table } from "./tables.mjs";

const page = "docs/performance.md";

const { values, positionals } = parseArgs({
  options: { short: { type: "boolean", default: false } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => cases.every((each) => each.name !== name));
if (unknown !== undefined) {
  const names = cases.map(({ name }) => name).join(", ");
  throw new Error(`there is no case ${unknown}; there are ${names}`);
}
const whole = !values.short && positionals.length === 0;
const chosen = cases.filter(({ name, asked }) =>
  positionals.length > 0 ? positionals.includes(name) : values.short ? name === "camvid" : !asked,
);

const wheels = [...new Set(Object.values(sides).flatMap((side) => side.wheels ?? []))];
const found = packages(wheels);
const tell = (/** @type {string} */ text) => console.error(text);
const order = { found, tell, seconds: values.short ? 5 : 20 };

const limit = await limits(found);
const all = [];
for (const of of chosen)
  for (const task of /** @type {const} */ (["train", "infer"])) {
    if (of[task] === undefined) continue;
    tell(`${of.title}, ${task}`);
    all.push(await measure(of, task, order));
  }

/** @type {Readonly<Record<string, string>>} */
const text = {
  machine: facts(machine(), found, limit),
  goals: goalTable(all),
  train: table(all, "train"),
  infer: table(all, "infer"),
  gaps: gaps(
    wheels.filter((wheel) => !(wheel in found)),
    all,
  ),
};
console.log(Object.values(text).filter(Boolean).join("\n\n"));
if (whole)
  writeFileSync(
    page,
    refill(readFileSync(page, "utf8"), "bench", (name) => text[name]),
  );
